/**
 * Inputs that once ended in a crash, a flood or an error of the engine: the target, the file in it, and the file's content.
 * `deno task test:fuzz` prints such a line for each failure.
 */

/** A file that once was not read as it should be. */
export interface Kept {
  /** What reads it. */
  readonly target: string;
  /** Its name. */
  readonly file: string;
  /** What it holds. */
  readonly content: string;
}

const deep = "[".repeat(20_000) + "]".repeat(20_000);
const config = { model_type: "gpt2", n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2, vocab_size: 14 };
const json = (changes: Record<string, unknown>): string => JSON.stringify({ ...config, ...changes });

/** The files. */
export const kept: readonly Kept[] = [
  ...[{ n_layer: 1e8 }, { vocab_size: 3e7 }, { n_head: 3 }, { architectures: 5 }, { n_embd: "y".repeat(1e5) }]
    .map((
      changes,
    ) => ({ target: "model gpt2", file: "config.json", content: json(changes) })),
  {
    target: "model gptClassifier",
    file: "config.json",
    content: json({ architectures: ["GPT2ForSequenceClassification"], num_labels: 1e8 }),
  },
  { target: "model gpt2", file: "config.json", content: `{"model_type": ${deep}}` },
  { target: "model gpt2", file: "config.json", content: "\u2028\u001b[31m" },
  { target: "tokenizer bpe", file: "tokenizer.json", content: `{"model": {"type": ${deep}}}` },
  {
    target: "tokenizer bpe",
    file: "tokenizer.json",
    content: '{"model":{"type":"BPE","vocab":{}},"added_tokens":[null]}',
  },
  {
    target: "tokenizer bpe",
    file: "tokenizer.json",
    content:
      '{"model":{"type":"BPE","vocab":{"a":0}},"post_processor":{"type":"RobertaProcessing","cls":["a","length"]}}',
  },
  {
    target: "tokenizer char",
    file: "tokenizer.json",
    content: '{"model":{"type":"WordLevel","vocab":{"ab":0}}}',
  },
  {
    target: "tokenizer decoder",
    file: "tokenizer_config.json",
    content: '{"added_tokens_decoder":{"1":null}}',
  },
  { target: "tokenizer decoder", file: "merges.txt", content: "\u2028\u0001" },
  { target: "tokenizer words", file: "vocab.txt", content: "" },
  {
    target: "tokenizer wordPiece",
    file: "tokenizer.json",
    content: JSON.stringify({
      normalizer: { type: "BertNormalizer" },
      pre_tokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##" },
      model: { type: "WordPiece", continuing_subword_prefix: "#".repeat(1e5), vocab: {} },
    }),
  },
  { target: "tokenizer old", file: "vocab.json", content: '{"a":16777215}' },
  { target: "state", file: "training_state.json", content: '{"step":1,"settings":null}' },
  { target: "state", file: "training_state.json", content: `{"step":1,"settings":${deep}}` },
  { target: "state", file: "training_state.json", content: '{"step":1e300}' },
  { target: "metrics", file: "metrics.jsonl", content: '{"step":1,"loss":"low"}\nnull\n5\n{"loss":1e999}\n' },
  { target: "table data.tsv", file: "data.tsv", content: "text\tconstructor\n__proto__\ttoString\n" },
  { target: "table data.csv", file: "data.csv", content: `"${"x".repeat(3e6)}",good\nbad,b\n` },
  { target: "table data.jsonl", file: "data.jsonl", content: '{"__proto__":"x","constructor":1}\n' },
  { target: "token cache", file: "train.ids", content: "MFTOKENS" + "\u0000".repeat(40) },
];
