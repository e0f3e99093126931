/**
 * A run as a zip: the folder that `deno task train` would have written, for `transformers` and for every command.
 *
 * @module
 */
import { modelFiles, trainingFiles } from "../../checkpoints/checkpoint.ts";
import { languageState, type TextSource } from "../../checkpoints/runs/run_state.ts";
import { withSums } from "../../checkpoints/sums.ts";
import { countParameters } from "../../mod.ts";
import type { Session } from "./session.ts";
import { writeZip } from "./zip.ts";

/** A zip, and the folder in it. */
export interface PackedRun {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Commands that use the folder where it is unpacked in `runs/`. */
  readonly commands: readonly string[];
}

/** Packs a run as it is now. Its text is in the zip, too, unless it is that of the tales, which every command has. */
export async function packRun(session: Session): Promise<PackedRun> {
  const { text, optimalLoss } = session.corpus.source;
  const { run, model, settings, corpus, log } = session, { backend } = run, isOwn = optimalLoss === undefined;
  const name = `${isOwn ? "text" : "tales"}-step-${run.step}`;
  const { validationFraction, replaceInvalid } = settings;
  const source: TextSource = {
    data: isOwn ? [`runs/${name}/text.txt`] : [],
    validation: [],
    ...{ validationFraction, replaceInvalid },
  };
  const { tokenizer, textFingerprint, validation } = corpus;
  const state = {
    ...languageState({ settings, source, textFingerprint, tokenizer, validationTokens: validation.length }),
    backend: { name: backend.name, device: backend.device },
    ...log.scores,
  };
  const checkpoint = withSums({
    ...await modelFiles(backend, model, run.store),
    ...tokenizer.toHuggingFace(),
    ...await trainingFiles(run, state),
  });
  const files = new Map<string, Uint8Array | string>();
  for (const [file, content] of Object.entries(checkpoint)) files.set(`${name}/last/${file}`, await content);
  files.set(`${name}/last/README.md`, cardOf(session, isOwn));
  files.set(`${name}/metrics.jsonl`, log.records.map((record) => JSON.stringify(record) + "\n").join(""));
  if (isOwn) files.set(`${name}/text.txt`, text);
  const use = session.masked ? 'fill-mask --text "…"' : "generate";
  const tasks = [`${use} --checkpoint`, ...run.step < settings.steps ? ["train --resume"] : []];
  return { name, bytes: writeZip(files), commands: tasks.map((task) => `deno task ${task} runs/${name}`) };
}

/** The model card, which the model hub of Hugging Face shows. */
function cardOf({ run, model, masked, settings }: Session, isOwn: boolean): string {
  const does = masked ? "predicts masked characters" : "predicts the next character";
  return `---
library_name: transformers
pipeline_tag: ${masked ? "fill-mask" : "text-generation"}
tags:
- miniformer
- ${settings.architecture}
---

# A ${settings.architecture} model that ${does}

Trained from random initial values on the page of Miniformer: step ${run.step} of ${settings.steps}, \
${countParameters(model).toLocaleString("en")} parameters, on ${
    isOwn ? "a text of its user's own" : "the built-in tales of Miniformer, sampled from a grammar"
  }.
`;
}
