/**
 * What classifiers reach on the held-out sentences of example_data: the majority, counted words, and ours from random
 * and from pretrained weights, for three seeds. `deno task bench:sentiment` runs the commands as a user would, all
 * seeds at the same time, and prints a table. Settings were chosen on a fifth of the training sentences (see LOG.md); the
 * checkpoint that is measured is the last one, since the best one is chosen by the held-out sentences.
 *
 * @module
 */
import { areReordered, predictByWords, readClassified } from "./bag_of_words.ts";

const SEEDS = [1, 2, 3];
const PRETRAINING = "--objective mlm --lines --preset roberta-tiny --context_length 32 --tokenizer bpe " +
  "--vocab_size 1024 --steps 2000 --eval_interval 1000";
const FINE_TUNING = "--epochs 20";

const root = new URL("..", import.meta.url).pathname, data = `${root}example_data`;
const [training, test] = ["train", "test"].map((name) => readClassified(`${data}/sentiment_${name}.tsv`));
const reordered = areReordered(test);
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
    args: [...program, ...command.split(" "), ...args, "--device", "cpu"],
    cwd: folder,
  }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The shares of all sentences, the reordered ones and the others whose labels were predicted, in percent. */
function accuracies(predictions: readonly string[]): number[] {
  const isRight = test.map(({ label }, index) => label === predictions[index]);
  return [() => true, (index: number) => reordered[index], (index: number) => !reordered[index]].map(
    (isChosen) => {
      const chosen = isRight.filter((_, index) => isChosen(index));
      return 100 * chosen.filter(Boolean).length / chosen.length;
    },
  );
}

/** Fine-tunes a run, and measures the last checkpoint. */
async function fineTune(seed: number, name: string, ...flags: string[]): Promise<number[]> {
  const labelled = ["--data", `${data}/sentiment_train.tsv`, "--validation", `${data}/sentiment_test.tsv`];
  const start = ["--checkpoint", `runs/pretrained-${seed}`, "--seed", `${seed}`, "--name", name, ...flags];
  await run(`finetune ${FINE_TUNING}`, ...labelled, ...start);
  const json = await run("classify --json", "--data", labelled[3], "--checkpoint", `runs/${name}/last`);
  return accuracies(JSON.parse(json).texts.map(({ prediction }: { prediction: string }) => prediction));
}

/** Pretrains on the training sentences without their labels, and fine-tunes from there and from random weights. */
async function measure(seed: number): Promise<{ scratch: number[]; pretrained: number[] }> {
  await run(
    `train ${PRETRAINING}`,
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

try {
  await Deno.writeTextFile(`${folder}/sentences.txt`, training.map(({ text }) => `${text}\n`).join(""));
  const results = await Promise.all(SEEDS.map(measure));
  const count = reordered.filter(Boolean).length;
  const headings = [
    `all ${test.length} sentences`,
    `${count} in reordered pairs`,
    `${test.length - count} others`,
  ];
  console.log(`| accuracy | ${headings.join(" | ")} |\n| --- | --- | --- | --- |`);
  console.log(row("majority baseline", [accuracies(test.map(() => "positive"))]));
  console.log(row("logistic regression on word counts", [accuracies(predictByWords(training, test))]));
  console.log(row("`roberta-tiny` from scratch", results.map(({ scratch }) => scratch)));
  console.log(row("`roberta-tiny`, pretrained", results.map(({ pretrained }) => pretrained)));
  console.error(`${SEEDS.length} seeds, ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
