/**
 * How wide the feed-forward network may be: that of GPT-1 is always 4 times as wide as the model, since its Hugging Face
 * format has no field for it. GPT-2 has one.
 *
 * @module
 */
import { UsageError } from "../cli/errors.ts";
import { type LanguageConfig, type PresetName, PRESETS_BY_NAME } from "./presets.ts";

type Architecture = LanguageConfig["architecture"];

/** The flags that decide the architecture and how wide its feed-forward network is. */
interface FeedForwardFlags {
  readonly architecture?: Architecture;
  readonly preset?: PresetName;
  readonly block?: string;
  readonly feedForwardDim?: number;
  readonly feedForwardMultiple?: number;
}

/**
 * The architecture of a run: GPT-2 instead of GPT-1 where the feed-forward network has another width, unless GPT-1 was asked
 * for by its name. A model with parts of one's own is saved in another format, which has any width.
 */
export function fittingArchitecture(
  { architecture, modelDim, feedForwardDim }: {
    readonly architecture: Architecture;
    readonly modelDim: number;
    readonly feedForwardDim: number;
  },
  flags: FeedForwardFlags,
): Architecture {
  if (architecture !== "gpt1" || feedForwardDim === 4 * modelDim || flags.block !== undefined) {
    return architecture;
  }
  if (flags.architecture === undefined && flags.preset !== "gpt1") return "gpt2";
  throw new UsageError(
    `${
      typed(flags)
    }: the feed-forward network of GPT-1 is always 4 times as wide as the model; leave the flag out, or ` +
      "take --architecture gpt2",
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
  } takes architecture ${architecture} (pre-norm): the feed-forward network of ${usual} is always ` +
    "4 times as wide as the model";
}

/** The flag for the width of the feed-forward network, as it is typed. */
function typed({ feedForwardDim, feedForwardMultiple }: FeedForwardFlags): string {
  return feedForwardMultiple === undefined
    ? `--feed-forward-dim ${feedForwardDim}`
    : `--ff-mult ${feedForwardMultiple}`;
}
