/**
 * The runs of a lab, checked before the first of them starts: the flags of each variant over those of the lab, by the
 * definitions of `train` itself; its texts; and the file with its block.
 *
 * @module
 */
import { basename, fromFileUrl, relative } from "@std/path";
import { estimateFlops } from "../../training/flops.ts";
import { UsageError } from "../cli/errors.ts";
import { kebabCase } from "../cli/flags.ts";
import { parseFlags } from "../cli/parse_flags.ts";
import { readBytes } from "../files/disk.ts";
import { expectFile } from "../files/open_file.ts";
import { languageConfig, VALIDATION_FRACTION } from "../../checkpoints/runs/language_settings.ts";
import { sumOf } from "../../checkpoints/sums.ts";
import { ALTERNATIVES, readConfig } from "../settings/config_file.ts";
import { choosePreset } from "../settings/presets.ts";
import { chooseSettings } from "../settings/settings.ts";
import { type TrainFlags, trainFlags } from "../settings/train_flags.ts";
import { chooseData } from "../texts/chosen_data.ts";
import { type Corpus, readCorpus, type Source } from "../texts/corpus.ts";
import type { LabDescription, Variant } from "../lab_report/lab_types.ts";

/** Where the runs of a lab compute. */
export type LabDevice = "wasm" | "webgpu" | "cpu";

/** A variant whose flags, texts and block have been checked. */
export interface PlannedVariant {
  readonly variant: Variant;
  /** The values of its flags and of those of the lab. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The same as they are typed, without the block. */
  readonly flags: readonly string[];
  readonly block?: { readonly path: string; readonly name: string; readonly sha256: string };
  /** Changes when the texts do. */
  readonly textFingerprint: string;
  readonly steps: number;
  /** Floating-point operations of all steps, about: only the time left is estimated from it. */
  readonly work: number;
}

/** Flags that the lab sets itself, or that would end a run early. */
export const OWN_FLAGS: readonly string[] = [
  "name",
  "out",
  "resume",
  "dryRun",
  "stopAfter",
  "seed",
  "device",
  "threads",
];

/** What is said about one of them. */
export const ownFlagError = (name: string): UsageError =>
  new UsageError(`--${kebabCase(name)} cannot be given: a lab sets it for each run`);

/** What a variant may be called: its name becomes that of a folder. */
const NAME = /^[A-Za-z0-9][\w.+=-]*$/;

/** With its seed it is still a name that every disk takes. */
const LONGEST_NAME = 200;

/** About as many tokens as a text of characters has; only the time is estimated from it. */
const USUAL_VOCABULARY = 40;

/** Checks all variants of a lab. The error names the variant where there are several. */
export async function planVariants(
  { flags, variants }: Pick<LabDescription, "flags" | "variants">,
  device: LabDevice,
): Promise<PlannedVariant[]> {
  const corpora = new Map<string, Promise<Corpus>>(), planned: PlannedVariant[] = [];
  const corpusOf = (source: Source): Promise<Corpus> => {
    const key = JSON.stringify(source), corpus = corpora.get(key) ?? readCorpus(source);
    corpora.set(key, corpus);
    return corpus;
  };
  for (const variant of variants) {
    if (!NAME.test(variant.name) || planned.some(({ variant: { name } }) => name === variant.name)) {
      throw new Error(`Cannot run two variants or a folder called "${variant.name}"`);
    }
    if (variant.name.length > LONGEST_NAME) {
      throw new UsageError(
        `Cannot make the folder of a run called "${variant.name}": expected at most ${LONGEST_NAME} characters; ` +
          "sweep fewer flags at once, or shorten the names of files",
      );
    }
    try {
      planned.push(await planVariant(flags, variant, device, corpusOf));
    } catch (error) {
      if (variants.length > 1) (error as Error).message = `${variant.name}: ${(error as Error).message}`;
      throw error;
    }
  }
  return planned;
}

async function planVariant(
  common: readonly string[],
  variant: Variant,
  device: LabDevice,
  corpusOf: (source: Source) => Promise<Corpus>,
): Promise<PlannedVariant> {
  const own = given(parseFlags(trainFlags, variant.flags)), lab = given(parseFlags(trainFlags, common));
  const unfit = OWN_FLAGS.find((name) => name in own || name in lab);
  if (unfit) throw ownFlagError(unfit);
  const replaced = ALTERNATIVES.filter((names) => names.some((name) => name in own)).flat();
  const kept = Object.entries(lab).filter(([name]) => !replaced.includes(name));
  const typed = { ...Object.fromEntries(kept), ...own } as TrainFlags;
  const { config, ...filled } = await readConfig(trainFlags, typed);
  const configured = Object.fromEntries(
    Object.entries(filled).filter(([name]) => !OWN_FLAGS.includes(name)),
  ) as Partial<TrainFlags>;
  const { data } = await chooseData({ ...configured, config });
  // without --data a file that appears later would be trained on
  const { block: file, ...settings } = given({ ...configured, data: configured.data ?? data });
  const source: Source = {
    data: data ?? [],
    validation: configured.validation ?? [],
    validationFraction: configured.validationFraction ?? VALIDATION_FRACTION,
    replaceInvalid: configured.replaceInvalid ?? false,
  };
  const corpus = await corpusOf(source);
  return {
    ...{ variant, settings, flags: flagsOf(settings), textFingerprint: corpus.fingerprint },
    block: await blockOf(variant.block ?? file as string | undefined),
    ...sizesOf(settings as TrainFlags, corpus, source.data.length > 0, device),
  };
}

/** The values of flags that are given. */
function given(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Values of flags of `train` as they are typed. */
export function flagsOf(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const typed = `--${kebabCase(name)}`;
    if (typeof value === "boolean") return [value ? typed : `--no-${kebabCase(name)}`];
    return [value].flat().map((value) => `${typed}=${value}`);
  });
}

/** The file of a block, given by its path or URL, and its SHA-256. */
async function blockOf(file: string | undefined): Promise<PlannedVariant["block"]> {
  if (file === undefined) return undefined;
  if (/^https?:/.test(file)) {
    throw new Error(
      `its block is ${file}, and blocks are read from disk: run the lab in a copy of the project, or leave this variant ` +
        "out with --only",
    );
  }
  const path = file.startsWith("file:") ? relative(Deno.cwd(), fromFileUrl(new URL(file))) : file;
  await expectFile(path);
  return { path, name: basename(path), sha256: await sumOf(await readBytes(path)) };
}

/** How long a run is. It throws where flags do not fit together, as `train` does. */
function sizesOf(
  flags: TrainFlags,
  { training, validation }: Corpus,
  isOwn: boolean,
  device: LabDevice,
): Pick<PlannedVariant, "steps" | "work"> {
  const lengthOf = (texts: readonly string[]) => texts.reduce((sum, { length }) => sum + length, 0);
  const characters = isOwn ? lengthOf([...training, ...flags.validation ? [] : validation]) : undefined;
  const hardwareGpu = device === "webgpu";
  const settings = chooseSettings(flags, choosePreset(flags, { characters, hardwareGpu }));
  const { batchSize, contextLength, accumulation } = settings;
  const perStep = batchSize * contextLength * accumulation;
  const { epochs } = flags;
  const steps = epochs === undefined ? settings.steps : Math.ceil(epochs * lengthOf(training) / perStep);
  const config = languageConfig(settings, flags.vocabSize ?? USUAL_VOCABULARY);
  return { steps, work: steps * accumulation * estimateFlops(config, { batchSize, contextLength }) };
}
