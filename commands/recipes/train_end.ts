/**
 * How `train` ends: the loss curve, the loss on the whole validation text, and what to type next.
 *
 * @module
 */
import type { Batch } from "../../data/batches.ts";
import type { Preset } from "../../training/presets.ts";
import type { MaskedPreset } from "../../training/roberta_presets.ts";
import type { Corpus, EncodedCorpus, Source } from "../texts/corpus.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { countTargets, measure } from "../runs/measure.ts";
import type { Lesson } from "./objectives.ts";
import { type PresetName, presets } from "../settings/presets.ts";
import { describeStop } from "../runs/stopped.ts";
import { formatDuration, formatFacts, outputColumns, quote } from "../cli/terminal.ts";
import type { TrainLoop } from "../runs/train_loop.ts";
import { validationBaselines } from "./train_report.ts";
import { wrapText } from "../cli/wrap.ts";

/**
 * Ends a run.
 *
 * @param loop the loop, after its last step
 * @param corpus the texts
 * @param encoded their ids
 * @param options `lesson`: what was learned; `seen`: batches of what was learned from; `source`: where the texts are; `preset`: the name of the preset
 */
export async function endRun(
  loop: TrainLoop,
  corpus: Corpus,
  encoded: EncodedCorpus,
  options: { lesson: Lesson; seen: readonly Batch[]; source: Source; preset: string },
): Promise<void> {
  const { run, model, settings, folder, interrupt, progress, best } = loop;
  const { lesson, source, preset: presetName } = options, { steps } = settings;
  const levels = validationBaselines(corpus, encoded, model.config.vocabSize);
  const optimal = levels.find(({ name }) => name === "optimal");
  await folder.draw({
    title: folder.path,
    subtitle: `step ${run.step} of ${steps}`,
    reference: optimal && { loss: optimal.loss, label: optimal.name },
  }).catch((error) => printDiagnostic(`The loss curve could not be drawn: ${error.message}`));

  const stopped = () => interrupt.status !== undefined;
  const lossOn = async (name: string, batches: readonly Batch[]) => {
    const onProgress = (done: number, total: number) =>
      progress.advance(`measuring the loss on ${name}`, done, total);
    if (stopped()) return undefined;
    return await measure(run.backend, model, batches, { stopped, onProgress }).finally(() =>
      progress.finish()
    );
  };
  const everything = lesson.measured("validation");
  const whole = await lossOn("the whole validation text", everything);
  const seen = await lossOn("training text", options.seen);
  const { masks } = lesson, hidden = masks?.oneByOne(mostHidden);
  const alone = hidden && await lossOn("tokens hidden one by one", hidden);
  if (whole === undefined || seen === undefined || hidden && alone === undefined) {
    Deno.exitCode = interrupt.status!;
    const evaluate = `evaluate --checkpoint ${quote(`${folder.path}/last`)}`;
    const next = { train: "train", measure: evaluate, validation: source.validation };
    loop.output.print("\n" + wrapText(describeStop(loop, next), outputColumns()));
    return;
  }
  const seconds = folder.records.at(-1)?.seconds ?? 0, tokens = encoded.validation.length;
  const facts: [string, string][] = [["done", `step ${run.step} of ${steps}, ${formatDuration(seconds)}`]];
  const loss = `validation ${whole.toFixed(4)} nats a token (perplexity ${perplexity(whole)}`;
  if (masks && hidden && alone !== undefined) {
    const asked = countTargets(everything), askedAlone = countTargets(hidden);
    const unigram = (batches: readonly Batch[]) => perplexity(masks.unigram(batches));
    facts.push(
      ["loss", `${loss}) on ${asked} of ${tokens} tokens, training ${seen.toFixed(4)}`],
      ["pseudo", `perplexity ${perplexity(alone)}, hiding one token after the other (${askedAlone} of them)`],
      ["unigram", `perplexity ${unigram(everything)} and ${unigram(hidden)}, by how often each token occurs`],
    );
  } else {
    facts.push(["loss", `${loss}) on all ${tokens} tokens, training ${seen.toFixed(4)}`]);
  }
  const preset: Preset | MaskedPreset | undefined = presets[presetName as PresetName];
  if (optimal) {
    facts.push(["optimal", `${optimal.loss.toFixed(4)}, gap ${(whole - optimal.loss).toFixed(4)}`]);
  } else if (preset && "expectation" in preset && preset.expectation) {
    facts.push(["expect", preset.expectation]);
  }
  if (best && best.step < run.step) facts.push(["best", `step ${best.step}, kept in ${folder.path}/best`]);
  facts.push(
    ["files", await folder.describe()],
    hidden ? ["fill", fillLine(folder.path, corpus)] : ["write", generateLine(folder.path, corpus)],
  );
  if (run.step < steps) facts.push(["go on", `deno task train --resume ${quote(folder.path)}`]);
  loop.output.print("\n" + formatFacts(facts));
}

/** The most tokens that are hidden one by one: each takes a pass of its own. */
const mostHidden = 512;

const perplexity = (loss: number): string => Math.exp(loss).toPrecision(4);

/** A command line that writes text, with a prompt of words that the model has not seen in training. */
function generateLine(path: string, { validation }: Corpus): string {
  const words = validation.join("").slice(0, 10_000).match(/(?<!\S)\p{Lu}\p{Ll}+(?: \p{Ll}+){1,2}(?=[ ])/u)
    ?.[0];
  return `deno task generate --checkpoint ${quote(path)}${words ? ` --prompt "${words}"` : ""} ` +
    "--temperature 0.8 --max_new_tokens 300";
}

/** A command line that fills a mask, in words that the model has not seen in training. */
function fillLine(path: string, { validation }: Corpus): string {
  const words = validation.join("").slice(0, 10_000).match(/(?<!\S)\p{L}+(?: \p{L}+){4}(?!\S)/u)?.[0];
  const text = words ? words.replace(/ \p{L}+(?= \p{L}+$)/u, " <mask>") : "<mask>";
  return `deno task fill-mask --checkpoint ${quote(path)} --text "${text}"`;
}
