/** Valid files of every kind that is read, small ones: what mutations begin with. */

import { chooseSettings, withLength } from "../../commands/settings/settings.ts";
import type { TrainFlags } from "../../commands/settings/train_flags.ts";
import {
  buildModel,
  CharTokenizer,
  CpuBackend,
  type Experiment,
  initialize,
  MASKED_SPECIAL_TOKENS,
  type ModelConfig,
  modelFiles,
  NoPositions,
  trainBpe,
  trainingFiles,
} from "../../mod.ts";
import { writeTokenFile } from "../../tokenizers/token_file.ts";
import { newRun } from "../_training.ts";
import { Gpt, type GptConfig } from "../../models/gpt.ts";

/** Files by name. */
export type Files = Record<string, Uint8Array<ArrayBuffer>>;

const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 16, dropoutRate: 0 };
const story = "the cat sat on the mat, and the rat sat on the cat.\n".repeat(12);

/** The same files as bytes. */
export function toBytes(files: Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>): Files {
  const encoder = new TextEncoder();
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) =>
      [name, typeof content === "string" ? encoder.encode(content) : content] as const
    ),
  );
}

/** The experiment of the corpus: a model without positions. */
export const EXPERIMENT: Experiment = { name: "mine", positions: () => new NoPositions() };

async function checkpoint(
  config: ModelConfig,
  tokenizer: Record<string, string>,
  experiment?: Experiment,
): Promise<Files> {
  const backend = new CpuBackend(),
    model = buildModel(config, experiment),
    store = initialize(backend, model, 1);
  return toBytes({ ...await modelFiles(backend, model, store), ...tokenizer });
}

/** Everything that the targets read. */
export interface Corpus {
  /** Folders with a model and its tokenizer, by the kind of model. */
  readonly models: Readonly<Record<string, Files>>;
  /** A model with an experiment. */
  readonly experiment: Files;
  /** Settings for --config. */
  readonly settings: Files;
  /** Folders with a tokenizer. */
  readonly tokenizers: Readonly<Record<string, Files>>;
  /** The checkpoint of a run. */
  readonly run: Files;
  /** Tables of labelled texts. */
  readonly tables: Files;
  /** The records of a run. */
  readonly metrics: Files;
  /** A cache of ids. */
  readonly tokens: Files;
}

/** A small vocabulary of a BERT, and its tokenizer.json. */
const PIECES = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "the",
  "cat",
  "sat",
  "on",
  "##s",
  "na",
  "##ive",
  ".",
];
const WORD_PIECE = {
  version: "1.0",
  added_tokens: PIECES.slice(0, 5).map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: {
    ...{ type: "BertNormalizer", clean_text: true, handle_chinese_chars: true },
    ...{ strip_accents: null, lowercase: true },
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    ...{
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    },
    vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])),
  },
};

/** The state that `train` would have saved. */
function runState(): Record<string, unknown> {
  const none = {} as TrainFlags;
  return {
    settings: withLength(chooseSettings(none, "tiny"), none, 1),
    source: { data: ["story.txt"], validation: [], validationFraction: 0.1, replaceInvalid: false },
    textFingerprint: "0123456789abcdef",
    tokenizerFingerprint: "0123456789abcdef",
    backend: { name: "cpu", device: "CPU reference, 32-bit floats" },
    best: { step: 1, validationLoss: 2 },
  };
}

/** Makes the valid files. */
export async function makeCorpus(): Promise<Corpus> {
  const char = CharTokenizer.fromText(story),
    masked = CharTokenizer.fromText(story, {
      specialTokens: MASKED_SPECIAL_TOKENS,
    });
  const bpe = await trainBpe([story], { vocabSize: 270, specialTokens: MASKED_SPECIAL_TOKENS });
  const bpeFiles = bpe.toHuggingFace(), { "tokenizer.json": _, ...old } = bpeFiles;
  const small = { ...sizes, vocabSize: char.vocabSize }, labels = ["bad", "good"];
  const gpt: ModelConfig = { ...small, architecture: "gpt2" };
  const tiny: GptConfig = { ...small, vocabSize: 11, contextLength: 8, architecture: "gpt1" };
  const run = newRun(new CpuBackend(), new Gpt(tiny));
  const record = { step: 1, epoch: 0.5, loss: 2.5, gradientNorm: 1, learningRate: 0.01, seconds: 0.1 };
  const lines = Array.from(
    { length: 12 },
    (_, i) =>
      JSON.stringify({ ...record, step: i + 1, ...i % 4 === 3 ? { validationLoss: 2, accuracy: 0.5 } : {} }),
  );
  return {
    models: {
      gpt1: await checkpoint({ ...small, architecture: "gpt1" }, char.toHuggingFace()),
      gpt2: await checkpoint(gpt, char.toHuggingFace()),
      gpt2Bpe: await checkpoint({ ...gpt, vocabSize: bpe.vocabSize, tied: false }, bpeFiles),
      roberta: await checkpoint(
        { ...small, architecture: "roberta", vocabSize: masked.vocabSize },
        masked.toHuggingFace(),
      ),
      robertaClassifier: await checkpoint(
        { ...small, architecture: "roberta", vocabSize: masked.vocabSize, labels },
        masked.toHuggingFace(),
      ),
      robertaOtherwise: await checkpoint(
        {
          ...{
            ...small,
            architecture: "roberta",
            vocabSize: masked.vocabSize,
            tied: false,
            padId: 3,
            tokenTypes: 2,
          },
          ...{ normEpsilon: 1e-12, activation: "silu", attentionDropoutRate: 0.1 },
        },
        masked.toHuggingFace(),
      ),
      bert: await checkpoint(
        { ...small, architecture: "bert", vocabSize: masked.vocabSize, tokenTypes: 2 },
        masked.toHuggingFace(),
      ),
      gptClassifier: await checkpoint({ ...gpt, vocabSize: 64, labels, padId: 1 }, char.toHuggingFace()),
    },
    experiment: await checkpoint({ ...small, architecture: "gpt1" }, char.toHuggingFace(), EXPERIMENT),
    settings: toBytes({ "run.json": JSON.stringify(runState()) }),
    tokenizers: {
      char: toBytes(char.toHuggingFace()),
      masked: toBytes(masked.toHuggingFace()),
      bpe: toBytes({ "tokenizer.json": bpeFiles["tokenizer.json"] }),
      old: toBytes({ ...old, "added_tokens.json": '{"<mask>": 4, "[NEW]": 270}' }),
      decoder: toBytes({
        "vocab.json": bpeFiles["vocab.json"],
        "merges.txt": bpeFiles["merges.txt"],
        "tokenizer_config.json":
          '{"add_prefix_space":true,"added_tokens_decoder":{"4":{"content":"<mask>","lstrip":true}}}',
      }),
      wordPiece: toBytes({ "tokenizer.json": JSON.stringify(WORD_PIECE) }),
      wordPieceAsItIs: toBytes({
        "tokenizer.json": JSON.stringify(WORD_PIECE),
        "tokenizer_config.json":
          '{"tokenizer_class":"PreTrainedTokenizerFast","clean_up_tokenization_spaces":true}',
      }),
      words: toBytes({
        "vocab.txt": PIECES.join("\n") + "\n",
        "tokenizer_config.json":
          '{"tokenizer_class":"BertTokenizer","do_lower_case":false,"strip_accents":null}',
      }),
      mixed: toBytes({
        "tokenizer.json": bpeFiles["tokenizer.json"],
        "tokenizer_config.json": '{"tokenizer_class":"RobertaTokenizer","additional_special_tokens":["cat"]}',
        "special_tokens_map.json": '{"mask_token":{"content":"<mask>","lstrip":true},"bos_token":"<s>"}',
        "added_tokens.json": '{"[NEW]":270}',
      }),
    },
    run: toBytes({
      ...await modelFiles(run.backend, { config: tiny, experiment: undefined }, run.store),
      ...await trainingFiles(run, runState()),
    }),
    tables: toBytes({
      "data.tsv": "label\tsentence\ngood\ta fine film\nbad\ta dull film\ngood\tfunny\n",
      "pairs.tsv": "one\ttwo\tyes\nthree\tfour\tno\n",
      "data.csv": '"a ""good"", long\nfilm",good\nbad film,bad\n',
      "data.jsonl":
        '{"text": "a fine film", "label": "good"}\n{"text": "dull", "pair": "film", "label": 0}\n',
      "plain.txt": "a fine film\na dull film\n",
    }),
    metrics: toBytes({ "metrics.jsonl": lines.join("\n") + "\n" }),
    tokens: toBytes({
      "train.ids": writeTokenFile({
        ids: char.encode(story),
        tokenizer: char.fingerprint,
        text: "0".repeat(16),
      }),
    }),
  };
}
