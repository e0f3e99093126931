/**
 * Checks that a backend computes the bits that are published.
 *
 * On the WebAssembly backend a run gives the same model on every machine, in every engine and with any number of threads:
 * all of its arithmetic has one right answer, and sums are taken in an order that depends on sizes alone. {@linkcode verify}
 * trains small runs of all families and compares every tensor after every step with what is published with this version.
 *
 * @module
 */

import type { Backend } from "../../core/backend.ts";
import { PUBLISHED } from "./published.ts";
import { type SmallRun, smallRuns, startSmallRun, type TrainedValues } from "./small_runs.ts";
import { type ParameterValues, parameterValues, sha256Of } from "./tensor_sums.ts";

/**
 * The checksums of a run.
 *
 * @category Training
 */
export interface RunSums {
  /** SHA-256 of all tensors of the trained model. */
  readonly sha256: string;
  /**
   * Of each tensor, in the order of the model: the first digits of its SHA-256 before the first step and after each, with
   * spaces between them.
   */
  readonly tensors: Readonly<Record<string, string>>;
}

/**
 * Where a run first differs from what is published.
 *
 * @category Training
 */
export interface Difference {
  /** Steps done: 0 for the initial values. */
  readonly step: number;
  /** The first tensor, in the order of the model, that differs after this step. */
  readonly tensor: string;
}

/**
 * The result of a small run.
 *
 * @category Training
 */
export interface Verification {
  /** What was trained. */
  readonly name: string;
  /** Updates done. */
  readonly steps: number;
  /** SHA-256 of all tensors of its model. */
  readonly sha256: string;
  /** What it should be. */
  readonly published: string;
  /** Where it first differs, if it does. */
  readonly difference?: Difference;
}

/** Digits that are published of the checksum of each tensor. */
const DIGITS = 6;

/** Trains a small run, and computes its checksums. */
async function sumRun(
  backend: Backend,
  run: SmallRun,
  trained: TrainedValues | undefined,
): Promise<{ sums: RunSums; values: ParameterValues[] }> {
  const training = startSmallRun(backend, run, trained), tensors: Record<string, string> = {};
  while (true) {
    const values = await parameterValues(backend, training.store);
    for (const { name, data } of values) {
      const digits = (await sha256Of([data])).slice(0, DIGITS);
      tensors[name] = tensors[name] === undefined ? digits : `${tensors[name]} ${digits}`;
    }
    if (training.step === run.settings.steps) {
      return { sums: { sha256: await sha256Of(values.map(({ data }) => data)), tensors }, values };
    }
    training.advance();
  }
}

/**
 * Trains all small runs and computes their checksums.
 *
 * @param backend Where to train.
 * @returns Name, steps and checksums of each run, as it ends.
 */
export async function* sumRuns(
  backend: Backend,
): AsyncGenerator<{ readonly name: string; readonly steps: number; readonly sums: RunSums }> {
  const trained = new Map<string, TrainedValues>();
  for (const run of smallRuns()) {
    const { name, from, settings: { steps } } = run;
    const { sums, values } = await sumRun(backend, run, from === undefined ? undefined : trained.get(from));
    trained.set(name, new Map(values.map(({ name, data }) => [name, data])));
    yield { name, steps, sums };
  }
}

/**
 * Finds the first step, and in it the first tensor in the order of the model, whose checksums differ.
 *
 * @example
 * ```ts
 * import { firstDifference } from "./verify.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const before = { sha256: "", tensors: { a: "11 22 33", b: "44 55 66" } };
 * const after = { sha256: "", tensors: { a: "11 22 77", b: "44 88 99" } };
 * assertEquals(firstDifference(after, before), { step: 1, tensor: "b" });
 * ```
 *
 * @param sums What was computed.
 * @param published What it should be.
 * @returns The difference; nothing if there is none in the digits that are kept.
 */
export function firstDifference(sums: RunSums, published: RunSums): Difference | undefined {
  const names = [...new Set([...Object.keys(sums.tensors), ...Object.keys(published.tensors)])];
  const rows = names.map((name) => {
    const [ours = [], theirs = []] = [sums, published].map(({ tensors }) => tensors[name]?.split(" "));
    return { name, ours, theirs, length: Math.max(ours.length, theirs.length) };
  });
  const steps = rows.reduce((most, { length }) => Math.max(most, length), 0);
  for (let step = 0; step < steps; step++) {
    const found = rows.find(({ ours, theirs }) => ours[step] !== theirs[step]);
    if (found) return { step, tensor: found.name };
  }
}

/**
 * Trains small runs of all families and compares them with what is published. In a browser, `crypto.subtle` is there only on
 * pages that come by https or from localhost.
 *
 * @example
 * ```ts
 * import { openBackend, verify } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = await openBackend("wasm", { threads: 1 });
 * const { value } = await verify(backend).next();
 * assertEquals([value.name, value.sha256, value.difference], ["gpt1", value.published, undefined]);
 * backend.close();
 * ```
 *
 * @param backend Where to train. Equality is promised for the WebAssembly backend only.
 * @param published What the checksums should be, by the names of the runs; those of this version unless given.
 * @returns The result of each run, as it ends.
 * @category Training
 */
export async function* verify(
  backend: Backend,
  published: Readonly<Record<string, RunSums>> = PUBLISHED,
): AsyncGenerator<Verification> {
  for await (const { name, steps, sums } of sumRuns(backend)) {
    const expected = published[name] ?? { sha256: "", tensors: {} },
      isEqual = sums.sha256 === expected.sha256;
    // where only digits differ that are not kept, it is the last step that is known to differ
    const last = { step: steps, tensor: Object.keys(sums.tensors)[0] };
    const difference = isEqual ? undefined : firstDifference(sums, expected) ?? last;
    yield { name, steps, sha256: sums.sha256, published: expected.sha256, difference };
  }
}
