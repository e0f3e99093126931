/** What the tests of pipelines share: the questions, what our commands answer, and small models of ours. */

import { assert, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { loadFolder } from "../files/mod.ts";
import type { FilledText } from "../inference/fill_mask.ts";
import { generate } from "../inference/generate.ts";
import { story, succeed, words } from "./_command.ts";

/** Runs Python, which must end with 0, and gives what it prints. */
export async function runPython(python: string, ...args: string[]): Promise<string> {
  const env = { PYTHONDONTWRITEBYTECODE: "1", OMP_NUM_THREADS: "1" };
  const options = { args, env, stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await new Deno.Command(python, options).output();
  if (code !== 0) {
    throw new Error(`python ${args[0]} ended with ${code}:\n${new TextDecoder().decode(stderr)}`);
  }
  return new TextDecoder().decode(stdout);
}

/** What a pipeline and a command are both asked. */
export interface Question {
  readonly task: "text-generation" | "fill-mask" | "text-classification";
  readonly folder: string;
  readonly input: string | { readonly text: string; readonly text_pair: string };
  /** Of a generated text, how many tokens. */
  readonly tokens?: number;
  /** The length that a longer text is cut to. */
  readonly length?: number;
}

/** The tokens of a context in all these folders. */
export const CONTEXT = 64;

const LONG = "The fox sat on the mat, and the dog sat on the log. ".repeat(8) + "The end";

/** Texts in which each tokenizer has something to do. */
const TEXTS = [
  "The fox",
  "Fußgänger 😀, naïve: 你好 👩‍👩‍👧 é",
  "  two  spaces,\n\tand a tab  ",
  "n'est-ce pas? 1234567",
];

export const generations = (folder: string, texts: readonly string[] = [...TEXTS, ".", " "]): Question[] =>
  texts.map((input) => ({ task: "text-generation", folder, input, tokens: 8 }));

const MASKED = [
  "The <mask> sat.",
  "<mask>",
  "<mask> fox sat",
  "a<mask>b <mask><mask> c  <mask>",
  "Fußgänger 😀 <mask>, naïve: 你好 👩‍👩‍👧",
  "a </s> in the\ntext <mask>\n",
];

export const fillings = (folder: string): Question[] => [
  ...MASKED.map((input) => ({ task: "fill-mask", folder, input }) as const),
  { task: "fill-mask", folder, input: `The <mask> sat. ${LONG}`, length: CONTEXT },
];

export const classifications = (folder: string): Question[] => [
  ...TEXTS.map((input) => ({ task: "text-classification", folder, input }) as const),
  { task: "text-classification", folder, input: LONG, length: CONTEXT },
];

/** What our command answers, and of a generated text the ids from the library. */
export async function ourAnswer(
  cwd: string,
  { task, folder, input, tokens, length }: Question,
): Promise<unknown> {
  const cut = length === undefined ? [] : ["--truncate"],
    text = typeof input === "string" ? input : input.text;
  const command = (name: string, ...flags: string[]) =>
    succeed([name, "--checkpoint", folder, ...flags, "--device", "cpu"], { cwd });
  if (task === "fill-mask") {
    const { masks } = JSON.parse(await command(task, "--text", text, "--json", ...cut));
    return masks.map(({ candidates }: Pick<FilledText["masks"][number], "candidates">) =>
      candidates.map(({ id, token, probability, text }) => ({
        ...{ token: id, token_str: token, score: probability },
        ...masks.length === 1 ? { sequence: text } : {},
      }))
    );
  }
  if (task === "text-classification") {
    const pair = typeof input === "string" ? [] : ["--pair", input.text_pair];
    const { texts } = JSON.parse(await command("classify", "--text", text, ...pair, "--json", ...cut));
    return texts[0].probabilities;
  }
  const printed = await command(
    "generate",
    "--prompt",
    text,
    "--temperature",
    "0",
    "--max-new-tokens",
    `${tokens}`,
  );
  const backend = new CpuBackend(),
    { model, tokenizer } = await loadFolder(folder, { backend, kind: "causal" });
  const prompt = tokenizer.encode(text), ids = [...prompt];
  const options = { prompt, maxNewTokens: tokens!, temperature: 0 };
  for await (const [part] of generate(backend, model, options)) ids.push(...part);
  const end = ids.indexOf(model.config.endId ?? -1, prompt.length);
  return { ids: end < 0 ? ids : ids.slice(0, end + 1), text: printed.slice(0, -1) };
}

/** Compares two answers; numbers may differ by 1e-5. */
function assertAgree(actual: unknown, expected: unknown, what: string): void {
  if (typeof expected === "number") {
    assert(Math.abs(actual as number - expected) <= 1e-5, `${what}: ${actual}, expected ${expected}`);
  } else if (typeof expected === "object" && expected !== null) {
    assertEquals(Object.keys(actual as object).length, Object.keys(expected).length, what);
    for (const [key, value] of Object.entries(expected)) {
      assertAgree((actual as Record<string, unknown>)[key], value, `${what}: ${key}`);
    }
  } else assertEquals(actual, expected, what);
}

/** Compares what others answer to questions with what our commands do. */
export async function assertSameAnswers(
  cwd: string,
  questions: readonly Question[],
  ask: (questions: string, answers: string) => Promise<unknown>,
): Promise<void> {
  await Deno.writeTextFile(`${cwd}/questions.json`, JSON.stringify(questions));
  await ask(`${cwd}/questions.json`, `${cwd}/answers.json`);
  const answers: unknown[] = JSON.parse(await Deno.readTextFile(`${cwd}/answers.json`));
  const failures: string[] = [];
  for (const [index, question] of questions.entries()) {
    try {
      assertAgree(await ourAnswer(cwd, question), answers[index], JSON.stringify(question));
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  assertEquals(failures, []);
}

/** Trains a small model of each kind, in runs/. */
export async function trainModels(cwd: string): Promise<void> {
  // many texts of one line, so that models learn how a text ends
  await Deno.mkdir(`${cwd}/lines`);
  const lines = story(60).trimEnd().split("\n");
  await Promise.all(
    lines.map((line, index) => Deno.writeTextFile(`${cwd}/lines/${100 + index}.txt`, line)),
  );
  await Deno.writeTextFile(`${cwd}/story.txt`, story(60) + "Fußgänger 😀, naïve: <é>\n".repeat(9));
  await Deno.writeTextFile(
    `${cwd}/labelled.tsv`,
    lines.map((line) => `${line}\t${line.slice(4, 7)}\n`).join(""),
  );
  const sizes =
    `--context-length ${CONTEXT} --layers 1 --heads 2 --model-dim 16 --batch-size 4 --learning-rate 0.02`;
  const train = (name: string, flags: string) =>
    succeed(words(`train --name ${name} ${flags} ${sizes} --device wasm --threads 1`), { cwd });
  const finetune = (name: string) =>
    succeed(
      words(
        `finetune --checkpoint runs/${name} --data labelled.tsv --epochs 2 --learning-rate 0.02 --device wasm --threads 1`,
      ),
      { cwd },
    );
  await train("chars", "--data story.txt --steps 40");
  await train("gpt2", "--data lines --tokenizer bpe --vocab-size 300 --steps 150");
  await train("gpt1", "--data lines --tokenizer bpe --vocab-size 300 --steps 40 --architecture gpt1");
  await train("roberta", "--objective mlm --data story.txt --tokenizer bpe --vocab-size 300 --steps 40");
  await train("roberta_chars", "--objective mlm --data story.txt --steps 40");
  for (const name of ["gpt2", "gpt1", "roberta", "roberta_chars"]) await finetune(name);
}
