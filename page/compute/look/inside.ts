/**
 * One training step on a line of the user's, without the update: what each stage computes, and its gradient.
 *
 *     GPT             every token predicts the next one; the loss is the mean over the line
 *     masked model    the hidden tokens are given; the loss is the mean over the masks
 *
 * @module
 */
import {
  type Batch,
  maskTokens,
  type ModelsByKind,
  type TracedStage,
  type TracedTensor,
  traceStep,
} from "../../../mod.ts";
import { kindOf } from "../../../models/families.ts";
import type { FromWorker, Question } from "../../protocol.ts";
import type { LookSource } from "./looks.ts";

/** The most tokens that a model reads of a line. */
const MOST_TOKENS = 16;

/** A larger vocabulary is not sent, and of a parameter with more elements only the first rows. */
const MOST_WORDS = 1000, MOST_ELEMENTS = 2 ** 17;

/** Traces a step. It throws where the line has nothing to predict. */
export async function lookInside(
  source: LookSource,
  { line, hidden, stage }: Question & { kind: "inside" },
): Promise<FromWorker> {
  const { backend, model, tokenizer } = source, step = source.step(), { vocabSize } = model.config;
  const { batch, isCut } = kindOf(model.config) === "masked"
    ? maskedBatch(source, line ?? "", hidden)
    : causalBatch(source, line ?? "");
  const trace = await traceStep(backend, model, batch, { reads: (index) => index === stage });
  const words = (ids: Iterable<number>) => Array.from(ids, (id) => tokenizer.decode([id]));
  return {
    kind: "inside",
    step,
    tokens: words(batch.inputs),
    ids: batch.inputs,
    targets: words(batch.targets),
    positions: Array.from(batch.targetIndices ?? batch.inputs.keys()),
    note: isCut ? `The line is cut: the model reads its first ${batch.contextLength} tokens.` : "",
    vocabulary: vocabSize > MOST_WORDS ? [] : words(Array(vocabSize).keys()),
    stages: trace.stages,
    stage,
    parameters: parametersOf(trace.stages[stage], trace.parameters),
  };
}

function causalBatch({ model, tokenizer }: LookSource, line: string): { batch: Batch; isCut: boolean } {
  const all = tokenizer.encode(line),
    ids = all.slice(0, Math.min(MOST_TOKENS, model.config.contextLength) + 1);
  if (ids.length < 2) {
    throw new RangeError(
      "One token has nothing to predict: enter at least two, each of which predicts the next",
    );
  }
  const [inputs, targets] = [ids.slice(0, -1), ids.slice(1)];
  const batch = { inputs, targets, batchSize: 1, contextLength: inputs.length };
  return { batch, isCut: all.length > ids.length };
}

function maskedBatch({ model, tokenizer }: LookSource, line: string, hidden: string) {
  const { maskId } = maskTokens(tokenizer, (model as ModelsByKind["masked"]).config.padId);
  const all = tokenizer.encode(line, { addSpecialTokens: true }), answers = tokenizer.encode(hidden);
  const inputs = all.slice(0, Math.min(MOST_TOKENS, model.config.contextLength));
  const masks = Array.from(all.keys()).filter((index) => all[index] === maskId);
  if (masks.length === 0) {
    throw new RangeError("The line has no <mask>: write <mask> where a token is hidden");
  }
  if (masks.length !== answers.length) {
    throw new RangeError(
      `The line has ${masks.length} <mask> and ${answers.length} hidden tokens: enter one for each`,
    );
  }
  const targetIndices = Uint32Array.from(masks.filter((index) => index < inputs.length));
  if (targetIndices.length === 0) {
    throw new RangeError(`The first ${inputs.length} tokens have no <mask>: write it earlier`);
  }
  const targets = answers.slice(0, targetIndices.length);
  const batch: Batch = { inputs, targets, targetIndices, batchSize: 1, contextLength: inputs.length };
  return { batch, isCut: all.length > inputs.length };
}

/** The parameters that a stage reads; of large ones the first rows. */
function parametersOf(
  stage: TracedStage | undefined,
  parameters: Readonly<Record<string, TracedTensor>>,
): Record<string, TracedTensor> {
  const names = Object.values(stage?.reads ?? {}).filter((name) => name in parameters);
  return Object.fromEntries(names.map((name) => [name, firstRows(parameters[name])]));
}

function firstRows(tensor: TracedTensor): TracedTensor {
  const { shape, values, gradient } = tensor, columns = shape.at(-1)!;
  const end = Math.max(1, Math.floor(MOST_ELEMENTS / columns)) * columns;
  return { ...tensor, values: values?.slice(0, end), gradient: gradient?.slice(0, end) };
}
