/**
 * The stages of a step in order: the explanation of each, found by its kernel and what that reads, and its source file.
 *
 * @module
 */
import type { Shape, TracedStage } from "../../../mod.ts";
import { explainActivation, type Explanation, ROLES } from "./explanations.ts";

/** A stage in the list, where those of a group are consecutive. */
export interface ListedStage extends Explanation {
  readonly group: string;
}

/** Source files by the names of kernels. */
const FILES: [RegExp, string][] = [
  [/^(embedding|positions)/, "kernels/embedding.ts"],
  [/^(add|scale)/, "kernels/elementwise.ts"],
  [/^layerNorm/, "kernels/norm/layer_norm.ts"],
  [/^matmul/, "kernels/matmul/matmul.ts"],
  [/^linear/, "kernels/matmul/linear.ts"],
  [/Heads/, "kernels/attention/heads.ts"],
  [/^softmax/, "kernels/softmax.ts"],
  [/^crossEntropy/, "kernels/cross_entropy.ts"],
  [/^fill$/, "core/tensor.ts"],
];

/** The file in the repository that has a kernel. */
export const fileOf = (kernel: string): string =>
  FILES.find(([pattern]) => pattern.test(kernel))?.[1] ?? "kernels/activations.ts";

/** The key of a stage in `ROLES`; `parameter` is the first parameter that it reads, or empty. */
function roleOf(
  { kernel, reads, constants }: TracedStage,
  stages: readonly TracedStage[],
  parameter: string,
) {
  const source = (name: string) => stages[reads[name] as number]?.kernel;
  switch (kernel) {
    case "embeddingForward":
      return reads.ids === "inputs" ? "tokens" : parameter ? "placed" : "masks";
    case "addForward":
      return source("b") === "embeddingForward" ? "sum" : "residual";
    case "splitHeadsForward":
      return ["query", "key", "value"][constants.part];
    case "matmul":
    case "matmulBiased": {
      const layer = parameter.split(".").at(-2) ?? "";
      if (parameter) return layer in ROLES ? layer : "logits";
      return source("a") === "softmaxForward" ? "heads" : "products";
    }
    case "scaleForward":
      return source("x") === "matmul" ? "scores" : "scaled";
  }
  return kernel;
}

/** Explains the stages of a step. */
export function listStages(stages: readonly TracedStage[]): ListedStage[] {
  const ofBatch = /^(inputs|targets|targetIndices|weights|lengths)$/;
  let group = "Embeddings", isMasked = false;
  return stages.map((stage) => {
    const { kernel, reads, constants } = stage;
    const names = Object.values(reads).filter((name) => typeof name === "string");
    const parameter = names.find((name) => !ofBatch.test(name)) ?? "";
    const role = roleOf(stage, stages, parameter), layer = /blocks\.(\d+)/.exec(parameter)?.[1];
    isMasked ||= role === "masks";
    if (layer !== undefined) group = `Layer ${Number(layer) + 1}`;
    else if (isMasked || (parameter && group !== "Embeddings")) group = "Output";
    const { title, dimensions, formula, derivative, about } = ROLES[role] ?? explainActivation(kernel);
    const extra = constants.causal === 1 ? " A token sees itself and those before it." : "";
    const factor = constants.factor === undefined ? "" : ` = ${Number(constants.factor.toPrecision(4))}`;
    const bias = role === "logits" && reads.bias !== undefined ? " + b" : "";
    return {
      ...{ title, derivative, group, formula: formula + factor + bias, about: about + extra },
      dimensions: isMasked ? dimensions.replace(/^(B, )?T/, "M") : dimensions,
    };
  });
}

/** The shape of the first result of a stage. */
export const shapeOf = ({ writes }: TracedStage): Shape => Object.values(writes)[0].shape;
