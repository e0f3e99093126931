import { assertEquals, assertThrows } from "@std/assert";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { WordPieceTokenizer } from "../tokenizers/wordpiece/wordpiece_tokenizer.ts";

/** A text: where its ids are, and its decoded texts with and without special tokens. */
type Sample = [ids: number, decoded: number, skipped: number];

interface Golden {
  readonly texts: readonly string[];
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly ids: readonly (readonly number[])[];
  readonly decoded: readonly string[];
  readonly outcomes: readonly [samples: Sample[], framed: number[], maskId: number, padId: number][];
  readonly cases: readonly [chosen: Readonly<Record<string, string>>, outcome: number][];
}

const golden: Golden = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/wordpiece.json", import.meta.url)),
);
const { files, texts, cases } = golden;

const filesOf = (chosen: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(chosen).map(([name, variant]) => [name, files[name][variant]]));

for (const [chosen, number] of cases) {
  const name = Object.entries(chosen).map((entry) => entry.join(" ")).join(", ");

  Deno.test(`WordPiece as transformers reads it: ${name}`, () => {
    const given = filesOf(chosen), tokenizer = loadTokenizer({ ...given, "config.json": "{}" });
    const [samples, framed] = golden.outcomes[number];
    for (const [index, text] of texts.entries()) {
      const [ids, decoded, skipped] = samples[index], expected = golden.ids[ids];
      assertEquals([...tokenizer.encode(text)], expected, JSON.stringify(text));
      assertEquals(tokenizer.decode(expected), golden.decoded[decoded], JSON.stringify(text));
      assertEquals(tokenizer.decode(expected, { skipSpecialTokens: true }), golden.decoded[skipped]);
    }
    assertEquals([...tokenizer.encode("the", { addSpecialTokens: true })], framed);
    assertEquals(tokenizer.toHuggingFace(), given);
    assertEquals(tokenizer.fingerprint, loadTokenizer(tokenizer.toHuggingFace()).fingerprint);
  });
}

const usual = JSON.parse(files["tokenizer.json"].usual);

Deno.test("WordPiece: what is not done here is refused by name, in one line", () => {
  const changes: [path: string, value: unknown, message: string][] = [
    ["model.type", "Unigram", 'model.type is "Unigram", expected BPE, WordPiece, or WordLevel'],
    ["normalizer", null, "normalizer is null, expected BertNormalizer"],
    ["normalizer", { type: "Lowercase" }, 'normalizer is "Lowercase", expected BertNormalizer'],
    ["normalizer.lowercase", 1, "normalizer.lowercase is 1, expected true or false"],
    ["normalizer.clean_text", null, "normalizer.clean_text is null"],
    ["normalizer.strip_accents", "no", 'normalizer.strip_accents is "no"'],
    ["pre_tokenizer", { type: "Whitespace" }, 'pre_tokenizer is "Whitespace", expected BertPreTokenizer'],
    ["decoder", { type: "ByteLevel" }, 'decoder is "ByteLevel", expected WordPiece'],
    ["decoder.prefix", "@@", 'decoder.prefix is "@@", expected "##"'],
    ["decoder.cleanup", "yes", 'decoder.cleanup is "yes"'],
    ["model.continuing_subword_prefix", 5, "model.continuing_subword_prefix is 5, expected a text"],
    [
      "model.max_input_chars_per_word",
      1e9,
      "model.max_input_chars_per_word is 1000000000, expected a number",
    ],
    ["model.max_input_chars_per_word", "100", 'model.max_input_chars_per_word is "100"'],
  ];
  for (const [path, value, message] of changes) {
    const changed = structuredClone(usual), keys = path.split("."), last = keys.pop()!;
    keys.reduce((object, key) => object[key], changed)[last] = value;
    const error = assertThrows(
      () => loadTokenizer({ "tokenizer.json": JSON.stringify(changed) }),
      TypeError,
      message,
    );
    assertEquals(error.message.includes("\n"), false);
  }
});

Deno.test("WordPiece: a vocabulary without a token that is needed, and a configuration that makes no sense, are refused", () => {
  const configured = (config: string) => () =>
    loadTokenizer({ "vocab.txt": files["vocab.txt"].usual, "tokenizer_config.json": config });
  assertThrows(
    configured('{"do_lower_case": "no"}'),
    TypeError,
    'do_lower_case is "no", expected true or false',
  );
  assertThrows(configured('{"strip_accents": 1}'), TypeError, "strip_accents is 1");
  assertThrows(configured('{"tokenize_chinese_chars": 1}'), TypeError, "tokenize_chinese_chars is 1");
  assertThrows(
    configured('{"clean_up_tokenization_spaces": 1}'),
    TypeError,
    "clean_up_tokenization_spaces is 1",
  );
  assertThrows(
    configured('{"split_special_tokens": true}'),
    TypeError,
    "split_special_tokens is true, only false",
  );
  assertThrows(
    configured('{"tokenizer_class": "BertJapaneseTokenizer"}'),
    TypeError,
    'tokenizer_class is "BertJapaneseTokenizer", expected "BertTokenizer"',
  );
  assertThrows(configured('{"cls_token": null}'), TypeError, "cls_token is null, expected a token");
  assertThrows(configured('{"unk_token": "<?>"}'), RangeError, 'unk_token is "<?>", which is not in the');
  const bare = "[PAD]\n[UNK]\n[CLS]\nthe\n";
  assertThrows(
    () => loadTokenizer({ "vocab.txt": bare }),
    RangeError,
    'vocab.txt: sep_token is "[SEP]", which is not in the',
  );
  const changed = structuredClone(usual);
  changed.model.unk_token = "<?>";
  const asItIs = '{"tokenizer_class": "PreTrainedTokenizerFast"}';
  assertThrows(
    () => loadTokenizer({ "tokenizer.json": JSON.stringify(changed), "tokenizer_config.json": asItIs }),
    RangeError,
    "model.unk_token is not in the vocabulary",
  );
});

Deno.test("WordPiece: files from before models had a type are read", () => {
  const old = structuredClone(usual);
  delete old.model.type;
  const tokenizer = loadTokenizer({ "tokenizer.json": JSON.stringify(old) });
  assertEquals(tokenizer instanceof WordPieceTokenizer, true);
});
