/**
 * The sizes of `lab scaling`: GPTs of two layers and four heads that differ in width alone, so that the law has one cause.
 *
 * @module
 */
import type { Variant } from "./lab_types.ts";

/** Widths that divide into four heads; each has about 1.6 times the parameters of the one before. */
const WIDTHS = [8, 12, 16, 20, 28, 36, 48, 60, 80, 100, 128, 160, 200];

/** Sizes that the law is not fitted to, but predicts: one in the middle and the largest. */
export const SCALING_LEFT_OUT: readonly string[] = ["width-60", "width-200"];
