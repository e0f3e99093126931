/** Inside one step: what the worker answers, and how the page explains the stages. */
import { assert, assertEquals } from "@std/assert";
import {
  CharTokenizer,
  CpuBackend,
  initialize,
  makeTales,
  MASKED_SPECIAL_TOKENS,
  maskTokens,
  tokenLosses,
  traceStep,
} from "../mod.ts";
import { buildModel } from "../models/families.ts";
import { languageConfig } from "../checkpoints/runs/language_settings.ts";
import { choicesOf, type PresetName } from "../page/choices.ts";
import { lookInside } from "../page/compute/look/inside.ts";
import { Looks, type LookSource } from "../page/compute/look/looks.ts";
import { settingsOf } from "../page/compute/settings.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { FromWorker, Question, ToWorker } from "../page/protocol.ts";
import { fileOf, listStages } from "../page/view/inside/stages.ts";
import { story } from "./_command.ts";
import { assertClose, TOLERANCES } from "./_testing.ts";

type Inside = FromWorker & { kind: "inside" };

const backend = new CpuBackend(), text = makeTales({ seed: 1, characters: 5_000 }).text;

/** An untrained model of a preset. */
function sourceOf(preset: PresetName, changes = {}): LookSource {
  const specialTokens = preset.startsWith("roberta") ? MASKED_SPECIAL_TOKENS : undefined;
  const tokenizer = CharTokenizer.fromText(text, { specialTokens });
  const choices = { ...choicesOf(preset), layers: 2, heads: 2, modelDim: 16, contextLength: 32, ...changes };
  const model = buildModel<"causal" | "masked">(languageConfig(settingsOf(choices), tokenizer.vocabSize));
  initialize(backend, model, 1);
  return { backend, model, tokenizer, validation: tokenizer.encode(text), step: () => 3 };
}

const question = (line: string | null, stage = -1, hidden = "") =>
  ({ kind: "inside", line, hidden, stage }) as const;
const look = async (source: LookSource, ...asked: Parameters<typeof question>) =>
  await lookInside(source, question(...asked)) as Inside;
const messageOf = (promise: Promise<unknown>) => promise.then(() => "", (error) => error.message);

Deno.test("a GPT predicts the next token of each, and the values are the library's", async () => {
  const source = sourceOf("tiny"), { model, tokenizer } = source, ids = tokenizer.encode("Mia");
  const { stages } = await look(source, "Mia"), { length } = stages;
  const batch = { inputs: ids.slice(0, 2), targets: ids.slice(1), batchSize: 1, contextLength: 2 };
  const trace = await traceStep(backend, model, batch);
  for (const [stage, { writes, reads }] of trace.stages.entries()) {
    const answer = await look(source, "Mia", stage);
    assertEquals(answer.stages[stage].writes, writes);
    const names = Object.values(reads).filter((name) => name in trace.parameters);
    assertEquals(answer.parameters, Object.fromEntries(names.map((name) => [name, trace.parameters[name]])));
    assertEquals(answer.stages.filter(({ writes }) => Object.values(writes)[0].values).length, 1);
  }
  const { tokens, ids: shown, targets, positions, step, vocabulary } = await look(source, "Mia", 2);
  assertEquals({ tokens, shown, targets, positions, step }, {
    tokens: ["M", "i"],
    shown: batch.inputs,
    targets: ["i", "a"],
    positions: [0, 1],
    step: 3,
  });
  assertEquals(ids[0], vocabulary.indexOf("M"));
  const losses = (await look(source, "Mia", length - 2)).stages[length - 2].writes.losses.values!;
  const expected = await tokenLosses(backend, source.model as never, ids);
  assertClose(losses, { shape: [2], data: expected.slice(1) }, TOLERANCES.rows, "losses");
});

Deno.test("a masked model predicts what is behind the masks", async () => {
  const source = sourceOf("roberta-tiny"), { tokenizer, model } = source, line = "M<mask>a ha<mask> a";
  const { tokens, targets, positions, stages } = await look(source, line, -1, "id");
  assertEquals(tokens.join(""), "<s>M<mask>a ha<mask> a</s>");
  assertEquals([targets, positions], [["i", "d"], [2, 7]]);
  const { maskId } = maskTokens(tokenizer), inputs = tokenizer.encode(line, { addSpecialTokens: true });
  assertEquals(Array.from(inputs.keys()).filter((index) => inputs[index] === maskId), positions);
  const targetIndices = Uint32Array.from(positions), sizes = { batchSize: 1, contextLength: inputs.length };
  const trace = await traceStep(backend, model, {
    inputs,
    targets: tokenizer.encode("id"),
    targetIndices,
    ...sizes,
  });
  const last = stages.length - 1, answer = await look(source, line, last, "id");
  assertEquals(answer.stages[last].writes, trace.stages[last].writes);
});

Deno.test("what cannot be predicted is refused in one line, and a long line is cut", async () => {
  const causal = sourceOf("tiny"), masked = sourceOf("roberta-tiny");
  assertEquals(
    await messageOf(look(causal, "M")),
    "One token has nothing to predict: enter at least two, each of which predicts the next",
  );
  assertEquals(
    await messageOf(look(masked, "Mia", -1, "i")),
    "The line has no <mask>: write <mask> where a token is hidden",
  );
  assertEquals(
    await messageOf(look(masked, "M<mask>a", -1, "")),
    "The line has 1 <mask> and 0 hidden tokens: enter one for each",
  );
  assertEquals(
    await messageOf(look(masked, "Mia had a kite and<mask>", -1, " ")),
    "The first 16 tokens have no <mask>: write it earlier",
  );
  const cut = await look(causal, text.slice(0, 18)), whole = await look(causal, text.slice(0, 17));
  assertEquals([cut.tokens.length, cut.note], [16, "The line is cut: the model reads its first 16 tokens."]);
  assertEquals([whole.tokens.join(""), whole.note], [text.slice(0, 16), ""]);
  assertEquals((await look(sourceOf("tiny", { contextLength: 4 }), text.slice(0, 18))).tokens.length, 4);
  const both = await look(masked, `a<mask>${text.slice(0, 20)}<mask>`, -1, "bc");
  assertEquals([both.tokens.length, both.targets], [16, ["b"]]);
});

Deno.test("of a large parameter the first rows are sent", async () => {
  const source = sourceOf("tiny", { modelDim: 320 }), { stages } = await look(source, "Mia");
  const expand = stages.findIndex(({ reads }) => Object.values(reads).includes("blocks.0.mlp.expand.weight"));
  const { "blocks.0.mlp.expand.weight": weight } = (await look(source, "Mia", expand)).parameters;
  assertEquals([weight.shape, weight.values!.length, weight.gradient!.length], [
    [320, 1280],
    102 * 1280,
    102 * 1280,
  ]);
});

Deno.test("every stage of the page's models has a title, a group and a formula", async () => {
  const titles = async (preset: PresetName, line: string, hidden = "") => {
    const listed = listStages((await look(sourceOf(preset), line, -1, hidden)).stages);
    assert(listed.every(({ formula, about, dimensions }) => formula && about && dimensions), preset);
    return listed;
  };
  const gpt = await titles("tiny", "Mia"), masked = await titles("roberta-tiny", "M<mask>a", "i");
  const groups = (listed: typeof gpt) => [...new Set(listed.map(({ group }) => group))];
  assertEquals(groups(gpt), ["Embeddings", "Layer 1", "Layer 2", "Output"]);
  assertEquals(groups(masked), groups(gpt));
  const of = (listed: typeof gpt, wanted: string) => {
    return listed.filter(({ group }) => group === wanted).map(({ title }) => title);
  };
  assertEquals(of(gpt, "Embeddings"), [
    "Token embedding",
    "Positions",
    "Position embedding",
    "Embedding sum",
  ]);
  const attention = [
    "Query, key, value",
    "Queries",
    "Keys",
    "Values",
    "Products",
    "Scores",
    "Attention weights",
  ];
  const rest = ["Weighted values", "Heads side by side", "Attention output", "Residual stream"];
  const forward = ["Expansion", "Activation", "Contraction", "Residual stream"];
  assertEquals(of(gpt, "Layer 2"), ["Normalization", ...attention, ...rest, "Normalization", ...forward]);
  assertEquals(of(masked, "Layer 2"), [...attention, ...rest, "Normalization", ...forward, "Normalization"]);
  assertEquals(of(gpt, "Output"), ["Normalization", "Logits", "Losses", "Loss"]);
  const head = ["States at the masks", "Dense layer of the head", "Activation", "Normalization"];
  assertEquals(of(masked, "Output"), [...head, "Logits", "Losses", "Loss"]);
  const scores = gpt.find(({ title }) => title === "Scores")!,
    logits = masked.find(({ title }) => title === "Logits")!;
  assertEquals(scores.formula, "y = factor · s,  factor = 1 / √D = 0.3536");
  assertEquals([logits.formula, logits.dimensions], ["y = x · Eᵀ + b", "M, V"]);
  assertEquals(listStages([{ kernel: "mine", constants: {}, reads: {}, writes: {} }])[0].title, "mine");
});

Deno.test("kernels are in the files that the page names", async () => {
  for (const [preset, line, hidden] of [["tiny", "Mia", ""], ["roberta-tiny", "M<mask>a", "i"]] as const) {
    const { stages } = await look(sourceOf(preset), line, -1, hidden);
    const kernels = stages.flatMap(({ kernel, writes }) => {
      return [kernel, ...Object.values(writes).flatMap(({ gradientKernels }) => gradientKernels)];
    });
    for (
      const kernel of new Set([
        ...kernels,
        "embeddingBackward",
        "layerNormBackwardWeight",
        "linearBackwardBias",
      ])
    ) {
      const source = await Deno.readTextFile(new URL(`../${fileOf(kernel)}`, import.meta.url));
      const [, activation = kernel] = /^(gelu\w*)(Forward|Backward)$/.exec(kernel) ?? [];
      assert(
        source.includes(`name: "${kernel}"`) || source.includes(`${activation}:`),
        `${kernel}, ${fileOf(kernel)}`,
      );
    }
  }
});

Deno.test("a step is traced as long as somebody looks", async () => {
  const answers: FromWorker[] = [], source = sourceOf("tiny");
  const looks = new Looks(source, (message) => answers.push(message));
  const kinds = async (asked: Question) => {
    looks.ask(asked);
    await looks.answer();
    return answers.splice(0).map(({ kind }) => kind);
  };
  assertEquals(await kinds(question("Mia")), ["inside"]);
  assertEquals(await kinds(question("Ω")), ["failed"]);
  looks.ask(question("Mia"));
  assertEquals(await kinds(question(null)), []);
  await looks.renew();
  assertEquals(answers.some(({ kind }) => kind === "inside" || kind === "failed"), false);
});

Deno.test("a training in which steps are traced has the same losses", async () => {
  const choices = { ...choicesOf("short-text"), modelDim: 16, contextLength: 16, batchSize: 2, steps: 60 };
  const losses = async (react: (message: FromWorker, trainer: Trainer) => void) => {
    const answers: FromWorker[] = [];
    const trainer: Trainer = new Trainer((message) => {
      answers.push(message);
      react(message, trainer);
    });
    const messages: ToWorker[] = [{ kind: "device", device: "cpu" }, { kind: "text", text: story(100) }];
    for (const message of [...messages, { kind: "begin", choices } as const]) await trainer.receive(message);
    const seen = answers.filter(({ kind }) => kind === "inside").length;
    return { seen, losses: answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []) };
  };
  let line = "";
  const looked = await losses((message, trainer) => {
    if (message.kind === "began") line = message.line;
    if (message.kind === "began" || message.kind === "progress") trainer.receive(question(line, 4));
  });
  const quiet = await losses(() => {});
  assert(looked.seen > 1 && quiet.seen === 0, `${looked.seen}`);
  assertEquals(looked.losses, quiet.losses);
});
