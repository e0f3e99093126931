/**
 * Every field of the `config.json` of the four families: what is read from it, with values that are read and values that are
 * refused. `docs/hugging_face.md` is made of this table, and `tests/hugging_face_fields_test.ts` tries all values.
 *
 * @module
 */
import { ACTIVATION_NAMES } from "../../checkpoints/hugging_face/shared_fields.ts";

/** A field, under its name in each family that has it. */
export interface Field {
  /** Its names, by `model_type`. */
  readonly names: Readonly<Record<string, string>>;
  /** What is read from it, or why it is not. */
  readonly meaning: string;
  /** Values that are read and written back; none of a field that is not read. */
  readonly read: readonly unknown[];
  /** Values that are refused. */
  readonly refused: readonly unknown[];
  /** Only files of these classes have it. */
  readonly classes?: RegExp;
}

const GPT = ["openai-gpt", "gpt2"], ENCODERS = ["roberta", "bert"], ALL = [...GPT, ...ENCODERS];

const named = (types: readonly string[], name: string): Field["names"] =>
  Object.fromEntries(types.map((type) => [type, name]));
const namedBoth = (gpt: string, encoder: string): Field["names"] => ({
  ...named(GPT, gpt),
  ...named(ENCODERS, encoder),
});

const SIZES = [0, -1, 1.5, "8", true], RATES = [1, -0.1, "0.1"];
const LABELLED = /ForSequenceClassification$/;

/** Fields that are read. */
export const READ_FIELDS: readonly Field[] = [
  {
    names: named(ALL, "vocab_size"),
    meaning: "the number of tokens",
    read: [20],
    refused: SIZES,
  },
  {
    names: named(GPT, "n_positions"),
    meaning: "the context length",
    read: [9],
    refused: SIZES,
  },
  {
    names: { roberta: "max_position_embeddings" },
    meaning: "the context length, and `pad_token_id` + 1 rows before it that are not used",
    read: [9],
    refused: [...SIZES, 2],
  },
  {
    names: { bert: "max_position_embeddings" },
    meaning: "the context length",
    read: [9],
    refused: SIZES,
  },
  {
    names: namedBoth("n_layer", "num_hidden_layers"),
    meaning: "the number of blocks",
    read: [3],
    refused: SIZES,
  },
  {
    names: namedBoth("n_head", "num_attention_heads"),
    meaning: "the number of heads, a divisor of the width",
    read: [1, 4],
    refused: SIZES,
  },
  { names: namedBoth("n_embd", "hidden_size"), meaning: "the width", read: [16], refused: SIZES },
  {
    names: { gpt2: "n_inner", ...named(ENCODERS, "intermediate_size") },
    meaning:
      "the width of the feed-forward network; of a GPT-2 without, four times the width. A GPT-1 always has four times the width",
    read: [5],
    refused: SIZES,
  },
  {
    names: { "openai-gpt": "afn" },
    meaning: "the activation; `gelu` is the tanh form here",
    read: ["gelu", "relu", "silu", "swish"],
    refused: ["gelu_new", "tanh", "mish", 3],
  },
  {
    names: { gpt2: "activation_function", ...named(ENCODERS, "hidden_act") },
    meaning: "the activation, under all names that transformers has for these",
    read: ACTIVATION_NAMES.map(([name]) => name),
    refused: ["mish", "relu2", "gelu_10", "linear", 3],
  },
  {
    names: namedBoth("layer_norm_epsilon", "layer_norm_eps"),
    meaning: "the number in layer normalization; without the field 1e-5, of a RoBERTa or BERT 1e-12",
    read: [1e-5, 1e-12, 1e-6],
    refused: [0, -1e-5, "1e-5"],
  },
  {
    names: namedBoth("resid_pdrop", "hidden_dropout_prob"),
    meaning: "the rate of dropout in the blocks; of a RoBERTa or BERT also of the embedding sum",
    read: [0, 0.25],
    refused: RATES,
  },
  {
    names: namedBoth("attn_pdrop", "attention_probs_dropout_prob"),
    meaning: "the rate of dropout of attention weights",
    read: [0, 0.25],
    refused: RATES,
  },
  {
    names: named(GPT, "embd_pdrop"),
    meaning: "the rate of dropout of the embedding sum",
    read: [0, 0.25],
    refused: RATES,
  },
  {
    names: named(ENCODERS, "classifier_dropout"),
    meaning: "the rate of dropout in the classification head; without the field that of the blocks",
    read: [0, 0.5],
    refused: RATES,
    classes: LABELLED,
  },
  {
    names: named(ALL, "initializer_range"),
    meaning: "the standard deviation of initial weights",
    read: [0.5],
    refused: [-1, "0.02"],
  },
  {
    names: { gpt2: "scale_attn_weights" },
    meaning: "whether attention scores are divided by the root of the width of a head",
    read: [true, false],
    refused: [1, "yes"],
  },
  {
    names: { gpt2: "scale_attn_by_inverse_layer_idx" },
    meaning: "whether the scores of layer 0, 1, 2, … are divided by 1, 2, 3, …",
    read: [false, true],
    refused: [1, "yes"],
  },
  {
    names: named(ENCODERS, "type_vocab_size"),
    meaning: "the number of token types; a single one becomes part of the positions. Without the field 2",
    read: [1, 2, 3],
    refused: SIZES,
  },
  {
    names: named(ALL, "pad_token_id"),
    meaning:
      "the id of padding; of a RoBERTa positions begin after it, of a BERT it is 0 if it is null, of a GPT only classifiers have it",
    read: [0, 5],
    refused: [-1, 1.5, 100, "1"],
    classes: /^(Roberta|Bert)|ForSequenceClassification$/,
  },
  {
    names: named(GPT, "eos_token_id"),
    meaning:
      "the token at which a generated text ends; one outside the vocabulary ends none, and without the field a GPT-2 has 50256. Null, which transformers goes on with, ends a text at `<|endoftext|>` or `</s>`",
    read: [0, 2, 50256],
    refused: [-1, 1.5, "1", [0, 1]],
    classes: /(LMHead|GPT2?)Model$/,
  },
  {
    names: named(ALL, "tie_word_embeddings"),
    meaning:
      "whether the token embedding is the output layer, too. A tied file that has another output layer is one of an untied model, as for transformers",
    read: [true, false],
    refused: ["yes", 1],
    classes: /LMHeadModel$|ForMaskedLM$|ForPreTraining$/,
  },
  {
    names: named(ALL, "id2label"),
    meaning: "the names of the classes, one or more; without the field `num_labels` counts them",
    read: [{ 0: "bad", 1: "good" }, { 0: "score" }],
    refused: ["bad", {}, { 1: "good" }, { 0: "same", 1: "same" }],
    classes: LABELLED,
  },
  {
    names: named(ALL, "problem_type"),
    meaning:
      "how logits become scores: softmax over the classes, each class for itself, or as they are. Only the first is trained here. Without the field a single class is scored for itself, as in pipelines of transformers",
    read: ["single_label_classification", "multi_label_classification", "regression"],
    refused: ["ranking", 1],
    classes: LABELLED,
  },
];

/** Fields that change nothing in what a model computes, or only what its tokenizer does. */
export const UNREAD_FIELDS: readonly { readonly fields: readonly string[]; readonly why: string }[] = [
  { fields: ["label2id"], why: "it follows from `id2label`, and is written" },
  {
    fields: ["bos_token_id", "eos_token_id"],
    why:
      "special tokens are taken from the tokenizer, but for the end of a generated text, which is written for a GPT. Besides, null is written for a GPT-2, 0 and 2 for a RoBERTa",
  },
  {
    fields: [
      "summary_type",
      "summary_use_proj",
      "summary_activation",
      "summary_proj_to_labels",
      "summary_first_dropout",
    ],
    why: "only the double-headed models have a summary, and these are refused",
  },
  {
    fields: ["reorder_and_upcast_attn", "chunk_size_feed_forward", "use_cache"],
    why: "another order of the same computation",
  },
  {
    fields: ["output_attentions", "output_hidden_states", "return_dict", "dtype"],
    why: "what a program wants of the model, not the model; all weights are read as 32-bit numbers",
  },
  { fields: ["transformers_version", "_name_or_path"], why: "where the file comes from" },
];
