/**
 * What the Hugging Face formats of all model families share.
 *
 * @module
 */

import type { ModelConfig } from "../models/families.ts";
import type { ConfigJson, ConfigReader } from "./config_reader.ts";

/**
 * Writes the names of the classes.
 *
 * @param labels The names in the order of the classes.
 * @returns The two tables of `config.json`.
 */
export function labelTables(labels: readonly string[]): Record<string, unknown> {
  return {
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/** What the checkpoints of a family look like. */
export interface Format<Config extends ModelConfig> {
  /** Values of `model_type` in its `config.json`. */
  readonly modelTypes: readonly string[];
  /** Reads `config.json`. */
  fromJson(json: ConfigJson): Config;
  /** Writes `config.json`. */
  toJson(config: Config): Record<string, unknown>;
  /** Reads what its configurations, or those of its classifiers, have beside the sizes of all transformers, under our names. */
  ownFields(file: ConfigReader, classifier: boolean): Partial<Config>;
  /** Where each parameter is stored. */
  tensors(config: Config): Map<string, HuggingFaceTensor>;
  /** The prefix of the names of tensors, which may be missing in files of the hub. */
  readonly prefix: string;
  /** Finds the number of the block in the name of a tensor. */
  readonly layer: RegExp;
  /** Tensors that files may hold and no parameter is made from. */
  readonly leftover: RegExp;
  /** A tensor of one row that is added to every position, and our name of the positions; written as zeros. */
  readonly tokenTypes?: { readonly name: string; readonly positions: string };
}

/** Where a Hugging Face file stores the values of a parameter. */
export interface HuggingFaceTensor {
  /** The tensors that hold it: several, if what is one matrix here is cut by columns there. */
  readonly names: readonly string[];
  /** Whether they are stored (out, in), we store (in, out). */
  readonly transposed: boolean;
}
