/**
 * The checksums of the small runs on the WebAssembly backend, written by `deno task pretrained sums`.
 *
 * @module
 */

import type { RunSums } from "./verify.ts";

/** See {@linkcode RunSums}. */
export const PUBLISHED: Readonly<Record<string, RunSums>> = {};
