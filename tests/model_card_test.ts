import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CardMoment, type CardSubject, modelCard } from "../commands/reports/model_card.ts";
import type { ModelConfig } from "../models/families.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

const subject: CardSubject = {
  ...{ files: ["my novel.txt"], validationFiles: [], data: ["training text: 9 characters, 9 tokens"] },
  ...{
    baselines: [["uniform prediction", "3.9 nats per token"]],
    flags: { data: ["my novel.txt"], steps: 40 },
  },
};
const causal: ModelConfig = { ...PRESETS["mini-gpt"].model, vocabSize: 50 };
const masked: ModelConfig = { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: 50 };

/** A record of each step, with a validation every `interval` steps. */
const recordsOf = (steps: number, interval: number): CardMoment["records"] =>
  Array.from({ length: steps }, (_, index) => {
    const step = index + 1, rates = { gradientNorm: 1, learningRate: 0.1, seconds: 7 * step };
    const validated = step % interval === 0 ? { validationLoss: 4 / step, accuracy: step / steps } : {};
    return { step, epoch: step / 10, loss: step, ...rates, ...validated };
  });

const momentOf = (config: ModelConfig, changes: Partial<CardMoment> = {}): CardMoment => ({
  ...{
    command: "train",
    config,
    parameters: 1234,
    backend: { name: "cpu", device: "CPU" },
    step: 40,
    steps: 40,
  },
  ...{ records: recordsOf(40, 20), training: "40 steps", ...changes },
});

/** The lines at the top, which are YAML: only these have been checked with the parser of the Hugging Face Hub. */
const frontMatter = (card: string) => card.match(/^---\n([^]*?)\n---\n\n# /)?.[1];

Deno.test("the front matter names library, task and tags, and leaves language and license to be filled in", () => {
  const rest = "# To fill in before this is published:\n# language: en\n# license: mit";
  const cases: [ModelConfig, Partial<CardMoment>, string][] = [
    [causal, {}, "transformers\npipeline_tag: text-generation\ntags:\n- miniformer\n- gpt1"],
    [masked, {}, "transformers\npipeline_tag: fill-mask\ntags:\n- miniformer\n- roberta"],
    [
      { ...causal, labels: ["a", "b"] } as ModelConfig,
      {},
      "transformers\npipeline_tag: text-classification\ntags:\n- miniformer\n- gpt1",
    ],
    [
      { ...masked, labels: ["a", "b"], pooling: "mean" } as ModelConfig,
      {},
      "miniformer\npipeline_tag: text-classification\ntags:\n- miniformer\n- roberta",
    ],
    [
      causal,
      { experiment: { name: "x\n---\n", sha256: "f00" } },
      "miniformer\npipeline_tag: text-generation\ntags:\n- miniformer\n- gpt1",
    ],
  ];
  for (const [config, changes, expected] of cases) {
    assertEquals(
      frontMatter(modelCard(subject, momentOf(config, changes))),
      `library_name: ${expected}\n${rest}`,
    );
  }
});

Deno.test("the table shows validations, and the mean of the training losses between them", () => {
  const card = modelCard(subject, momentOf(causal));
  // records of steps 1 to 20 and 21 to 40 have losses 1 to 20 and 21 to 40
  assertStringIncludes(card, `| 20 | 2.00 | 10.5000 | 0.2000 | 1.221 | ${"█".repeat(20)} |\n`);
  assertStringIncludes(card, `| 40 | 4.00 | 30.5000 | 0.1000 | 1.105 | ${"█".repeat(10)} |\n`);
  assertStringIncludes(card, "\n- uniform prediction: 3.9 nats per token\n");
  assertStringIncludes(card, "This is step 40 of 40.");
  assertStringIncludes(card, "nats per token");
  assert(!card.includes("280"), "nothing depends on the clock");
});

Deno.test("of many validations ten are shown, the first and the last among them", () => {
  const card = modelCard(subject, momentOf(causal, { records: recordsOf(1000, 5), step: 1000, steps: 2000 }));
  const steps = Array.from(card.matchAll(/^\| (\d+) \|/gm), ([, step]) => Number(step));
  assertEquals([steps.length, steps[0], steps[9]], [10, 5, 1000]);
  assert(card.split("\n").length < 100, "a card is short");
});

Deno.test("a card says what is not known yet, and whether another step was better", () => {
  const early = modelCard(subject, momentOf(causal, { records: recordsOf(3, 20), step: 3 }));
  assertStringIncludes(early, "## Results\n\nNot validated yet.\n\n- uniform prediction");
  assert(!early.includes("| step |"));
  const best = { step: 20, validationLoss: 0.05 };
  const ahead = modelCard(subject, momentOf(causal, { best }));
  assertStringIncludes(ahead, "\n- best validation so far: 0.0500 at step 20\n");
  assert(!modelCard(subject, momentOf(causal, { best, step: 20 })).includes("best validation"));
});

Deno.test("a classifier has accuracies and classes, and the checkpoint it began with", () => {
  const labels = ["good", "b`a|d\n# x"], config = { ...causal, labels } as ModelConfig;
  const card = modelCard({ ...subject, pretrained: "runs/a b" }, momentOf(config, { command: "finetune" }));
  assertStringIncludes(card, "| step | epoch | training loss | validation loss | accuracy |");
  assertStringIncludes(card, "| 0.2000 | 50.0 % |");
  assertStringIncludes(card, "Losses are in nats per text.");
  assertStringIncludes(card, "\n- classes: `good`, ``b`a|d\\n# x``\n");
  assertStringIncludes(card, "Trained from `runs/a b` with Miniformer");
  assertStringIncludes(card, "AutoModelForSequenceClassification");
  assertStringIncludes(card, "it judges as their labels do, right or wrong.");
  assertStringIncludes(
    modelCard(subject, momentOf(causal)),
    "it repeats what these texts say, right or wrong.",
  );
  assertStringIncludes(card, "deno task finetune --data 'my novel.txt' --steps 40 --device cpu\n");
  const many = Array.from({ length: 1e4 }, (_, index) => `class ${index}`);
  const long = modelCard(subject, momentOf({ ...causal, labels: many } as ModelConfig));
  assertStringIncludes(long, "`class 9` and 9990 others");
});

Deno.test("a model with a block of its own is not said to load in transformers", () => {
  const card = modelCard(subject, momentOf(causal, { experiment: { name: "my `block`", sha256: "f00" } }));
  assert(!card.includes("from transformers"));
  assertStringIncludes(
    card,
    "(SHA-256 f00), which is not in this folder: `transformers` cannot load the model",
  );
  assertStringIncludes(card, "--prompt \"…\" --block 'my `block`.ts'\n");
  assertStringIncludes(card, "--block 'my `block`.ts' --device cpu\n");
});

Deno.test("names of files cannot add anything to a card", () => {
  const hostile = "x\n---\n# heading\n```\n<script>alert(1)</script> ![](http://a/b) `|`.txt";
  const names = { files: [hostile], validationFiles: [hostile], pretrained: hostile };
  const flags = { data: [hostile], validation: [hostile] };
  const card = modelCard({ ...subject, ...names, flags }, momentOf(causal));
  const plain = modelCard(
    { ...subject, files: ["x"], validationFiles: ["x"], pretrained: "x" },
    momentOf(causal),
  );
  // what is left without blocks and spans of code, as CommonMark reads them
  const prose = (text: string) =>
    text.replace(/^(`{3,})[^`\n]*\n[^]*?\n\1$/gm, "(block)").replace(
      /(?<!`)(`+)(?!`)[^]*?[^`]\1(?!`)/g,
      "(code)",
    );
  assertEquals(prose(card), prose(plain));
  assertStringIncludes(card, "- texts: ````x\\n---\\n# heading\\n```\\n<script>alert(1)</script> ");
});

Deno.test("a card names the way to transformers.js, where there is one", () => {
  const taskOf = (config: object, changes: object = {}) =>
    modelCard(subject, momentOf({ ...causal, ...config } as ModelConfig, changes)).match(
      /^transformers\.js uses it, too, after `optimum-cli export onnx --model FOLDER --task (\S+) FOLDER\/onnx`\.$/m,
    )?.[1];
  const labels = ["good", "bad"];
  assertEquals(taskOf({ architecture: "gpt2" }), "text-generation-with-past");
  assertEquals(taskOf({ architecture: "roberta" }), "fill-mask");
  assertEquals(taskOf({ architecture: "roberta", labels }), "text-classification");
  assertEquals(taskOf({ architecture: "gpt1" }), undefined); // optimum has no converter
  assertEquals(taskOf({ architecture: "gpt2", labels }), undefined); // transformers.js has no class
  assertEquals(taskOf({ architecture: "gpt2" }, { experiment: { name: "mine", sha256: "f00" } }), undefined);
});
