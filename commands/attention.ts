/**
 * `attention`: what each head of a model looks at while it reads a text.
 *
 * @module
 */
import { dirname } from "@std/path";
import { kindOf, type ModelKind } from "../models/families.ts";
import { GptClassifier } from "../models/gpt_classifier.ts";
import type { RobertaClassifier } from "../models/roberta_classifier.ts";
import { Gpt } from "../models/gpt.ts";
import type { MaskedLanguageModel } from "../models/roberta.ts";
import { type AttentionMap, attentionMaps, type ObservableModel } from "../inference/attention_maps.ts";
import { loadConfig } from "../checkpoints/checkpoint.ts";
import { attentionPlot } from "./pictures/attention_plot.ts";
import {
  findCheckpoint,
  type ModelsByKind,
  naming,
  newestRun,
  openModel,
} from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { checkpointFlag, deviceFlag, MOST, truncateFlag } from "./cli/common_flags.ts";
import { fitText } from "./texts/fit_text.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { MOST_SQUARES } from "./pictures/picture.ts";
import { saveFile } from "./files/save_file.ts";
import { formatFacts, print } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";

/** What the flags of a layer and of a head share. Models from other programs may have more than ours, so the bound is wide. */
const INDEX_FLAG = { kind: "integer", atLeast: 1, atMost: MOST.modelDim, otherwise: "all of them" } as const;

/** The command. */
export const attention: Command = defineCommand({
  name: "attention",
  summary: "Draw what each head of a model looks at while it reads a text",
  usage: "--text TEXT [flags]",
  examples: [
    'attention --checkpoint runs/my_novel --text "She opened the door and she"',
    'attention --text "The king is dead" --layer 2 --head 1 --out head.json',
  ],
  flags: {
    ...checkpointFlag("any model"),
    text: { kind: "text", description: "a text", required: true },
    layer: { ...INDEX_FLAG, description: "only this layer, from 1" },
    head: { ...INDEX_FLAG, description: "only this head, from 1" },
    out: {
      kind: "text",
      description: "the file to write: a picture (.svg), or tokens and weights (.json)",
      placeholder: "FILE",
      default: "runs/attention.svg",
    },
    ...truncateFlag,
    ...deviceFlag,
  },
  async run({ checkpoint, text, layer, head, out, truncate = false, device }) {
    if (!/\.(svg|json)$/.test(out)) {
      throw new RangeError(`Cannot write ${out}: expected a name that ends in .svg or .json`);
    }
    await allowWriting(dirname(out), [RUNS]);
    const found = await findCheckpoint(checkpoint ?? await newestRun());
    const kind = kindOf(naming(found.path, () => loadConfig(found.files)));
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, kind);
      const stack = stackOf(model), { layers, heads, contextLength } = stack.config;
      checkChoice("layer", layer, layers);
      checkChoice("head", head, heads);
      const whole = tokenizer.encode(text, { addSpecialTokens: kind !== "causal" });
      if (whole.length === 0) throw new Error("There is nothing to read: the text is empty");
      const ids = fitText(whole, contextLength, truncate);
      const maps = (await attentionMaps(backend, stack, ids)).filter((map) =>
        (layer ?? map.layer + 1) === map.layer + 1 && (head ?? map.head + 1) === map.head + 1
      );
      const tokens = Array.from(ids, (id) => tokenizer.decode([id]).replaceAll("\n", "↵"));
      await saveFile(
        out,
        out.endsWith(".json") ? asJson(maps, tokens) : await draw(maps, tokens, found.path),
      );
      print(formatFacts([
        ["read", `${tokens.length} tokens: ${tokens.map((token) => JSON.stringify(token)).join(" ")}`],
        ["maps", `${maps.length}, of ${layers} layers with ${heads} heads each`],
        ["file", out],
      ]));
    });
  },
});

/** The part of a model that reads. */
function stackOf(model: ModelsByKind[ModelKind]): ObservableModel {
  if (model instanceof Gpt) return model;
  if (model instanceof GptClassifier) return model.gpt;
  return (model as MaskedLanguageModel | RobertaClassifier).encoder;
}

function checkChoice(name: string, chosen: number | undefined, count: number): void {
  if (chosen !== undefined && chosen > count) {
    throw new RangeError(`There is no ${name} ${chosen}: the model has ${count}`);
  }
}

function draw(maps: readonly AttentionMap[], tokens: readonly string[], title: string): Promise<string> {
  const squares = maps.length * tokens.length ** 2;
  if (squares > MOST_SQUARES) {
    throw new RangeError(
      `Cannot draw ${maps.length} maps of ${tokens.length} tokens: that is ${squares} squares, and ` +
        `${MOST_SQUARES} are the most; choose with --layer and --head, shorten the text, or write .json`,
    );
  }
  return attentionPlot(maps, tokens, title);
}

/** Layers and heads from 1; a row of weights for each token that reads. */
function asJson(maps: readonly AttentionMap[], tokens: readonly string[]): string {
  const { length } = tokens;
  const rows = (weights: Float32Array) =>
    tokens.map((_, row) => Array.from(weights.subarray(row * length, (row + 1) * length)));
  return JSON.stringify({
    tokens,
    maps: maps.map(({ layer, head, weights }) => ({
      layer: layer + 1,
      head: head + 1,
      weights: rows(weights),
    })),
  });
}
