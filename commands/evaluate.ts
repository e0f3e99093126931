/**
 * `evaluate`: how well a language model predicts a text, or fills masks in it; with `--report`, written down to be read.
 *
 * @module
 */
import { dirname } from "@std/path";
import { shortened } from "../core/quoted.ts";
import { kindOf, type ModelsByKind } from "../models/families.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";
import type { Batch } from "../data/batches.ts";
import { evaluateText } from "../inference/evaluate_text.ts";
import { evaluate as measure } from "../training/evaluate.ts";
import { loadConfig } from "../checkpoints/checkpoint.ts";
import { findModel } from "./files/block_file.ts";
import { type FoundFolder, openModel, withPathInErrors } from "./files/checkpoint_folder.ts";
import { RUNS } from "./files/own_names.ts";
import { saveFile } from "./files/save_file.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { linesOf } from "../checkpoints/runs/texts.ts";
import { explainUnknown, knownTexts } from "./texts/known_text.ts";
import { UsageError } from "./cli/errors.ts";
import { kebabCase } from "./cli/flags.ts";
import { allowWriting } from "./cli/permissions.ts";
import { TRAIN_SCHEMAS } from "./recipes/language_recipe.ts";
import { describeNames } from "./recipes/language_report.ts";
import { expectTargets } from "./recipes/objectives.ts";
import { checkEvaluationMemory, checkGenerationMemory, memoryLimits } from "./cost/memory.ts";
import { expectColours, writeColours } from "./reports/colours.ts";
import { evaluateFlags, MASKED_FLAGS } from "./reports/evaluate_flags.ts";
import { describeEvaluation } from "./reports/evaluation.ts";
import { detailsOf } from "./reports/evaluation_details.ts";
import { evaluationReport } from "./reports/evaluation_report.ts";
import { findTexts, stateOf } from "./reports/run_texts.ts";
import { skillsOn, skillTable } from "./reports/skill_table.ts";
import { ProgressLine } from "./cli/progress.ts";
import { formatFacts, formatJson, print, quote } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";

/** The command. */
export const evaluate: Command = defineCommand({
  name: "evaluate",
  summary: "Measure how well a language model predicts texts, or fills masks in them",
  examples: [
    "evaluate --checkpoint runs/my_novel --data another_novel.txt",
    "evaluate --checkpoint runs/my_novel --report",
    "evaluate --checkpoint runs/tales --colours",
    "evaluate --checkpoint runs/masked --data another_novel.txt --mask_rate 0.3 --seed 2",
    "evaluate --data another_novel.txt --json | jq .perplexity",
  ],
  flags: evaluateFlags,
  async run({ device, threads, json, report, colours, ...flags }) {
    const { checkpoint, block, data, trainingData, replaceInvalid, unknown, ...options } = flags;
    if (report !== undefined) await expectReport(report);
    else if (trainingData) throw new UsageError("--training-data is for --report: leave it out");
    const found = await findModel({ checkpoint, block }), { path } = found;
    const kind = kindOf(withPathInErrors(path, () => loadConfig(found.files, found)));
    if (kind === "classifier") {
      throw new TypeError(
        `Cannot evaluate ${path} on texts without labels: it is a classifier; deno task classify ` +
          `--checkpoint ${quote(path)} --data FILE evaluates it on texts with labels`,
      );
    }
    const unfit = Object.keys(MASKED_FLAGS).filter((name) => name !== "seed" || report === undefined)
      .find((name) => options[name as keyof typeof options] !== undefined);
    if (kind === "causal" && unfit !== undefined) {
      throw new UsageError(
        `--${kebabCase(unfit)} is for a model that fills masks; that of ${path} predicts the next token: ` +
          "leave it out",
      );
    }
    if (kind === "masked" && trainingData) {
      throw new UsageError(
        `--training-data is for a model that writes text; that of ${path} fills masks: leave it out`,
      );
    }
    if (colours !== undefined) await expectColours(colours, kind, path);
    const compared = report !== undefined && kind === "causal", { source: schema } = TRAIN_SCHEMAS;
    const asked = { data, trainingData, replaceInvalid, compared, schema, describe: describeNames };
    const askedTexts = await findTexts(found, asked);
    await withBackend({ device, threads }, async ({ backend }) => {
      const { model, tokenizer } = openModel<"causal" | "masked">(backend, found, kind);
      const { texts: evaluated, skipped } = knownTexts(tokenizer, askedTexts.evaluated, unknown);
      const lines = kind === "masked" && (options.lines ?? wasTrainedOnLines(found));
      const texts = { ...askedTexts, evaluated }, documents = lines ? linesOf(evaluated) : evaluated;
      const encode = () => explainUnknown(tokenizer, evaluated, () => encodeDocuments(tokenizer, documents));
      const ids = withPathInErrors(shortened(texts.name), encode), limits = await memoryLimits(backend);
      // progress goes to standard error, because another program may read the results
      const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(text));
      const progress = new ProgressLine({ terminal: Deno.stderr.isTerminal(), write });
      const advance = (task: string) => (done: number, total: number) => progress.advance(task, done, total);
      const lossOn = async (batches: readonly Batch[], name: string) => {
        const { contextLength, batchSize } = batches[0];
        checkEvaluationMemory({ ...model.config, contextLength }, batchSize, limits);
        expectTargets(batches, { attempt: "measure a model", tokens: ids.length, text: "text" });
        return await measure(backend, model, batches, {
          onProgress: advance(`measuring the loss on ${name}`),
        });
      };
      const talesOn = async (causal: ModelsByKind["causal"]) => {
        const { batchSize } = options, onProgress = advance("measuring the skills");
        const tales = await skillsOn(texts.evaluated, backend, causal, tokenizer, { batchSize, onProgress });
        return tales && { tales };
      };
      const examine = async () => ({
        ...{ checkpoint: path, device: backend.device, ...lines && { lines }, ...skipped && { skipped } },
        ...await evaluateText(backend, model, ids, { ...options, lines, tokenizer, lossOn }),
        ...kind === "causal" ? await talesOn(model as ModelsByKind["causal"]) : {},
        ...report === undefined ? {} : {
          report: await detailsOf(backend, model, tokenizer, {
            ...{ found, texts, ids, settings: { ...options, lines, seed: options.seed ?? 1 } },
            checkMemory: (tokens) =>
              checkGenerationMemory(
                model.config,
                { samples: 1, prompt: 1, tokens },
                limits,
                "leave out --report",
              ),
            onProgress: advance("writing samples"),
          }),
        },
      });
      const result = await examine().finally(() => progress.finish());
      const coloured = { ids, tokenizer, title: path, subtitle: texts.name, batchSize: options.batchSize };
      if (colours !== undefined) {
        const onProgress = advance("measuring each token");
        await writeColours(colours, backend, model, { ...coloured, onProgress }).finally(() =>
          progress.finish()
        );
      }
      if (report !== undefined) await saveFile(report, evaluationReport(result));
      if (json) return print(formatJson(result));
      const named: [string, string?][] = [["report", report], ["colours", colours]];
      const files = named.filter(([, file]) => file !== undefined) as [string, string][];
      print(formatFacts([["checkpoint", path], ...describeEvaluation(result), ...files], 20));
      if (result.tales) print(`\n${skillTable(result.tales)}`);
    });
  },
});

/** Whether the run that a checkpoint is from began a sequence at each line: packed full, they would be unlike all it has read. */
function wasTrainedOnLines(found: FoundFolder): boolean {
  const { settings } = stateOf(found);
  return typeof settings === "object" && settings !== null && "lines" in settings && settings.lines === true;
}

/** Refuses another file than one for Markdown, and one that may not be written. */
async function expectReport(path: string): Promise<void> {
  if (!path.endsWith(".md")) throw new RangeError(`Cannot write ${path}: expected a name that ends in .md`);
  await allowWriting(dirname(path), [RUNS]);
}
