/**
 * How wide the feed-forward network may be: the Hugging Face format of an architecture may have no field for it.
 *
 * @module
 */
import { UsageError } from "../cli/errors.ts";
import type { LanguageConfig } from "../../checkpoints/runs/language_settings.ts";
import { type PresetName, PRESETS_BY_NAME } from "./presets.ts";

type Architecture = LanguageConfig["architecture"];

/** The only multiple of the model width that an architecture has, and the architecture that has any. */
const FIXED: Partial<Record<Architecture, { readonly multiple: number; readonly instead: Architecture }>> = {
  gpt1: { multiple: 4, instead: "gpt2" },
};

/** The flags that decide the architecture and how wide its feed-forward network is. */
interface FeedForwardFlags {
  readonly architecture?: Architecture;
  readonly preset?: PresetName;
  readonly block?: string;
  readonly feedForwardDim?: number;
  readonly feedForwardMultiple?: number;
}

/**
 * The architecture of a run: another one where that of the preset has no feed-forward network of this width, unless it was
 * asked for by its name. A model with parts of one's own is saved in another format, which has any width.
 */
export function fittingArchitecture(
  { architecture, modelDim, feedForwardDim }: {
    readonly architecture: Architecture;
    readonly modelDim: number;
    readonly feedForwardDim: number;
  },
  flags: FeedForwardFlags,
): Architecture {
  const fixed = FIXED[architecture];
  if (fixed === undefined || feedForwardDim === fixed.multiple * modelDim || flags.block !== undefined) {
    return architecture;
  }
  if (flags.architecture === undefined && flags.preset !== architecture) return fixed.instead;
  throw new UsageError(
    `${
      typed(flags)
    }: the feed-forward network of ${architecture} is always ${fixed.multiple} times as wide as the ` +
      `model; leave the flag out, or give --architecture ${fixed.instead}`,
  );
}

/** What to say where {@linkcode fittingArchitecture} has taken another architecture than that of the preset. */
export function architectureNote(
  flags: FeedForwardFlags,
  { preset, architecture }: { readonly preset: PresetName; readonly architecture: Architecture },
): string | undefined {
  const { architecture: usual } = PRESETS_BY_NAME[preset].model;
  if (flags.architecture !== undefined || architecture === usual) return undefined;
  return `${
    typed(flags)
  } needs architecture ${architecture}: the feed-forward network of ${usual} is always ` +
    `${FIXED[usual]?.multiple} times as wide as the model`;
}

/** The flag for the width of the feed-forward network, as it is typed. */
function typed({ feedForwardDim, feedForwardMultiple }: FeedForwardFlags): string {
  return feedForwardMultiple === undefined
    ? `--feed-forward-dim ${feedForwardDim}`
    : `--ff-mult ${feedForwardMultiple}`;
}
