import { assert, assertEquals, assertRejects } from "@std/assert";
import { InterruptedError } from "../commands/cli/interrupt.ts";
import type { Session } from "../commands/recipes/recipe.ts";
import { saveFinalSamples, writeSamples } from "../commands/recipes/samples.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { inFolder } from "./_command.ts";

const tokenizer = CharTokenizer.fromText("\nabcdefghijklmnop"), backend = new CpuBackend();
const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize, contextLength: 16 });
initialize(backend, model, 1);

/** The end of a run of this seed, what it saves, and what it reports. */
function endOfRun({ seed = 1, stopsAfter = Infinity, fails = false } = {}) {
  const files: Record<string, string> = {}, progress: number[] = [];
  const run = { step: 3, backend, settings: { seed, steps: 9 } };
  const session = {
    run,
    folder: {
      addFile(name: string, text: string) {
        if (fails) return Promise.reject(new Error("the disk is full"));
        files[name] = text;
        return Promise.resolve();
      },
    },
    interrupt: {
      throwIfInterrupted() {
        if (progress.length >= stopsAfter) throw new InterruptedError(130);
      },
    },
    progress: { advance: (_: string, done: number, total: number) => void progress.push(done / total) },
  };
  return { session: session as unknown as Session, files, progress };
}

Deno.test("the end of a run saves texts at three temperatures, the same for the same seed", async () => {
  const texts = [];
  for (const seed of [1, 1, 2]) {
    const { session, files, progress } = endOfRun({ seed });
    await saveFinalSamples(session, model, tokenizer, "abc");
    assertEquals(Object.keys(files), ["sample_generation.txt"]);
    assertEquals(progress.at(-1), 1);
    texts.push(files["sample_generation.txt"]);
  }
  assertEquals(texts[0], texts[1]);
  assert(texts[0] !== texts[2].replaceAll("seed 2", "seed 1"));
  const [first, ...sections] = texts[0].split(/^(?=--- )/m);
  assertEquals(first, "step 3 of 9\n\n");
  assertEquals(
    sections.map((section) => section.split("\n")[0]),
    [0.5, 0.8, 1.2].map((t) => `--- temperature ${t}, top_k 0, top_p 1, seed 1, sample 1 of 1 ---`),
  );
  assert(sections.every((section) => section.includes("---\nabc") && section.length > 200));
  const { session, files } = endOfRun();
  await saveFinalSamples(session, model, tokenizer);
  assert(
    files["sample_generation.txt"].includes("---\n\n"),
    "without a prompt they begin with an empty line",
  );
});

Deno.test("a signal ends the sampling at the end of a run; a full disk is told and ends nothing", async () => {
  const { session, files, progress } = endOfRun({ stopsAfter: 2 });
  await assertRejects(() => saveFinalSamples(session, model, tokenizer), InterruptedError);
  assertEquals([files, progress.length], [{}, 2]);

  const { error } = console, said: string[] = [];
  try {
    console.error = (line: string) => said.push(line);
    await saveFinalSamples(endOfRun({ fails: true }).session, model, tokenizer);
  } finally {
    console.error = error;
  }
  assertEquals(said, ["No samples at several temperatures were saved: the disk is full"]);
});

Deno.test("texts for a file are saved there as they are, and their tokens counted", () =>
  inFolder(async (folder) => {
    const options = { prompt: "ab", samples: 2, temperatures: [0, 1], maxNewTokens: 5, seed: 1 };
    const out = `${folder}/new/texts.txt`;
    assertEquals(await writeSamples(backend, model, tokenizer, options, out), 20);
    const text = await Deno.readTextFile(out);
    const heads = [
      ...text.matchAll(/^--- temperature (\d), top_k 0, top_p 1, seed 1, sample (\d) of 2 ---\nab/gm),
    ];
    assertEquals(heads.map(([, t, n]) => [t, n]), [["0", "1"], ["0", "2"], ["1", "1"], ["1", "2"]]);
    assertEquals(text.split("\n\n---").length, 4);
    const one = { ...options, temperatures: [1], samples: 1 };
    assertEquals(await writeSamples(backend, model, tokenizer, one, out), 5);
    assertEquals((await Deno.readTextFile(out)).match(/^--- /gm)?.length, 1);
  }));
