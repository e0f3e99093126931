/**
 * What classifiers reach on the held-out sentences of example_data: the majority, counted words, and ours from random
 * and from pretrained weights, for three seeds. `deno task bench:sentiment` runs the commands as a user would, all
 * seeds at the same time, and prints a table. Settings were chosen on a fifth of the training sentences (see LOG.md); the
 * checkpoint that is measured is the last one, since the best one is chosen by the held-out sentences.
 *
 *     deno task bench:sentiment                       the sentences of example_data
 *     deno task bench:sentiment train.tsv dev.tsv     README's recipe for SST-2 on any texts: mean pooling and BPE-dropout
 *
 * @module
 */
import { areReordered, predictByWords, readClassified } from "./bag_of_words.ts";

const SEEDS = [1, 2, 3];
const PRETRAINING = "--objective mlm --lines --preset roberta-tiny --context_length 32 --tokenizer bpe " +
  "--vocab_size 1024 --steps 2000 --eval_interval 1000";
const FINE_TUNING = "--epochs 20";

/** README's recipe: a large vocabulary, one layer from random weights, merges skipped, and the mean of all tokens. */
const RECIPE = {
  tokenizer: "--vocab-size 16000 --min-frequency 1 --special-tokens masked --add-prefix-space",
  sizes: "--objective mlm --lines --preset roberta-tiny --layers 1 --context-length 80 --steps 1",
  tuning: "--from-scratch --bpe-dropout 0.2 --pooling mean --dropout 0.3 --batch-size 32 --epochs 10",
};

const root = new URL("..", import.meta.url).pathname,
  given = Deno.args.map((path) => Deno.realPathSync(path));
if (given.length === 1 || given.length > 2) {
  throw new Error("Expected two files: texts to train on, and to test on");
}
const files = given.length === 2
  ? given
  : ["train", "test"].map((name) => `${root}example_data/sentiment_${name}.tsv`);
const [training, test] = files.map(readClassified), labelled = ["--data", files[0], "--validation", files[1]];
const reordered = areReordered(test), count = reordered.filter(Boolean).length;
const headings = [
  `all ${test.length} sentences`,
  ...count > 0 ? [`${count} in reordered pairs`, `${test.length - count} others`] : [],
];
const folder = await Deno.makeTempDir(), started = performance.now();

/** Runs a command of ours in the folder, and gives what it prints. */
async function run(command: string, ...args: string[]): Promise<string> {
  const program = [
    "run",
    "-A",
    "-q",
    "--no-check",
    "--no-lock",
    "--config",
    `${root}deno.json`,
    `${root}cli.ts`,
  ];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...program, ...command.split(" "), ...args],
    cwd: folder,
  }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/**
 * The shares of all sentences and, where there are any, the reordered ones and the others whose labels were predicted, in
 * percent.
 */
function accuracies(predictions: readonly string[]): number[] {
  const isRight = test.map(({ label }, index) => label === predictions[index]);
  const groups = [() => true, (index: number) => reordered[index], (index: number) => !reordered[index]];
  return groups.slice(0, headings.length).map(
    (isChosen) => {
      const chosen = isRight.filter((_, index) => isChosen(index));
      return 100 * chosen.filter(Boolean).length / chosen.length;
    },
  );
}

/** Measures the last checkpoint of a run. */
async function measureLast(name: string): Promise<number[]> {
  const json = await run(`classify --json --device cpu --checkpoint runs/${name}/last --data`, files[1]);
  return accuracies(JSON.parse(json).texts.map(({ prediction }: { prediction: string }) => prediction));
}

/** Fine-tunes a run, and measures the last checkpoint. */
async function fineTune(seed: number, name: string, ...flags: string[]): Promise<number[]> {
  const start = ["--checkpoint", `runs/pretrained-${seed}`, "--seed", `${seed}`, "--name", name, ...flags];
  await run(`finetune ${FINE_TUNING} --device cpu`, ...labelled, ...start);
  return await measureLast(name);
}

/** Follows the recipe with each seed, one after the other, since each run uses all processors. */
async function followRecipe(): Promise<number[][]> {
  await run(`tokenizer train --data sentences.txt --out tokenizers/words ${RECIPE.tokenizer}`);
  await run(`train --data sentences.txt --tokenizer tokenizers/words --name start ${RECIPE.sizes}`);
  const results: number[][] = [];
  for (const seed of SEEDS) {
    const started = performance.now(), name = `recipe-${seed}`;
    await run(`finetune --checkpoint runs/start ${RECIPE.tuning} --seed ${seed} --name ${name}`, ...labelled);
    results.push(await measureLast(name));
    const minutes = ((performance.now() - started) / 60_000).toFixed(1);
    console.error(`seed ${seed}: ${results.at(-1)![0].toFixed(1)} % after ${minutes} minutes`);
  }
  return results;
}

/** Pretrains on the training sentences without their labels, and fine-tunes from there and from random weights. */
async function measure(seed: number): Promise<{ scratch: number[]; pretrained: number[] }> {
  await run(
    `train ${PRETRAINING} --device cpu`,
    "--data",
    "sentences.txt",
    "--seed",
    `${seed}`,
    "--name",
    `pretrained-${seed}`,
  );
  const pretrained = await fineTune(seed, `classifier-${seed}`);
  const scratch = await fineTune(seed, `scratch-${seed}`, "--from-scratch");
  console.error(
    `seed ${seed}: from scratch ${scratch[0].toFixed(1)} %, pretrained ${pretrained[0].toFixed(1)} %`,
  );
  return { scratch, pretrained };
}

/** A row of the table: the mean, and the lowest and highest where they differ. */
function row(name: string, runs: readonly number[][]): string {
  const cells = runs[0].map((_, column) => {
    const values = runs.map((run) => run[column]).sort((a, b) => a - b);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const range = values[0] === values.at(-1)
      ? ""
      : ` (${values[0].toFixed(1)} to ${values.at(-1)!.toFixed(1)})`;
    return `${mean.toFixed(1)} %${range}`;
  });
  return `| ${[name, ...cells].join(" | ")} |`;
}

/** What users can compare with: the more frequent label, and counted words. */
function baselines(): string[] {
  const counts = Map.groupBy(training, ({ label }) => label);
  const [majority] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0];
  return [
    row("majority baseline", [accuracies(test.map(() => majority))]),
    row("logistic regression on word counts", [accuracies(predictByWords(training, test))]),
  ];
}

/** The rows of the classifiers. */
async function classifiers(): Promise<string[]> {
  if (given.length === 2) return [row("one layer, mean pooling, BPE-dropout", await followRecipe())];
  const results = await Promise.all(SEEDS.map(measure));
  return [
    row("`roberta-tiny` from scratch", results.map(({ scratch }) => scratch)),
    row("`roberta-tiny`, pretrained", results.map(({ pretrained }) => pretrained)),
  ];
}

try {
  await Deno.writeTextFile(`${folder}/sentences.txt`, training.map(({ text }) => `${text}\n`).join(""));
  const rows = [...baselines(), ...await classifiers()];
  console.log(`| ${["accuracy", ...headings].join(" | ")} |\n|${" --- |".repeat(1 + headings.length)}`);
  console.log(rows.join("\n"));
  console.error(`${SEEDS.length} seeds, ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
