/** `--precision` and `--save-dtype` of `train` and `finetune`, from the command line to the files. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readTensorEntries } from "../checkpoints/safetensors.ts";
import { editState, inFolder, metricsOf, miniformer, small, story, succeed } from "./_command.ts";
import { runPython } from "./_pipelines.ts";

const quick = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "20"];

const python = Deno.env.get("MINIFORMER_PYTHON") ?? "python3";
const ready = "import torch, transformers; print(int(transformers.__version__[0]) >= 5)";
const ignore = !await runPython(python, "-c", ready).then((printed) => printed.includes("True"), () => false);

/** The types in the weights of a checkpoint, and what its configuration says of them. */
async function typesOf(folder: string): Promise<[string[], unknown]> {
  const entries = readTensorEntries(await Deno.readFile(`${folder}/model.safetensors`));
  const { dtype } = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  return [[...new Set(entries.values().map((entry) => entry.dtype))], dtype];
}

async function runOf(cwd: string, name: string, ...flags: string[]): Promise<string> {
  await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
  return await succeed([...quick, "--name", name, ...flags], { cwd });
}

Deno.test("a run in half precision says what it skips once, keeps valid records, and its precision", () =>
  inFolder(async (cwd) => {
    await runOf(cwd, "half", "--precision", "f16", "--stop-after", "4");
    const state = `${cwd}/runs/half/last/training_state.json`;
    const { settings, lossScale } = JSON.parse(await Deno.readTextFile(state));
    assertEquals([settings.precision, lossScale], ["f16", { scale: 65536, steps: 4 }]);
    // a loss scale that exceeds half precision, as after many steps without a skip
    await editState(state, (state) => ({ ...state, lossScale: { scale: 2 ** 24, steps: 0 } }));
    const said = await succeed(["train", "--resume", "runs/half", "--device", "cpu"], { cwd });
    assertEquals(said.match(/gradients exceed f16/g)?.length, 1, said);
    const records = (await metricsOf(`${cwd}/runs/half`)).map((line) => JSON.parse(line));
    assertEquals(records.length, 20);
    const skipped = records.filter(({ skipped }) => skipped);
    assert(skipped.length > 1 && skipped.length < 12, `${skipped.length} skipped`);
    assertEquals(skipped[0].gradientNorm, 0);
    assertEquals(Object.hasOwn(records[0], "skipped"), false);
    const { code, stderr } = await miniformer(
      ["train", "--resume", "runs/half", "--steps", "30", "--precision", "f32", "--device", "cpu"],
      { cwd },
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--precision is f32, but the run was started with f16");
  }));

Deno.test("--save-dtype writes best/ in 16 bits, which is used but not resumed; last/ is resumed", () =>
  inFolder(async (cwd) => {
    for (const [type, dtype, torch] of [["f16", "F16", "float16"], ["bf16", "BF16", "bfloat16"]]) {
      await runOf(cwd, type, "--save_dtype", type, "--stop-after", "10");
      const run = `${cwd}/runs/${type}`;
      assertEquals(await typesOf(`${run}/best`), [[dtype], torch]);
      assertEquals(await typesOf(`${run}/last`), [["F32"], undefined]);
      const use = ["--prompt", "The", "--max-new-tokens", "5", "--device", "cpu"];
      await succeed(["generate", "--checkpoint", `runs/${type}/best`, ...use], { cwd });
      const { code, stderr } = await miniformer(
        ["train", "--resume", `runs/${type}/best`, "--steps", "30", "--device", "cpu"],
        { cwd },
      );
      assertEquals(code, 1);
      assertMatch(
        stderr,
        new RegExp(`model.safetensors: tensor .* is ${dtype}, and resuming needs F32, which last/`),
      );
      await succeed(["train", "--resume", `runs/${type}`, "--device", "cpu"], { cwd });
      assertEquals(await typesOf(`${run}/best`), [[dtype], torch]);
    }
  }));

Deno.test("finetune takes both", () =>
  inFolder(async (cwd) => {
    await runOf(cwd, "base");
    const texts = Array.from({ length: 24 }, (_, i) =>
      `The ${i % 2 ? "fox" : "cat"} sat\t${i % 2 ? "a" : "b"}\n`);
    await Deno.writeTextFile(`${cwd}/texts.tsv`, texts.join(""));
    await succeed(
      [
        ...[
          "finetune",
          "--checkpoint",
          "runs/base",
          "--data",
          "texts.tsv",
          "--epochs",
          "1",
          "--device",
          "cpu",
        ],
        ...["--precision", "f16", "--save-dtype", "f16", "--name", "classifier"],
      ],
      { cwd },
    );
    assertEquals(await typesOf(`${cwd}/runs/classifier/best`), [["F16"], "float16"]);
    const state = JSON.parse(await Deno.readTextFile(`${cwd}/runs/classifier/last/training_state.json`));
    assertEquals([state.settings.precision, state.settings.saveDtype], ["f16", "f16"]);
  }));

Deno.test(
  "transformers loads 16-bit weights, in the type that the configuration names [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      for (const [type, torch] of [["f16", "float16"], ["bf16", "bfloat16"]]) {
        await runOf(cwd, type, "--save-dtype", type);
        const said = await runPython(
          python,
          "-c",
          `import transformers
model = transformers.AutoModelForCausalLM.from_pretrained("${cwd}/runs/${type}/best", dtype="auto")
print(model.dtype, {str(parameter.dtype) for parameter in model.parameters()})`,
        );
        assertStringIncludes(said, `torch.${torch} {'torch.${torch}'}`);
      }
    }),
);
