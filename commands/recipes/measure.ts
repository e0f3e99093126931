/**
 * The loss of a model over many batches, with pauses in which signals and progress are handled.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { IGNORE_INDEX } from "../../kernels/cross_entropy.ts";
import type { Learner } from "../../models/learner.ts";
import type { Batch } from "../../data/batches.ts";
import { evaluate } from "../../training/evaluate.ts";

/**
 * Lets pending events run, such as a signal: a CPU backend computes without a pause.
 *
 * @returns a promise that resolves when they have run
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { yieldToEvents } from "./measure.ts";
 *
 * let ran = false;
 * setTimeout(() => ran = true);
 * await yieldToEvents();
 * assert(ran);
 * ```
 */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Batches measured between two pauses. */
const BATCHES_PER_PAUSE = 8;

/** What happens in the pauses of a measurement. */
export interface MeasureOptions {
  /** Whether to abandon the measurement. */
  stopped?(): boolean;
  /** Called with the number of batches that are done, and of all. */
  onProgress?(done: number, total: number): void;
}

/**
 * The mean loss of a model over batches, with pauses.
 *
 * @param backend where the model lives
 * @param model the model
 * @param batches what to measure on
 * @param options what happens in each pause
 * @returns nats a token, or undefined when stopped
 * @throws {RangeError} when the batches have no targets
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { CpuBackend } from "../../core/cpu_backend.ts";
 * import { initialize } from "../../core/module.ts";
 * import { Gpt } from "../../models/gpt.ts";
 * import { PRESETS } from "../../training/presets.ts";
 * import { validationBatches } from "../../data/batches.ts";
 * import { measure } from "./measure.ts";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 5 });
 * initialize(backend, model, 1);
 * const batches = validationBatches(Uint32Array.from({ length: 50 }, (_, i) => i % 5), { contextLength: 7, batchSize: 3 });
 * assertAlmostEquals(await measure(backend, model, batches) ?? NaN, Math.log(5), 0.5);
 * ```
 */
export async function measure(
  backend: Backend,
  model: Learner,
  batches: readonly Batch[],
  { stopped, onProgress }: MeasureOptions = {},
): Promise<number | undefined> {
  let sum = 0, count = 0;
  for (let first = 0; first < batches.length; first += BATCHES_PER_PAUSE) {
    await yieldToEvents();
    if (stopped?.()) return undefined;
    onProgress?.(first, batches.length);
    const part = batches.slice(first, first + BATCHES_PER_PAUSE), targets = countTargets(part);
    if (targets === 0) continue; // by chance, no token of some short lines is hidden
    sum += targets * await evaluate(backend, model, part);
    count += targets;
  }
  if (count === 0) throw new RangeError("Cannot measure a model on this text: no token is a target");
  return sum / count;
}

/**
 * Counts the targets of batches.
 *
 * @param batches the batches
 * @returns targets that are not ignored
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { validationBatches } from "../../data/batches.ts";
 * import { countTargets } from "./measure.ts";
 *
 * const batches = validationBatches(new Uint32Array(10), { contextLength: 3, batchSize: 2 });
 * assertEquals(countTargets(batches), 9);
 * ```
 */
export function countTargets(batches: readonly Batch[]): number {
  let count = 0;
  for (const { targets } of batches) for (const target of targets) if (target !== IGNORE_INDEX) count++;
  return count;
}

/**
 * Refuses batches without targets: in a short text it may happen that no token is masked.
 *
 * @param batches the batches
 * @param attempt `doing`: what they are for; `tokens`: how long the text is; `text`: what to call it
 * @throws {RangeError} when no target is left
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { expectTargets } from "./measure.ts";
 *
 * const attempt = { doing: "validate", tokens: 5, text: "validation text" };
 * const message = "Cannot validate on 5 tokens: none of them is masked; give a longer validation text, ";
 * assertThrows(() => expectTargets([], attempt), RangeError, message);
 * ```
 */
export function expectTargets(
  batches: readonly Batch[],
  { doing, tokens, text }: { doing: string; tokens: number; text: string },
): void {
  if (countTargets(batches) > 0) return;
  throw new RangeError(
    `Cannot ${doing} on ${tokens} tokens: none of them is masked; give a longer ${text}, ` +
      "a higher --mask-rate or another --seed",
  );
}
