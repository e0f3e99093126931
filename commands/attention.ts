/**
 * `attention`: the attention weights of each head on a text, as a picture or as JSON.
 *
 * @module
 */
import { dirname } from "@std/path";
import { attentionStack, kindOf } from "../models/families.ts";
import { type AttentionMap, attentionMaps } from "../inference/attention_maps.ts";
import { loadConfig } from "../checkpoints/checkpoint.ts";
import { findModel } from "./files/block_file.ts";
import { attentionPlot } from "../plots/attention_plot.ts";
import { openModel, withPathInErrors } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, jsonFlag, MAX, modelFlags, truncateFlag } from "./cli/common_flags.ts";
import { ANTECEDENT_FLAGS, checkAntecedentFlags, showAntecedents } from "./reports/antecedents_report.ts";
import { fitText } from "./texts/examples.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { MAX_SQUARES } from "../plots/picture.ts";
import { saveFile } from "./files/save_file.ts";
import { PICTURE_NAME, savePicture } from "./files/save_picture.ts";
import { counted, formatFacts, formatJson, print } from "./cli/terminal.ts";
import { visible } from "../core/visible.ts";
import { withBackend } from "./cli/with_backend.ts";

/** What the flags of a layer and of a head share. The bound is wide: models of other programs may have many of them. */
const INDEX_FLAG = { kind: "integer", atLeast: 1, atMost: MAX.modelDim, otherwise: "all of them" } as const;

/** Most weights in JSON: a number takes up to 24 characters, and a JavaScript string holds 2²⁹. */
const MAX_WEIGHTS = 2e7;

/** The command. */
export const attention: Command = defineCommand({
  name: "attention",
  summary: "Draw the attention weights of each head of a model on a text",
  usage: "--text TEXT [flags], or --antecedents [flags]",
  examples: [
    'attention --checkpoint runs/my_novel --text "She opened the door and she"',
    'attention --text "The king is dead" --layer 1 --head 1 --out runs/attention_head_0.png',
    'attention --text "The king is dead" --out runs/maps.json',
    "attention --checkpoint pretrained/tales --antecedents",
  ],
  flags: {
    ...modelFlags("any model", "tales"),
    text: { kind: "text", description: "a text" },
    layer: { ...INDEX_FLAG, description: "only this layer, from 1" },
    head: { ...INDEX_FLAG, description: "only this head, from 1" },
    out: {
      kind: "text",
      description: "the file to write: a picture (.svg, .png), or tokens and weights (.json)",
      placeholder: "FILE",
      otherwise: "runs/attention.svg; none with --json",
    },
    ...truncateFlag,
    ...ANTECEDENT_FLAGS,
    ...deviceFlag,
    ...jsonFlag,
  },
  async run(values) {
    checkAntecedentFlags(values);
    if (values.antecedents) return await showAntecedents(values);
    const { checkpoint, block, text = "", layer, head, out: file, truncate = false, device, threads, json } =
      values;
    const out = file ?? (json ? undefined : "runs/attention.svg");
    if (out !== undefined) {
      if (!PICTURE_NAME.test(out) && !out.endsWith(".json")) {
        throw new RangeError(`Cannot write ${out}: expected a name that ends in .svg, .png or .json`);
      }
      await allowWriting(dirname(out), [RUNS]);
    }
    const found = await findModel({ checkpoint, block }, "tales");
    const kind = kindOf(withPathInErrors(found.path, () => loadConfig(found.files, found)));
    await withBackend({ device, threads }, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, kind);
      const stack = attentionStack(model), { layers, heads, contextLength } = stack.config;
      checkChoice("layer", layer, layers);
      checkChoice("head", head, heads);
      const ids = fitText(tokenizer, { text }, {
        contextLength,
        truncate,
        addSpecialTokens: kind !== "causal",
      });
      const maps = (await attentionMaps(backend, stack, ids)).filter((map) =>
        (layer ?? map.layer + 1) === map.layer + 1 && (head ?? map.head + 1) === map.head + 1
      );
      const tokens = Array.from(ids, (id) => tokenizer.decode([id]));
      const about = { checkpoint: found.path, layers, heads };
      const result = () => formatJson({ ...about, ids, tokens, maps: rowsOf(maps, tokens.length) });
      if (out !== undefined) {
        if (PICTURE_NAME.test(out)) await savePicture(out, await draw(maps, tokens, found.path));
        else await saveFile(out, result());
      }
      if (json) return print(result());
      print(formatFacts([
        [
          "text",
          `${counted(tokens.length, "token")}: ${
            tokens.map((token) => visible(JSON.stringify(token))).join(" ")
          }`,
        ],
        ["maps", `${maps.length}, of ${counted(layers, "layer")} with ${counted(heads, "head")} each`],
        ["file", out!],
      ]));
    });
  },
});

function checkChoice(name: string, chosen: number | undefined, count: number): void {
  if (chosen !== undefined && chosen > count) {
    throw new RangeError(`There is no ${name} ${chosen}: the model has ${count}`);
  }
}

function draw(maps: readonly AttentionMap[], tokens: readonly string[], title: string): Promise<string> {
  checkSize("draw", maps, { most: MAX_SQUARES, advice: "shorten the text, or write .json" });
  return attentionPlot(maps, tokens, title);
}

/** Layers and heads from 1; of the weights a row for each query, a column for each key. */
function rowsOf(maps: readonly AttentionMap[], length: number): object[] {
  checkSize("write", maps, { most: MAX_WEIGHTS, advice: "or shorten the text" });
  return maps.map(({ layer, head, weights }) => {
    const rows = Array.from({ length }, (_, row) => weights.subarray(row * length, (row + 1) * length));
    return { layer: layer + 1, head: head + 1, weights: rows };
  });
}

function checkSize(verb: string, maps: readonly AttentionMap[], limit: { most: number; advice: string }) {
  const count = maps.reduce((sum, { weights }) => sum + weights.length, 0);
  if (count <= limit.most) return;
  throw new RangeError(
    `Cannot ${verb} ${maps.length} maps with ${count} weights, expected at most ${limit.most}: ` +
      `choose with --layer and --head, ${limit.advice}`,
  );
}
