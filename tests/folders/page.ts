/**
 * Writes `docs/hugging_face.md` from the tables of what is read and refused.
 *
 *     deno run -R -W tests/folders/page.ts
 *
 * @module
 */
import { FIXED_FIELDS } from "../../checkpoints/hugging_face/shared_fields.ts";
import { READ_FIELDS, UNREAD_FIELDS } from "./fields.ts";

const code = (value: unknown) => `\`${JSON.stringify(value)}\``;
const list = (values: readonly unknown[]) => values.map(code).join(", ");

const TYPES = ["openai-gpt", "gpt2", "roberta", "bert"];

/** The name of a field in each family, in the order of TYPES. */
function cells(names: Readonly<Record<string, string>>): string {
  return TYPES.map((type) => names[type] ? `\`${names[type]}\`` : "—").join(" | ");
}

/** The page as text. */
export function huggingFacePage(): string {
  const read = READ_FIELDS.map(({ names, meaning, read, refused }) =>
    `| ${cells(names)} | ${meaning} | ${list(read)} | ${list(refused)} |`
  );
  const fixed = FIXED_FIELDS.map(({ field, modelTypes, supported, why }) =>
    `| \`${field}\` | ${modelTypes.join(", ")} | ${
      supported === undefined ? "absent, null or empty" : code(supported)
    } | ${why} |`
  );
  const unread = UNREAD_FIELDS.map(({ fields, why }) =>
    `| ${fields.map((field) => `\`${field}\``).join(", ")} | ${why} |`
  );
  return `# Hugging Face folders: what is read, and what is refused

<!-- made by tests/folders/page.ts from the tables that the tests try: change those, not this page -->

A folder is read if what we compute from it is what \`transformers\` computes. Everything else is refused in one line with
the name of the field or tensor, its value, and what is supported. What is read is written back, so that \`transformers\`
computes the same from the copy. \`deno task test:folders --python PYTHON\` draws 200 configurations of each family, with
weights in one file or several and in 16, 32 or 64 bits, and compares outputs both ways: they may differ by 1e-5 of the
largest. The same seed draws the same folders.

## Models

| \`model_type\` | \`architectures\` | read as |
|---|---|---|
| \`openai-gpt\` | \`OpenAIGPTLMHeadModel\` | a causal language model |
| | \`OpenAIGPTModel\` | the same, with its tied head; it is written as \`OpenAIGPTLMHeadModel\` |
| | \`OpenAIGPTForSequenceClassification\` | a classifier |
| \`gpt2\` | \`GPT2LMHeadModel\`, \`GPT2Model\`, \`GPT2ForSequenceClassification\` | the same |
| \`roberta\` | \`RobertaForMaskedLM\` | a masked language model |
| | \`RobertaModel\` | an encoder without a language head, to fine-tune a classifier from; its pooler is not kept |
| | \`RobertaForSequenceClassification\` | a classifier |
| \`bert\` | \`BertForMaskedLM\` | a masked language model |
| | \`BertForPreTraining\` | the same, without what tells whether one sentence follows another; it is written as \`BertForMaskedLM\` |
| | \`BertModel\` | an encoder without a language head, with its pooler |
| | \`BertForSequenceClassification\` | a classifier of single texts |

Other values of either are refused. A file without \`architectures\` is read as the first of its family.

## Fields of config.json that are read

Columns 1 to 4 are the names of the field in the four families. The values, as JSON, are those that the tests try.

| openai-gpt | gpt2 | roberta | bert | what it is | read | refused, for example |
|---|---|---|---|---|---|---|
${read.join("\n")}

## Fields with one supported value

| field | \`model_type\` | supported | why others are refused |
|---|---|---|---|
${fixed.join("\n")}

## Fields that are not read

They change nothing in what a model computes. Nor do fields that are not in any of these tables.

| fields | why |
|---|---|
${unread.join("\n")}

## Weights

| file | what happens |
|---|---|
| \`model.safetensors\` | read: F64, F32, F16 and BF16, all as 32-bit floats, which are also written |
| \`model.safetensors.index.json\` | its shards are read where there is no \`model.safetensors\`; a name that leads out of the folder is refused, a missing shard is named |
| \`pytorch_model.bin\` | refused with the command that converts it, since such a file can run code |

Names of tensors may lack their prefix (\`transformer.\`, \`roberta.\`, \`bert.\`), and \`LayerNorm\` may have \`gamma\` and \`beta\`, as in
the oldest files. Causal masks, counted positions and a RoBERTa's pooler are left out; every other tensor that has no place in
the model is refused by name, and so is one that is missing, has another shape, or holds a number that is not finite. An untied
RoBERTa or BERT has two biases of the output layer, of which that of the decoder counts, as for transformers. Files of a BERT's
language model on the hub have a pooler: \`finetune\` begins with it, and it is left out when the language model is saved.

## Tokenizers

Byte-level BPE is read from \`tokenizer.json\`, or from \`vocab.json\` with \`merges.txt\`. Which special tokens there are, and
whether \`<mask>\` takes the space before it, follows the rules of transformers 5 for every mixture of these with
\`tokenizer_config.json\`, \`special_tokens_map.json\` and \`added_tokens.json\`; 288 mixtures are compared. In particular, a
RoBERTa with \`vocab.json\` and \`merges.txt\` alone encodes a space before \`<mask>\` as a token, since nothing says otherwise.
\`tokenizer.json\` counts alone where \`tokenizer_class\` is \`PreTrainedTokenizerFast\` or another class that uses it as it is.

A BERT's WordPiece is read from \`tokenizer.json\` or \`vocab.txt\`, with the files beside them, and written back as the files that
were read. \`BertTokenizer\` takes the vocabulary alone from them: whether letters become lower case, accents go and Chinese
characters are separated is what \`do_lower_case\`, \`strip_accents\` and \`tokenize_chinese_chars\` in \`tokenizer_config.json\`
say; 74 mixtures are compared, ids and decoded texts. Some 600 punctuation and combining marks of rare scripts, which Unicode has
had only since later versions than 8, follow the engine's Unicode here and version 8 there. Pairs of texts are refused, since a
BERT tells the two apart by token types.

## Pipelines

Our commands answer as the pipelines of transformers do, on its folders and on ours: \`generate --temperature 0\` has the ids of
\`text-generation\` with \`do_sample=False\`, \`fill-mask\` and \`classify\` have the tokens, classes and scores of the pipelines of
these names, to 1e-5. \`tests/pipelines_test.ts\` compares them. What differs:

- A text may outgrow the context: \`generate\` then continues from its last tokens, transformers stops with an error.
- \`generate\` prints special tokens, but not the one that ends a text; the pipeline leaves all of them out unless
  \`skip_special_tokens=False\` is given.
- \`generation_config.json\` is not read. Folders that \`save_pretrained\` writes have the end of a text in \`config.json\`, too.

## Onward to ONNX and transformers.js

\`optimum\` writes a folder of ours as ONNX, and transformers.js answers from that as our commands do: the same ids, and scores
to 1e-5.

    pip install "optimum-onnx[onnxruntime]"
    optimum-cli export onnx --model runs/mine/last --task text-generation-with-past runs/mine/last/onnx

Masked models are exported for \`--task fill-mask\`, classifiers for \`--task text-classification\`. Then, in JavaScript:

    import { env, pipeline } from "npm:@huggingface/transformers@4.3.1";
    Object.assign(env, { allowRemoteModels: false, localModelPath: "runs/" });
    const run = await pipeline("text-generation", "mine/last", { dtype: "fp32" });
    console.log(await run("The cat", { do_sample: false, max_new_tokens: 30 }));

| model | exported | in transformers.js |
|---|---|---|
| GPT-2, characters or byte pairs | yes | the same ids |
| GPT-2 classifier | yes | refused: \`Unsupported model type: gpt2\` |
| RoBERTa and its classifiers, characters or byte pairs | yes | the same scores; of several masks the first is filled |
| GPT-1 and its classifiers | refused: optimum has no converter for \`openai-gpt\` | |

After more training, export again: a save replaces the checkpoint, and leaves \`onnx/\` in it as it is. Texts must fit into the
context. Tried with optimum-onnx 0.1.0 (optimum 2.1.0, transformers 4.57.6, torch 2.13.0, onnx 1.23.2) and transformers.js 4.3.1
in Deno 2.9.6 and Node 20; \`MINIFORMER_OPTIMUM_PYTHON=PYTHON deno test -P=test tests/onnx_test.ts\` tries it again.
`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../../docs/hugging_face.md", import.meta.url), huggingFacePage());
}
