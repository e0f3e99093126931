import { assert, assertEquals, assertMatch } from "@std/assert";
import { CpuBackend } from "../mod.ts";
import { choicesOf } from "../page/choices.ts";
import type { ToWorker } from "../page/protocol.ts";
import { inFolder, story, succeed, words } from "./_command.ts";
import { filesIn, page, shelf } from "./_page_files.ts";

const device: ToWorker = { kind: "device", device: "wasm" };
const wasm = "--device wasm --threads 1";

/** The records of a run, without the time that they took. */
const recordsOf = async (run: string) =>
  (await Deno.readTextFile(`${run}/metrics.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));

const runs: Record<string, string> = {
  "byte pairs, two batches a step and SGD":
    "--tokenizer bpe --vocab-size 300 --accumulation 2 --optimizer sgd --momentum 0.5",
  "a masked model of lines": "--objective mlm --tokenizer bpe --vocab-size 300 --lines --mask-rate 0.3",
  "epochs": "--validation-fraction 0.2 --evaluation-interval epoch --batch-size 64",
};

for (const [name, flags] of Object.entries(runs)) {
  Deno.test(`a run of deno task train is resumed to the bits of its own resume: ${name}`, () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
      await succeed(
        words(
          `train --data story.txt ${wasm} --steps 12 --stop-after 7 --name begun --context-length 32 ${flags}`,
        ),
        { cwd },
      );
      const files = filesIn(`${cwd}/runs/begun`);
      const text = { path: "story.txt", blob: new Blob([await Deno.readFile(`${cwd}/story.txt`)]) };
      await succeed(words(`train --resume runs/begun ${wasm}`), { cwd });
      const kept = shelf(), { send, last, losses, answers } = page(kept);
      await send(device, { kind: "open", files });
      assertEquals(last("opened")!.name, "begun");
      assertEquals(last("resumable"), {
        kind: "resumable",
        about: "It has been trained for 7 of 12 steps on story.txt. To resume, choose that text.",
        needs: "text",
      });
      await send({ kind: "supply", file: { ...text, blob: new Blob(["another text"]) } });
      assertMatch(
        last("failed")!.message,
        /^story.txt is not the text that the run was trained on \(story.txt as it/,
      );
      await send({ kind: "supply", file: text });
      assertEquals(last("resumable")!.needs, "nothing");
      await send({ kind: "resume" });
      assertEquals(last("state")!.state, "paused");
      assertEquals(losses().length, 7);
      await send({ kind: "step" });
      const later = page(kept); // as after a reload
      await later.send({ kind: "find" });
      assertEquals(later.last("found"), { kind: "found", own: true, step: 8, steps: 12 });
      await later.send({ kind: "restore" }, { kind: "run" });
      await send({ kind: "run" });
      assertEquals(later.losses(), losses());
      const records = await recordsOf(`${cwd}/runs/begun`);
      assertEquals(losses(), records.map(({ step, loss }) => ({ step, loss })));
      const validated = records.filter(({ validationLoss }) => validationLoss !== undefined);
      assertEquals(
        answers.flatMap((answer) => answer.kind === "validated" ? [[answer.step, answer.loss]] : []),
        validated.map(({ step, validationLoss }) => [step, validationLoss]),
      );
      await send({ kind: "pack" });
      const again = page();
      const { zip } = last("packed")!;
      await again.send(device, { kind: "open", files: [{ path: "run.zip", blob: zip }] });
      assertEquals(
        again.last("resumable")!.about,
        "Its training cannot be resumed here: it has done all of its 12 steps.",
      );
      const { "model.safetensors": ours } = await unpacked(zip);
      assertEquals(ours, await Deno.readFile(`${cwd}/runs/begun/last/model.safetensors`));
      for (const one of [again, later]) await one.send({ kind: "reset" });
      await send({ kind: "reset" });
    }));
}

/** The files of the checkpoint in a zip. */
async function unpacked(zip: Blob): Promise<Record<string, Uint8Array>> {
  const { unzipSync } = await import("npm:fflate@0.8.3");
  return Object.fromEntries(
    Object.entries(unzipSync(await zip.bytes())).map((
      [path, content],
    ) => [path.replace(/.*\//, ""), content]),
  );
}

Deno.test("a run on the tales needs no text, writes as deno task generate and is looked at as its best checkpoint", () =>
  inFolder(async (cwd) => {
    const sizes = "--layers 1 --model-dim 16 --context-length 32 --batch-size 8";
    await succeed(words(`train ${wasm} ${sizes} --steps 20 --stop-after 15 --name tales`), { cwd });
    const { send, last, generate } = page();
    await send(device, { kind: "open", files: filesIn(`${cwd}/runs/tales`) });
    const { needs, about } = last("resumable")!;
    assertEquals([needs, about], ["nothing", "It has been trained for 15 of 20 steps on the tales."]);
    const printed = await succeed(
      words(`generate --checkpoint runs/tales --device wasm --seed 3 --max-new-tokens 400 --prompt Once`),
      { cwd },
    );
    assertEquals((await generate("Once", 3)).trimEnd(), printed.trimEnd());
    assertEquals(last("state")!.state, "opened");
    const { best } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/tales/last/training_state.json`));
    assertEquals(last("opened")!.step, best.step);
    assertEquals(last("skills")!.rows.at(-1)!.skill, "all");
    await send({ kind: "surprise", text: "Mia had a kite." });
    assertEquals(last("surprise")!.tokens.map(({ text }) => text).join(""), "Mia had a kite.");
    await send({ kind: "reset" });
  }));

Deno.test("the zip of the page is opened and its run resumed with the bits of one that never left it", async () => {
  const choices = { ...choicesOf("short-text"), modelDim: 16, contextLength: 16, batchSize: 2, steps: 30 };
  const text: ToWorker = { kind: "text", text: story(100) }, whole = page(), part = page(), next = page();
  await whole.send(device, text, { kind: "begin", choices });
  await part.send(device, text);
  const training = part.trainer.receive({ kind: "begin", choices });
  part.trainer.receive({ kind: "pause" });
  await training;
  await part.send({ kind: "step" }, { kind: "step" }, { kind: "pack" });
  const { zip: blob, name } = part.last("packed")!, zip = { path: `${name}.zip`, blob };
  await next.send(device, { kind: "open", files: [zip] }, { kind: "resume" }, { kind: "run" });
  assertEquals(next.losses(), whole.losses());
  assertEquals(next.last("sample"), whole.last("sample"));
  assertEquals(next.last("surprise"), whole.last("surprise"));
  for (const one of [whole, part, next]) await one.send({ kind: "reset" });
});

Deno.test("a run that cannot be resumed here is opened all the same, with the reason", async () => {
  const { send, last, answers } = page();
  const choices = { ...choicesOf("short-text"), modelDim: 16, contextLength: 16, batchSize: 2, steps: 3 };
  await send(device, { kind: "text", text: story(100) }, { kind: "begin", choices }, { kind: "pack" });
  const files = await unpacked(last("packed")!.zip), { "training_state.json": bytes } = files;
  const { sha256: _, ...state } = JSON.parse(new TextDecoder().decode(bytes));
  const { settings, source } = state, going = { ...state, step: 2 };
  const cases: [object, string][] = [
    [{ command: "finetune" }, "it was trained by deno task finetune, which resumes it"],
    [
      { source: { ...source, data: ["a", "b"] } },
      "it was trained on several files; resume it with deno task train --resume",
    ],
    [{ source: undefined }, "its training_state.json does not say which text it was trained on"],
    [{ source: { ...source, data: [] } }, "it was trained on the tales of another version of Miniformer"],
    [
      { settings: { ...settings, patience: 3 } },
      "it was trained with --patience; resume it with deno task train --resume",
    ],
    [
      { settings: { ...settings, batchSize: "2" } },
      'its training_state.json has the wrong setting batchSize: "2"',
    ],
    [
      { settings: { ...settings, batchSize: undefined } },
      "its training_state.json lacks the setting batchSize",
    ],
    [
      { settings: { ...settings, schedule: "kosine" } },
      'its training_state.json has the wrong setting schedule: "kosine"',
    ],
    [
      { settings: { ...settings, optimizer: "lion" } },
      'Cannot optimize with "lion": expected one of adamw, sgd',
    ],
    [{ step: -1 }, "training_state.json: step is -1, expected an integer of 0 or more"],
    [state.step === 3 ? { step: 3 } : {}, "it has done all of its 3 steps"],
  ];
  await send({ kind: "reset" });
  const withState = (change: object) =>
    Object.entries({ ...files, "training_state.json": JSON.stringify({ ...going, ...change }) })
      .map(([name, content]) => ({
        path: name === "text.txt" ? `run/${name}` : `run/last/${name}`,
        blob: new Blob([content as BlobPart]),
      }));
  for (const [change, why] of cases) {
    await send({ kind: "open", files: withState(change) });
    assertEquals(last("resumable"), {
      kind: "resumable",
      about: `Its training cannot be resumed here: ${why}.`,
    });
  }
  assertEquals(answers.some(({ kind }) => kind === "failed"), false);
  const other: [object, string][] = [
    [
      { tokenizerFingerprint: "0" },
      "Cannot resume run: its tokenizer.json is not the tokenizer it was trained with",
    ],
    [
      { settings: { ...settings, heads: 2 } },
      "Cannot resume run: config.json says that heads is 4, the run was started with 2",
    ],
    [
      { settings: { ...settings, optimizer: "sgd" } },
      "Cannot resume run: optimizer.safetensors: adamw wrote it (it holds mean, square), " +
      "but this run uses sgd (velocity): resume with the optimizer that the run was started with",
    ],
  ];
  for (const [change, message] of other) {
    await send({ kind: "open", files: withState(change) }, { kind: "resume" });
    assertEquals(last("failed")!.message, message);
    assertEquals(answers.at(-2), { kind: "state", state: "opened" });
  }
  await send({ kind: "open", files: withState({}) }, { kind: "resume" });
  assertEquals(answers.filter(({ kind }) => kind === "state").at(-1), { kind: "state", state: "paused" });
  await send({ kind: "reset" });
});

Deno.test("what cannot be opened is refused in one line, and what was there stays", async () => {
  const { send, last, answers, generate } = page(), root = new URL("..", import.meta.url).pathname;
  const tales = filesIn(`${root}pretrained/tales`);
  await send(device, { kind: "open", files: tales });
  assertEquals(last("resumable"), undefined); // a model without what training needs
  const before = await generate("Once", 1);
  const without = (name: string) => tales.filter(({ path }) => !path.endsWith(`/${name}`));
  const replaced = (name: string, content: BlobPart) => [
    ...without(name).filter(({ path }) => !path.endsWith("training_state.json")),
    { path: `tales/${name}`, blob: new Blob([content]) },
  ];
  const zip = (content: BlobPart) => [{ path: "model.zip", blob: new Blob([content]) }];
  const weights = await tales.find(({ path }) => path.endsWith("model.safetensors"))!.blob.bytes();
  const config = await tales.find(({ path }) => path.endsWith("/config.json"))!.blob.text();
  const cases: [ToWorker & { kind: "open" }, RegExp][] = [
    [
      replaced("model.safetensors", weights.slice(0, 9_000)),
      /^Cannot open tales: model\.safetensors: .* truncated; copy or download the folder again$/,
    ],
    [
      replaced("model.safetensors", "nonsense"),
      /^Cannot open tales: model\.safetensors: the header .*; copy or download the folder again$/,
    ],
    [
      without("config.json"),
      /^Cannot open tales: config\.json is missing: open the folder with all its files$/,
    ],
    [
      without("tokenizer.json"),
      /^Cannot open tales: the tokenizer \(tokenizer\.json, or vocab\.json and merges\.txt, or vocab\.txt\) is missing: open/,
    ],
    [
      replaced("config.json", config.replace('"gpt2"', '"llama"')),
      /^Cannot open tales: config\.json: model_type is "llama", expected /,
    ],
    [replaced("config.json", "{"), /^Cannot open tales: config\.json: /],
    [
      [{ path: "notes/a.md", blob: new Blob(["a"]) }],
      /^notes holds no model: open a folder that has config\.json, /,
    ],
    [
      [{ path: "model.safetensors", blob: new Blob([weights]) }],
      /^Cannot open model\.safetensors: config\.json is missing/,
    ],
    [zip("nonsense"), /^Cannot read model\.zip: it is damaged or not complete; download or pack it again$/],
    [
      [...tales, ...filesIn(`${root}pretrained/roberta`)].map(({ path, blob }) => ({
        path: `pretrained/${path}`,
        blob,
      })),
      /^pretrained holds 2 models \(pretrained\/tales, pretrained\/roberta …\): open the folder of one of them$/,
    ],
  ].map(([files, pattern]) => [{ kind: "open", files } as ToWorker & { kind: "open" }, pattern as RegExp]);
  for (const [message, pattern] of cases) {
    await send(message);
    assertMatch(last("failed")!.message, pattern);
    assert(!last("failed")!.message.includes("\n"));
    assertEquals(answers.at(-2), { kind: "state", state: "opened" });
  }
  const large = { path: "big/model.safetensors", blob: { size: 7e9 } as Blob };
  await send({ kind: "open", files: [large, { path: "big/config.json", blob: new Blob([config]) }] });
  assertEquals(
    last("failed")!.message,
    "Cannot open big: big/model.safetensors has 7000 MB, this page reads at most 600: open a smaller model",
  );
  assertEquals(await generate("Once", 1), before);
  await send({ kind: "reset" });
});

Deno.test("a model gives its memory back when another one is opened, or its run is resumed", async () => {
  const root = new URL("..", import.meta.url).pathname, { prototype } = CpuBackend, { free } = prototype;
  const first = page(), second = page(), device: ToWorker = { kind: "device", device: "cpu" };
  const choices = { ...choicesOf("short-text"), modelDim: 16, contextLength: 16, batchSize: 2, steps: 30 };
  await first.send(device, { kind: "text", text: story(100) });
  const training = first.trainer.receive({ kind: "begin", choices });
  first.trainer.receive({ kind: "pause" });
  await training;
  await first.send({ kind: "pack" });
  const { name, zip } = first.last("packed")!, freed: number[] = [];
  prototype.free = function (...tensors) {
    freed.push(tensors.length);
    free.call(this, ...tensors);
  };
  try {
    const tales: ToWorker = { kind: "open", files: filesIn(`${root}pretrained/tales`) };
    await second.send(device, tales);
    assertEquals(freed, []);
    await second.send({ kind: "open", files: [{ path: `${name}.zip`, blob: zip }] });
    assertEquals(freed, [2]);
    await second.send({ kind: "resume" });
    assertEquals(freed, [2, 2]);
  } finally {
    prototype.free = free;
  }
  await second.send({ kind: "step" });
  assertEquals(second.last("state"), { kind: "state", state: "paused" });
});
