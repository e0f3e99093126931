/**
 * The sizes of a model, as numbers and in words.
 *
 * @module
 */
import { counted } from "../cli/terminal.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { ModelConfig } from "../../models/families.ts";
import { inlineCode } from "./markdown.ts";

/** The sizes of a model. */
export interface ModelSizes {
  readonly architecture: ModelConfig["architecture"];
  /** The name of a custom block. */
  readonly experiment?: string;
  readonly layers: number;
  readonly heads: number;
  readonly modelDim: number;
  readonly feedForwardDim: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Learned numbers, a tied weight counted once. */
  readonly parameters: number;
}

/** The sizes of a model by name. */
export function modelSizes(
  config: ModelConfig,
  experiment: Experiment | undefined,
  parameters: number,
): ModelSizes {
  const { architecture, layers, heads, modelDim, feedForwardDim, contextLength, vocabSize } = config;
  const sizes = { layers, heads, modelDim, feedForwardDim, contextLength, vocabSize, parameters };
  return { architecture, ...experiment && { experiment: experiment.name }, ...sizes };
}

/** The sizes of a model in a line of Markdown. */
export function describeSizes(model: ModelSizes): string {
  const { architecture, experiment, layers, heads, modelDim, feedForwardDim } = model;
  return `${architecture}${experiment === undefined ? "" : ` with ${inlineCode(experiment)}`}, ${
    counted(layers, "layer")
  }, ` +
    `${counted(heads, "head")}, ${modelDim} wide, feed-forward network ${feedForwardDim} wide, ` +
    `context ${model.contextLength}, ${model.vocabSize} tokens: ${model.parameters} parameters`;
}
