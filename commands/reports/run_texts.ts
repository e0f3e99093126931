/**
 * The texts that a model was trained and validated on, found by what its checkpoint says about them.
 *
 * @module
 */
import type * as v from "valibot";
import { trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import { lenientJson } from "../files/disk.ts";
import type { FoundFolder } from "../files/checkpoint_folder.ts";
import { UsageError } from "../cli/errors.ts";
import { announceFiles } from "../runs/run_state.ts";
import { expectSchema, objectOf, TEXT } from "../settings/saved_settings.ts";
import { type Corpus, readCorpus, type Source } from "../texts/corpus.ts";
import { readTexts } from "../texts/files.ts";

/** The texts of an evaluation. */
export interface EvaluationTexts {
  /** What the model is evaluated on, and what that is called. */
  readonly evaluated: readonly string[];
  readonly name: string;
  /** What it was trained on, if that is asked for and known, and what that is called. */
  readonly training?: readonly string[];
  readonly trainingName?: string;
  /** Why the training text is not known. */
  readonly missing?: string;
}

/** What a checkpoint says about its run; nothing where it is not from one. */
export function stateOf({ files }: FoundFolder): Readonly<Record<string, unknown>> {
  return lenientJson(files[trainingStateName(files)]);
}

/**
 * Finds the texts of an evaluation: the given ones, otherwise those of the run that the checkpoint is from. `compared`: whether
 * the training text is needed. `describe` names the texts of a run.
 */
export async function findTexts(
  found: FoundFolder,
  { data, trainingData, replaceInvalid, compared, schema, describe }: {
    readonly data?: readonly string[];
    readonly trainingData?: readonly string[];
    readonly replaceInvalid?: boolean;
    readonly compared: boolean;
    readonly schema: v.GenericSchema;
    describe(source: Source): string;
  },
): Promise<EvaluationTexts> {
  const read = async (files: readonly string[]) =>
    (await readTexts(files, { replaceInvalid })).map(({ text }) => text);
  const given = data && { evaluated: await read(data), name: data.join(", ") };
  const training = compared && trainingData
    ? { training: await read(trainingData), trainingName: trainingData.join(", ") }
    : {};
  if (given && (!compared || trainingData)) return { ...given, ...training };
  const flag = given ? "--training-data" : "--data";
  try {
    const run = await readRunTexts(found, { schema, flag }), name = describe(run.source);
    const known = { training: run.training, trainingName: `${name}, the part to train on` };
    const ends = { evaluated: run.validation, name: `${name}, the part to validate on` };
    return { ...given ?? ends, ...compared ? known : {}, ...training };
  } catch (error) {
    const { message } = error as Error;
    if (given) return { ...given, missing: message };
    throw new UsageError(`--data is missing, and the validation text of the run cannot be taken: ${message}`);
  }
}

/** Reads the texts of the run that a checkpoint is from. The error says why they cannot be used. */
async function readRunTexts(
  found: FoundFolder,
  { schema, flag }: { readonly schema: v.GenericSchema; readonly flag: string },
): Promise<Corpus & { source: Source }> {
  const state = stateOf(found), file = trainingStateName(found.files);
  if (state.source === undefined) {
    throw new Error(
      `${found.path} does not say what it was trained on: it holds no ${file} of a run; give ${flag}`,
    );
  }
  const { source, textFingerprint } = expectSchema(
    objectOf({ source: schema, textFingerprint: TEXT }),
    state,
    `${found.path}/${file}`,
  ) as { source: Source; textFingerprint: string };
  // the names may be from an untrusted folder
  await announceFiles(found.path, [...source.data, ...source.validation], flag);
  const corpus = await readCorpus(source);
  if (corpus.fingerprint !== textFingerprint) {
    throw new Error(
      `the files that ${found.path} was trained on hold other texts now than they did then; give ${flag}`,
    );
  }
  return { ...corpus, source };
}
