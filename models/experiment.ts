/**
 * Experiments: a model of a family with custom parts.
 *
 * A part is made by a factory, so a variant is a short file of code instead of another flag in the model. Parts that an
 * experiment leaves out are the family's. Initial values depend on the seed and the parameter's name, so what is left
 * unchanged begins with the same bits, and the comparison shows the effect of the change alone.
 *
 * A checkpoint holds the parameters and the *name* of the experiment, never its code. Whoever loads it gives the
 * experiment again, and is refused when it is another one (see `checkpoints/experiment_format.ts`).
 *
 * @module
 */

import type { Shape } from "../core/backend.ts";
import { quoted } from "../core/quoted.ts";
import { formatShape, type Tensor } from "../core/tensor.ts";
import type { Block, BlockOptions } from "./blocks.ts";
import type { TransformerConfig } from "./config.ts";
import type { Norm } from "./layers.ts";
import type { Positions } from "./positions.ts";

/**
 * Makes the block of a layer, the first is 0; `options` are what the family's own blocks are made with.
 *
 * @category Models
 */
export type BlockFactory = (
  config: TransformerConfig,
  layer: number,
  options: Required<BlockOptions>,
) => Block;

/**
 * Makes the positions of a model; `count` is the number of different indices.
 *
 * @category Models
 */
export type PositionsFactory = (config: TransformerConfig, count: number) => Positions;

/**
 * Makes a normalization.
 *
 * @category Models
 */
export type NormFactory = (config: TransformerConfig) => Norm;

/**
 * The parts of a model that an experiment may replace.
 *
 * @category Models
 */
export interface Parts {
  /** The blocks. */
  readonly block: BlockFactory;
  /** What is added to the token embedding: learned positions, in every family. */
  readonly positions: PositionsFactory;
  /** Normalizes the sum of token and position embedding: nothing in GPT, layer normalization in RoBERTa. */
  readonly embeddingNorm: NormFactory;
  /** Normalizes what the last block returns: layer normalization in GPT-2, nothing in the others. */
  readonly finalNorm: NormFactory;
}

/**
 * Custom parts, and the name that a checkpoint identifies them by.
 *
 * @example A GPT without positions
 * ```ts
 * import { countParameters, Gpt, NoPositions, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const config = { ...PRESETS.tiny.model, vocabSize: 10 }, { contextLength, modelDim } = config;
 * const model = new Gpt(config, { name: "without_positions", positions: () => new NoPositions() });
 * assertEquals(countParameters(new Gpt(config)) - countParameters(model), contextLength * modelDim);
 * ```
 *
 * @category Models
 */
export interface Experiment extends Partial<Parts> {
  /** Its name in checkpoints, of 1 to 100 printable characters. */
  readonly name: string;
  /** SHA-256 of the file that it came from, 64 hexadecimal digits, if it came from a file. */
  readonly sha256?: string;
}

/** The parts that an experiment may replace. */
export const PART_NAMES = [
  "block",
  "positions",
  "embeddingNorm",
  "finalNorm",
] as const satisfies readonly (keyof Parts)[];

/**
 * Refuses an experiment with a name that cannot be saved, or with parts that no model has: a misspelled part would
 * otherwise be left out, and the run would measure the unchanged model.
 *
 * @example
 * ```ts
 * import { checkExperiment } from "./experiment.ts";
 * import { Identity } from "@miniformer/miniformer";
 * import { assertThrows } from "@std/assert";
 *
 * const misspelled = { name: "mine", finalnorm: () => new Identity() };
 * assertThrows(() => checkExperiment(misspelled), TypeError, 'part "finalnorm"');
 * ```
 *
 * @param experiment The experiment.
 * @throws {TypeError} If the name, the hash or a part is not what it should be.
 */
export function checkExperiment(experiment: Experiment): void {
  const { name, sha256, ...parts } = experiment;
  if (typeof name !== "string" || !/^[^\p{C}]{1,100}$/u.test(name)) {
    throw new TypeError(
      `The name of an experiment is ${quoted(name)}, expected 1 to 100 printable characters`,
    );
  }
  const what = `Experiment ${quoted(name)}`;
  if (sha256 !== undefined && !(typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256))) {
    throw new TypeError(`${what} has the SHA-256 ${quoted(sha256)}, expected 64 hexadecimal digits`);
  }
  for (const [part, factory] of Object.entries(parts)) {
    if (!PART_NAMES.some((known) => known === part)) {
      throw new TypeError(`${what} has a part ${quoted(part)}, expected ${PART_NAMES.join(", ")}`);
    }
    if (factory !== undefined && typeof factory !== "function") {
      throw new TypeError(`${what} has ${quoted(factory)} as ${part}, expected a function that makes it`);
    }
  }
}

/**
 * Refuses what a block returned if it is no tensor of the shape that it was given.
 *
 * @param x What it returned.
 * @param shape (B, T, C).
 * @param layer Which block, from 0.
 * @returns The tensor.
 * @throws {TypeError} If it is something else.
 */
export function expectStates(x: Tensor | undefined, shape: Shape, layer: number): Tensor {
  const actual = x?.shape;
  if (x && String(actual) === String(shape)) return x;
  throw new TypeError(
    `Block ${layer} returned ${actual ? `a tensor of shape ${formatShape(actual)}` : "no tensor"}, ` +
      `expected one of shape ${formatShape(shape)}`,
  );
}

/**
 * The parts to build a model from.
 *
 * @param own The family's parts.
 * @param experiment What replaces some of them.
 * @returns All parts; those of the experiment are checked when they are made.
 * @throws {TypeError} If the experiment is not valid.
 */
export function chooseParts(own: Parts, experiment: Experiment | undefined): Parts {
  if (experiment === undefined) return own;
  checkExperiment(experiment);
  const chosen: Record<string, unknown> = { ...own };
  for (const part of PART_NAMES) {
    const make = experiment[part] as ((...sizes: unknown[]) => unknown) | undefined;
    if (make === undefined) continue;
    chosen[part] = (...sizes: unknown[]) => {
      let made: unknown;
      try {
        made = make(...sizes);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new TypeError(`Experiment ${quoted(experiment.name)}: ${part} failed: ${message}`, {
          cause: error,
        });
      }
      if (typeof (made as { forward?: unknown } | null | undefined)?.forward === "function") return made;
      throw new TypeError(
        `Experiment ${
          quoted(experiment.name)
        }: what ${part} returns has no function forward, expected an object with one`,
      );
    };
  }
  return chosen as unknown as Parts;
}
