/**
 * The package in `torch/` and `train --export-torch`. What needs Python runs where `python3`, or the interpreter that
 * MINIFORMER_PYTHON names, has torch and transformers, and is reported as ignored elsewhere. MINIFORMER_TORCH_STEPS is the
 * length of each third of a run, 4 unless given.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFolder } from "../files/folders.ts";
import { CHECKPOINT_FILES } from "../commands/files/own_names.ts";
import { checkSums } from "../checkpoints/sums.ts";
import { readTokenFile } from "../tokenizers/token_file.ts";
import { goldenValues } from "../torch/tests/golden_write.ts";
import { inFolder, miniformer, story, succeed, words } from "./_command.ts";

const python = Deno.env.get("MINIFORMER_PYTHON") ?? "python3";
const third = Number(Deno.env.get("MINIFORMER_TORCH_STEPS") ?? 4);
const environment = {
  PYTHONPATH: new URL("../torch", import.meta.url).pathname,
  PYTHONDONTWRITEBYTECODE: "1",
  OMP_NUM_THREADS: "1",
};

/** Runs Python in a folder. */
async function runPython(cwd: string, ...args: string[]) {
  const options = { args, cwd, env: environment, stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await new Deno.Command(python, options).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function succeedInPython(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runPython(cwd, ...args);
  if (code !== 0) throw new Error(`python ${args.join(" ")}\nended with ${code}:\n${stderr}\n${stdout}`);
  return stdout;
}

const ready =
  "import torch, transformers, safetensors, tokenizers; print(int(transformers.__version__[0]) >= 5)";
const ignore = !await runPython(".", "-c", ready).then(({ stdout }) => stdout.includes("True"), () => false);

Deno.test("what the Python package must repeat is in golden.json", async () => {
  const text = await Deno.readTextFile(new URL("../torch/tests/golden.json", import.meta.url));
  assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(goldenValues())));
});

const tiny = words(
  "--context-length 18 --layers 2 --heads 2 --model-dim 16 --feed-forward-dim 64 --batch-size 3 --accumulation 3 " +
    `--warmup-steps 2 --learning-rate 0.005 --steps ${3 * third} --sample-interval ${
      3 * third
    } --device wasm ` +
    "--threads 1",
);

Deno.test("--export-torch puts the ids of a run beside its checkpoint and prints the command", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60));
    await succeed(words("train --data story.txt --stop-after 1").concat(tiny), { cwd });
    const printed = await succeed(["train", "--export-torch"], { cwd });
    assertStringIncludes(printed, "-m miniformer_torch continue runs/story");
    assertStringIncludes(printed, "deno task train --resume runs/story");
    const training = readTokenFile(await Deno.readFile(`${cwd}/runs/story/training.ids`));
    const validation = readTokenFile(await Deno.readFile(`${cwd}/runs/story/validation.ids`));
    assertEquals(training.ids.length + validation.ids.length, story(60).length);
    assertStringIncludes(printed, `its ${story(60).length} tokens`);

    await Deno.writeTextFile(`${cwd}/story.txt`, story(61));
    const { code, stderr } = await miniformer(["train", "--export-torch", "runs/story"], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "Cannot export runs/story to PyTorch: its texts are not those it was trained on",
    );
  }));

/** The records of a run by step. */
async function recordsOf(run: string): Promise<Map<number, Record<string, number>>> {
  const lines = (await Deno.readTextFile(`${run}/metrics.jsonl`)).split("\n").slice(0, -1); // the last may be half a line
  return new Map(lines.map((line) => JSON.parse(line)).map((record) => [record.step, record]));
}

/** Compares two runs step by step: every figure but the seconds agrees to 1e-5 of itself. */
async function assertSameRun(actual: string, expected: string, from = 1): Promise<void> {
  const [records, others] = [await recordsOf(actual), await recordsOf(expected)];
  assertEquals([...records.keys()], [...others.keys()].slice(from - 1));
  for (const [step, record] of records) {
    const { seconds: _, ...other } = others.get(step)!;
    assertEquals(Object.keys(record).filter((name) => name !== "seconds"), Object.keys(other));
    for (const [name, value] of Object.entries(other)) {
      const difference = Math.abs(record[name] - value) / Math.abs(value);
      assert(difference <= 1e-5, `step ${step}: ${name} is ${record[name]}, expected ${value}`);
    }
  }
}

const intervals = `--save-interval ${third} --evaluation-interval 2`;

const cases = {
  "gpt1, dropout": { flags: `--architecture gpt1 --dropout-rate 0.1 ${intervals}`, processes: [1, 2] },
  "gpt2, untied, epochs": {
    flags: "--architecture gpt2 --no-tied --evaluation-interval epoch --save-interval epoch --patience 9",
    processes: [3],
  },
  "gpt2, dropout": { flags: `--architecture gpt2 --dropout-rate 0.1 ${intervals}`, processes: [4] },
  "gpt2, sgd": { flags: `--architecture gpt2 --optimizer sgd ${intervals}`, processes: [2] },
  "roberta, dropout": { flags: `--objective mlm --dropout-rate 0.1 ${intervals}`, processes: [1, 2, 3] },
  "roberta, lines": {
    flags: `--objective mlm --lines --mask-rule fairseq --mask-rate 0.3 ${intervals}`,
    processes: [2],
  },
};

for (const [name, { flags, processes }] of Object.entries(cases)) {
  Deno.test(
    `a run goes to PyTorch and comes back: ${name} [python]`,
    { ignore },
    () =>
      inFolder(async (cwd) => {
        await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
        const line = words("train --data story.txt").concat(tiny, words(flags));
        await succeed([...line, "--name", "alone"], { cwd });
        await succeed([...line, "--name", "begun", "--stop-after", `${third}`], { cwd });
        await succeed(["train", "--export-torch", "runs/begun"], { cwd });
        for (const count of processes) {
          const run = `${cwd}/runs/${count}`;
          await copyRun(`${cwd}/runs/begun`, run);
          await succeedInPython(
            cwd,
            ...words(
              `-m torch.distributed.run --standalone --nproc_per_node ${count} -m miniformer_torch continue`,
            ),
            ...[run, "--exact", "--stop-after", `${2 * third}`],
          );
          await succeed(["train", "--resume", run, "--device", "wasm", "--threads", "1"], { cwd });
          await assertSameRun(run, `${cwd}/runs/alone`);
          const { sessions } = JSON.parse(await Deno.readTextFile(`${run}/run.json`));
          const firstSteps = sessions.map(({ firstStep }: { firstStep: number }) => firstStep);
          assertEquals(firstSteps, [0, third, 2 * third]);
          assertStringIncludes(sessions[1].device, `PyTorch 2`);
          const epochs = (run: string) =>
            Deno.readTextFile(`${run}/epochs.md`).catch(() => "none").then(rounded);
          assertEquals(await epochs(run), await epochs(`${cwd}/runs/alone`));
        }
      }),
  );
}

/** A table without its times. */
const rounded = (table: string) => table.replace(/\| [^|]*\|$/gm, "");

/** Copies the folder of a run. */
async function copyRun(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    await (isDirectory ? copyRun : Deno.copyFile)(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test(
  "a run that is begun in PyTorch, with weights drawn there, goes on here [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(60));
      const line = words("train --data story.txt --architecture gpt2 --dropout-rate 0.1 --name begun").concat(
        tiny,
      );
      await succeed([...line, "--stop-after", "0"], { cwd });
      await succeed(["train", "--export-torch", "runs/begun"], { cwd });
      const stopped = ["--fresh", "--exact", "--stop-after", `${third}`];
      await succeedInPython(cwd, "-m", "miniformer_torch", "continue", "runs/begun", ...stopped);
      await copyRun(`${cwd}/runs/begun`, `${cwd}/runs/there`);
      await succeedInPython(cwd, "-m", "miniformer_torch", "continue", "runs/there", "--exact");
      await succeed(["train", "--resume", "runs/begun", "--device", "wasm"], { cwd });
      await assertSameRun(`${cwd}/runs/begun`, `${cwd}/runs/there`);
      await succeed([...line.map((word) => word === "begun" ? "here" : word)], { cwd });
      assert(
        (await recordsOf(`${cwd}/runs/here`)).get(1)!.loss !==
          (await recordsOf(`${cwd}/runs/begun`)).get(1)!.loss,
      );
    }),
);

Deno.test(
  "a checkpoint that either side is killed over is read by the other [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
      await succeed(words("train --data story.txt --stop-after 1").concat(tiny), { cwd });
      const last = `${cwd}/runs/story/last`, folders = new URL("../files/", import.meta.url).href;
      const inPython = `
import itertools, pathlib
from miniformer_torch.checkpoint import finish_save, read_checkpoint, save_checkpoint
last = pathlib.Path("runs/story/last")
finish_save(last)
files, state = read_checkpoint(last)
for step in itertools.count(state["step"] + 1):
    save_checkpoint(last, files, {**state, "step": step})`;
      const inDeno = `
import { readFolder, saveFolder } from "${folders}folders.ts";
import { checkSums, withSums } from "${folders}sums.ts";
import { CHECKPOINT_FILES } from "${folders}folder_names.ts";
const files = await readFolder("runs/story/last", { names: CHECKPOINT_FILES });
await checkSums("last", files);
const state = JSON.parse(new TextDecoder().decode(files["training_state.json"]));
for (;;) {
  state.step++;
  await saveFolder("runs/story/last", withSums({ ...files, "training_state.json": JSON.stringify(state) }), { foreign: "keep" });
}`;
      await Deno.writeTextFile(`${cwd}/save.ts`, inDeno);
      const config = new URL("../deno.json", import.meta.url).pathname;
      let before = 1;
      for (let round = 0; round < 10; round++) {
        const [command, args] = round % 2 === 0
          ? [python, ["-c", inPython]]
          : [Deno.execPath(), ["run", "-A", "-q", "--no-check", "--no-lock", "--config", config, "save.ts"]];
        const saver = new Deno.Command(command, { args, cwd, env: environment, stderr: "piped" }).spawn();
        const begun = Date.now();
        const stepNow = async () => {
          const files = await readFolder(last, { names: CHECKPOINT_FILES });
          await checkSums(last, files);
          return JSON.parse(new TextDecoder().decode(files["training_state.json"])).step as number;
        };
        const output = saver.output();
        try {
          while (await stepNow() < before + 2 && Date.now() - begun < 60_000) { /* it is starting */ }
          await new Promise((resolve) => setTimeout(resolve, 7 * round));
          saver.kill("SIGKILL");
        } catch (error) {
          throw new Error(new TextDecoder().decode((await output).stderr), { cause: error });
        }
        const { stderr } = await output, now = await stepNow();
        assert(now >= before + 2, `step ${now}: ${new TextDecoder().decode(stderr)}`);
        before = now;
      }
    }),
);

Deno.test(
  "a run that is killed in PyTorch goes on here as if it had not been [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
      const line = words("train --data story.txt --save-interval 7 --evaluation-interval 10").concat(tiny);
      const steps = line.map((word, at) => line[at - 1] === "--steps" ? "300" : word);
      await succeed([...steps, "--name", "alone", "--stop-after", "60"], { cwd });
      await succeed([...steps, "--name", "killed", "--stop-after", "3"], { cwd });
      await succeed(["train", "--export-torch", "runs/killed"], { cwd });
      const args = words("-m miniformer_torch continue runs/killed --exact");
      const child = new Deno.Command(python, { args, cwd, env: environment, stdout: "null" }).spawn();
      const begun = Date.now();
      while (Date.now() - begun < 120_000 && (await recordsOf(`${cwd}/runs/killed`)).size < 25) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      child.kill("SIGKILL");
      await child.status;
      const { size } = await recordsOf(`${cwd}/runs/killed`);
      assert(size >= 25 && size < 55, `killed after step ${size}`);
      await succeed(words("train --resume runs/killed --device wasm --stop-after 60"), { cwd });
      await assertSameRun(`${cwd}/runs/killed`, `${cwd}/runs/alone`);
    }),
);

Deno.test(
  "in half precision, and in parts, a model trains much as in single precision [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
      await succeed(words("train --data story.txt --name begun --stop-after 1").concat(tiny), { cwd });
      await succeed(["train", "--export-torch", "runs/begun"], { cwd });
      const losses: number[] = [];
      for (const flags of ["--precision f32", "--precision bf16", "--precision f16", "--fsdp"]) {
        const run = `${cwd}/runs/${losses.length}`;
        await copyRun(`${cwd}/runs/begun`, run);
        const launcher = flags === "--fsdp"
          ? "-m torch.distributed.run --standalone --nproc_per_node 2 "
          : "";
        await succeedInPython(
          cwd,
          ...words(`${launcher}-m miniformer_torch continue ${run} --stop-after 3 ${flags}`),
        );
        losses.push((await recordsOf(run)).get(3)!.loss);
      }
      const [single, brain, half, parts] = losses;
      assert(Math.abs(brain - single) < 0.02 * single && brain !== single, `${losses}`);
      assert(Math.abs(half - single) < 0.005 * single && half !== single, `${losses}`);
      assert(Math.abs(parts - single) < 1e-5 * single, `${losses}`);
    }),
);

Deno.test(
  "what the Python package cannot use is refused in one line [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
      await succeed(words("train --data story.txt --stop-after 1").concat(tiny), { cwd });
      const refused = async (message: string, ...flags: string[]) => {
        const line = ["-m", "miniformer_torch", "continue", "runs/story", ...flags];
        const { code, stderr } = await runPython(cwd, ...line);
        assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
        assertStringIncludes(stderr, message);
      };
      await refused("runs/story: deno task train --export-torch runs/story has to prepare it first");
      await succeed(["train", "--export-torch"], { cwd });
      await refused("it has done 1 steps of 1; raise --stop-after or --steps", "--stop-after", "1");
      await refused("Cannot continue runs/story with fresh weights: it has done 1 steps", "--fresh");
      const table = `${cwd}/runs/story/torch.json`, tensors = await Deno.readTextFile(table);
      const damages = [
        "{",
        "[]",
        '{"tensors":{}}',
        tensors.replace("h.0.", "h.9."),
        tensors.replace("blocks", "bricks"),
      ];
      for (const damaged of damages) {
        await Deno.writeTextFile(table, damaged);
        await refused("Cannot use runs/story/torch.json: it is ");
      }
      await Deno.writeTextFile(table, tensors);
      const ids = `${cwd}/runs/story/training.ids`, kept = await Deno.readFile(ids);
      await Deno.writeFile(ids, new Uint8Array(0));
      await refused("Cannot read runs/story/training.ids: it is damaged");
      await Deno.writeFile(ids, kept);
      const records = `${cwd}/runs/story/metrics.jsonl`;
      await Deno.rename(records, `${records}.real`);
      await Deno.symlink("metrics.jsonl.real", records);
      await refused("runs/story/metrics.jsonl is not a file of its own");
      await Deno.remove(records);
      await Deno.rename(`${records}.real`, records);
      for (const flag of ["--steps", "--stop-after"]) {
        const { stderr } = await runPython(
          cwd,
          ...words(`-m miniformer_torch continue runs/story ${flag} 0`),
        );
        assertStringIncludes(stderr, `argument ${flag}: '0' is no whole number above 0`);
      }
      const path = `${cwd}/runs/story/last/model.safetensors`, bytes = await Deno.readFile(path);
      bytes[bytes.length - 1] ^= 1;
      await Deno.writeFile(path, bytes);
      await refused("runs/story/last: model.safetensors is not what was saved there");
      await Deno.rename(`${cwd}/runs/story/last`, `${cwd}/runs/story/first`);
      await refused("Cannot continue runs/story: it holds no run: expected last/");
      const entries = await Array.fromAsync(Deno.readDir(`${cwd}/runs/story/first`));
      assert(!entries.some(({ name }) => name === ".miniformer.lock"));
    }),
);

Deno.test(
  "a run ends there when its patience does or nobody reads its lines, and all of it is saved [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
      // WordPiece has one file more than other tokenizers
      await Deno.mkdir(`${cwd}/pieces`);
      const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ..."abcdefghijklmnopqrstuvwxyz.,"];
      const inner = [..."abcdefghijklmnopqrstuvwxyz"].map((letter) => `##${letter}`);
      await Deno.writeTextFile(`${cwd}/pieces/vocab.txt`, [...pieces, ...inner].join("\n") + "\n");
      const config = JSON.stringify({ tokenizer_class: "BertTokenizer" });
      await Deno.writeTextFile(`${cwd}/pieces/tokenizer_config.json`, config);
      const line = words(
        "train --data story.txt --tokenizer pieces --evaluation-interval 1 --patience 2 --stop-after 1",
      ).concat(tiny.map((word, at) =>
        tiny[at - 1] === "--learning-rate" ? "1" : tiny[at - 1] === "--steps" ? "5000" : word
      ));
      await succeed(line, { cwd });
      await succeed(["train", "--export-torch"], { cwd });
      await copyRun(`${cwd}/runs/story`, `${cwd}/runs/unread`);
      const reader = words(`-m miniformer_torch continue runs/unread --exact`).join(" ");
      const command = new Deno.Command("sh", {
        args: ["-c", `(${python} ${reader}; echo $? > status) | head -1`],
        cwd,
        env: environment,
      });
      await command.output();
      assertEquals(await Deno.readTextFile(`${cwd}/status`), "141\n");
      const unread = JSON.parse(await Deno.readTextFile(`${cwd}/runs/unread/last/training_state.json`));
      assertEquals(Math.max(...(await recordsOf(`${cwd}/runs/unread`)).keys()), unread.step);

      await succeedInPython(cwd, ...words("-m miniformer_torch continue runs/story --exact"));
      const { step } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/last/training_state.json`));
      assert(step < 5000, `ended at step ${step}`);
      const again = await runPython(cwd, ...words("-m miniformer_torch continue runs/story --exact"));
      assertStringIncludes(again.stderr, "Cannot continue runs/story: --patience 2 has stopped it");
      const here = await miniformer(words("train --resume runs/story --device wasm"), { cwd });
      assertStringIncludes(here.stderr, "--patience 2");
    }),
);
