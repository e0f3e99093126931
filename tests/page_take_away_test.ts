import { assertEquals, assertMatch } from "@std/assert";
import { unzipSync } from "npm:fflate@0.8.3";
import { choicesOf } from "../page/choices.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { FromWorker, ToWorker } from "../page/protocol.ts";
import { checkSums } from "../checkpoints/sums.ts";
import { inFolder, story, succeed, words } from "./_command.ts";

type Packed = FromWorker & { kind: "packed" };

/** What a trainer answers; it is sent `pause` when it has trained so many steps. */
async function packedAfter(pauseAt: number, ...messages: ToWorker[]) {
  const answers: FromWorker[] = [];
  const trainer: Trainer = new Trainer((message) => answers.push(message));
  const { begin, others } = { begin: messages.at(-1)!, others: messages.slice(0, -1) };
  for (const message of others) await trainer.receive(message);
  const training = trainer.receive(begin);
  trainer.receive({ kind: "pause" });
  await training;
  const stepNow = () => answers.findLast((answer) => answer.kind === "progress")?.losses.at(-1)?.step ?? 0;
  while (stepNow() < pauseAt) await trainer.receive({ kind: "step" });
  await trainer.receive({ kind: "pack" });
  const packed = answers.at(-1) as Packed;
  const generate = async (prompt: string, temperature: number, seed: number) => {
    const { length } = answers;
    await trainer.receive({ kind: "generate", prompt, temperature, seed });
    const pieces = answers.slice(length).flatMap((answer) =>
      answer.kind === "generated" ? [answer.piece] : []
    );
    return prompt + pieces.join("");
  };
  const send = async (message: ToWorker) => {
    await trainer.receive(message);
    return answers.at(-1);
  };
  return { trainer, packed, generate, send };
}

const unzip = async ({ zip }: Packed) => unzipSync(new Uint8Array(await zip.arrayBuffer()));

/** Unpacks a zip into `runs/` of a folder. */
async function unpack(cwd: string, packed: Packed): Promise<Record<string, Uint8Array>> {
  const files = await unzip(packed);
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(`${cwd}/runs/${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
    await Deno.writeFile(`${cwd}/runs/${path}`, content);
  }
  return files;
}

const LASTING = ["model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json"];
const text = story(200);
const device: ToWorker = { kind: "device", device: "wasm" };

for (const objective of ["causal", "mlm"] as const) {
  Deno.test(`a run of the page is resumed and ends as one that never left Deno, ${objective}`, () =>
    inFolder(async (cwd) => {
      const choices = { ...choicesOf(objective === "mlm" ? "roberta-short" : "short-text"), steps: 12 };
      const { packed, trainer } = await packedAfter(7, device, { kind: "text", text }, {
        kind: "begin",
        choices,
      });
      assertEquals(packed.name, "text-step-7");
      const files = await unpack(cwd, packed);
      assertEquals(Object.keys(files).filter((path) => !path.includes("/last/")), [
        "text-step-7/metrics.jsonl",
        "text-step-7/text.txt",
      ]);
      await Deno.writeTextFile(`${cwd}/story.txt`, text);
      const line = words(`train --objective ${objective} --device wasm --threads 1 --steps 12`);
      await succeed([...line, "--data", "story.txt", "--name", "whole"], { cwd });
      await succeed(words("train --resume runs/text-step-7 --device wasm --threads 1"), { cwd });
      const read = (run: string, name: string) => Deno.readFile(`${cwd}/runs/${run}/last/${name}`);
      for (const name of LASTING) {
        assertEquals(await read("text-step-7", name), await read("whole", name), name);
      }
      const stateOf = async (run: string) => {
        const { settings, textFingerprint, tokenizerFingerprint, epochLoss, step } = JSON.parse(
          new TextDecoder().decode(await read(run, "training_state.json")),
        );
        return JSON.stringify({ settings, textFingerprint, tokenizerFingerprint, epochLoss, step });
      };
      assertEquals(await stateOf("text-step-7"), await stateOf("whole"));
      const recordsOf = async (run: string) =>
        (await Deno.readTextFile(`${cwd}/runs/${run}/metrics.jsonl`)).trim().split("\n")
          .map((line) => ({ ...JSON.parse(line), seconds: 0 }));
      assertEquals(await recordsOf("text-step-7"), await recordsOf("whole"));
      await trainer.receive({ kind: "reset" });
    }));
}

Deno.test("a run whose learning rate was changed is resumed, and ends as on the page", () =>
  inFolder(async (cwd) => {
    const choices = { ...choicesOf("short-text"), steps: 12 },
      { packed, trainer, send } = await packedAfter(
        7,
        device,
        { kind: "text", text },
        { kind: "begin", choices },
      );
    await send({ kind: "rate", learningRate: 0.002 });
    const changed = await send({ kind: "pack" }) as Packed;
    const files = await unpack(cwd, changed),
      [before, { settings }] = [await unzip(packed), files].map((zip) =>
        JSON.parse(new TextDecoder().decode(zip["text-step-7/last/training_state.json"]))
      );
    assertEquals(settings, { ...before.settings, learningRate: 0.002 });
    await succeed(words("train --resume runs/text-step-7 --device wasm --threads 1"), { cwd });
    await send({ kind: "run" });
    const whole = await unzip(await send({ kind: "pack" }) as Packed);
    for (const name of LASTING) {
      assertEquals(
        await Deno.readFile(`${cwd}/runs/text-step-7/last/${name}`),
        whole[`text-step-12/last/${name}`],
      );
    }
    await trainer.receive({ kind: "reset" });
  }));

Deno.test("a run on the tales is packed without them, sealed, and generates the text of the page", () =>
  inFolder(async (cwd) => {
    const choices = { ...choicesOf("tiny"), steps: 3 };
    const { packed, generate, trainer } = await packedAfter(3, device, { kind: "text", text: null }, {
      kind: "begin",
      choices,
    });
    assertEquals(packed.commands, ["deno task generate --checkpoint runs/tales-step-3"]); // nothing is left to train
    const files = await unpack(cwd, packed), last: Record<string, Uint8Array<ArrayBuffer>> = {};
    for (const [path, bytes] of Object.entries(files)) {
      if (path.includes("/last/")) last[path.replace(/.*\//, "")] = bytes.slice();
    }
    const { "README.md": card, ...sealed } = last;
    await checkSums("here", sealed);
    assertMatch(
      new TextDecoder().decode(card),
      /^---\nlibrary_name: transformers\npipeline_tag: text-generation\n/,
    );
    const expected = await generate("Once there was", 0.8, 5);
    const line = words(
      "generate --checkpoint runs/tales-step-3 --device wasm --seed 5 --temperature 0.8 --max-new-tokens 400",
    );
    const stdout = await succeed([...line, "--prompt", "Once there was"], { cwd });
    assertEquals(stdout.trimEnd(), expected.trimEnd());
    await trainer.receive({ kind: "reset" });
  }));
