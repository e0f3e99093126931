import { assert, assertEquals, assertThrows } from "@std/assert";
import { BpeTokenizer } from "../tokenizers/bpe/bpe_tokenizer.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";

interface Sample {
  text: string;
  ids: number[];
  decoded?: string;
  skipped?: string;
  framed?: number[];
  pair?: number[];
  error?: string;
}

const golden = JSON.parse(await Deno.readTextFile(new URL("../fixtures/tokenizers.json", import.meta.url)));

for (
  const [name, { tokenizer: json, samples }] of Object.entries<{ tokenizer: unknown; samples: Sample[] }>(
    golden.cases,
  )
) {
  Deno.test(`Hugging Face's "${name}" gives the same ids and texts here, and is written back as it was`, () => {
    const tokenizer = loadTokenizer({ "tokenizer.json": JSON.stringify(json) });
    const again = loadTokenizer(tokenizer.toHuggingFace());
    assertEquals(again.fingerprint, tokenizer.fingerprint);
    for (const { text, ids, decoded = text, skipped = decoded, framed, pair, error } of samples) {
      if (error !== undefined) {
        assertThrows(() => tokenizer.encode(text), RangeError, "not in the vocabulary");
        continue;
      }
      assertEquals([...tokenizer.encode(text)], ids, JSON.stringify(text));
      assertEquals([...again.encode(text)], ids);
      assertEquals(tokenizer.decode(ids), decoded);
      for (const one of [tokenizer, again]) {
        assertEquals(one.decode(ids, { skipSpecialTokens: true }), skipped);
        if (framed) assertEquals([...one.encode(text, { addSpecialTokens: true })], framed);
        if (pair) assertEquals([...one.encode(text, { addSpecialTokens: true, pair: "the sea" })], pair);
      }
    }
    // A sequence of processors is written as the one that adds tokens, and added tokens join the vocabulary.
    if (name === "template" || name === "added-tokens") return;
    assertEquals(JSON.parse(tokenizer.toHuggingFace()["tokenizer.json"]), json);
  });
}

const trained = await trainBpe([golden.corpus], { vocabSize: 300, specialTokens: MASKED_SPECIAL_TOKENS });
const files = trained.toHuggingFace();
const file = JSON.parse(files["tokenizer.json"]);

Deno.test("vocab.json with merges.txt gives the same tokenizer", () => {
  const { "vocab.json": vocab, "merges.txt": merges, ...rest } = files;
  assertEquals(merges.split("\n")[0], "#version: 0.2");
  const bare = loadTokenizer({ "vocab.json": vocab, "merges.txt": merges });
  assertEquals(bare.specialTokens, trained.specialTokens.map((token) => ({ ...token, leftStrip: false })));
  const { "tokenizer.json": _, ...companions } = rest;
  assertEquals(Object.keys(companions).sort(), ["special_tokens_map.json", "tokenizer_config.json"]);
  const dressed = loadTokenizer({
    "vocab.json": vocab,
    "merges.txt": merges.replaceAll("\n", "\r\n"),
    ...companions,
  });
  assertEquals(dressed.fingerprint, trained.fingerprint);
});

Deno.test("companions of vocab.json can add tokens and name special ones", () => {
  const read = loadTokenizer({
    "vocab.json": files["vocab.json"],
    "merges.txt": files["merges.txt"],
    "added_tokens.json": '{"<extra>": 300}',
    "special_tokens_map.json":
      '{"mask_token": {"content": "<mask>", "lstrip": false}, "sep_token": "<extra>"}',
    "tokenizer_config.json": '{"add_prefix_space": true, "additional_special_tokens": ["the"]}',
  });
  assertEquals(read.vocabSize, 301);
  assertEquals(read.specialTokens.find((token) => token.content === "<mask>")!.leftStrip, false);
  assertEquals(read.specialTokens.every((token) => token.special), true);
  assertEquals([...read.encode("<extra>")], [300]);
  assertEquals(read.encode("hen"), read.encode(" hen"));
});

Deno.test("merges are read as pairs and as strings", () => {
  const older = structuredClone(file);
  older.model.merges = older.model.merges.map((pair: string[]) => pair.join(" "));
  assertEquals(BpeTokenizer.fromHuggingFace(JSON.stringify(older)).fingerprint, trained.fingerprint);
});

Deno.test("a frame like RoBERTa's around one text, but not around two, is kept", () => {
  const changed = structuredClone(file);
  const [begin, end, first, second] = [
    { SpecialToken: { id: "<s>", type_id: 0 } },
    { SpecialToken: { id: "</s>", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { Sequence: { id: "B", type_id: 0 } },
  ];
  changed.post_processor = {
    type: "TemplateProcessing",
    single: [begin, first, end],
    pair: [begin, first, end, second, end],
    special_tokens: {
      "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
      "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] },
    },
  };
  const read = loadTokenizer({ "tokenizer.json": JSON.stringify(changed) });
  for (const one of [read, loadTokenizer(read.toHuggingFace())]) {
    assertEquals([...one.encode("!", { addSpecialTokens: true, pair: "!" })], [0, 5, 2, 5, 2]);
  }
});

Deno.test("what is not done here is refused by name", () => {
  const changes: [path: string, value: unknown, message: string][] = [
    ["model.type", "Unigram", 'model.type is "Unigram", expected BPE'],
    ["model.dropout", 0.1, "model.dropout is 0.1"],
    ["model.byte_fallback", true, "model.byte_fallback is true"],
    ["model.ignore_merges", true, "model.ignore_merges is true"],
    ["model.end_of_word_suffix", "</w>", 'model.end_of_word_suffix is "</w>"'],
    ["normalizer", { type: "NFC" }, 'normalizer is {"type":"NFC"}, expected null'],
    ["truncation", { max_length: 8 }, 'truncation is {"max_length":8}'],
    ["padding", { length: 8 }, 'padding is {"length":8}'],
    [
      "pre_tokenizer",
      { type: "Whitespace" },
      'pre_tokenizer is "Whitespace", expected ByteLevel',
    ],
    ["pre_tokenizer", null, "pre_tokenizer is null, expected ByteLevel"],
    ["pre_tokenizer.use_regex", false, "pre_tokenizer.use_regex is false"],
    ["decoder", { type: "BPEDecoder" }, 'decoder is "BPEDecoder"'],
    ["post_processor", { type: "Split" }, 'post_processor.type is "Split"'],
  ];
  for (const [path, value, message] of changes) {
    const changed = structuredClone(file);
    const keys = path.split(".");
    const last = keys.pop()!;
    keys.reduce((object, key) => object[key], changed)[last] = value;
    assertThrows(() => loadTokenizer({ "tokenizer.json": JSON.stringify(changed) }), TypeError, message);
  }
  const words = JSON.parse(CharTokenizer.fromText("ab").toHuggingFace()["tokenizer.json"]);
  words.pre_tokenizer.pattern.Regex = "\\w+";
  assertThrows(
    () => loadTokenizer({ "tokenizer.json": JSON.stringify(words) }),
    TypeError,
    "pre_tokenizer.pattern",
  );
});

Deno.test("broken files say what and where", () => {
  const changed = (change: (copy: typeof file) => void): Record<string, string> => {
    const copy = structuredClone(file);
    change(copy);
    return { "tokenizer.json": JSON.stringify(copy) };
  };
  const cases: [files: Record<string, string>, kind: ErrorConstructor, message: string][] = [
    [{}, TypeError, "expected tokenizer.json, or vocab.json and merges.txt, or vocab.txt, found no file"],
    [{ "vocab.json": "{}" }, TypeError, "found vocab.json"],
    [{ "tokenizer.json": '{"model": ' }, TypeError, "Cannot read tokenizer.json: it is not JSON"],
    [{ "tokenizer.json": "[1]" }, TypeError, "it holds [1], expected an object"],
    [{ "tokenizer.json": "{}" }, TypeError, "model is missing"],
    [changed((f) => f.model.vocab = ["a"]), TypeError, 'model.vocab: it is ["a"], expected an object'],
    [changed((f) => f.model.vocab.a = -1), TypeError, 'the id of "a" is -1, expected a whole number'],
    [changed((f) => f.model.vocab.a = f.model.vocab.b), RangeError, "but that is the id of"],
    [changed((f) => f.model.merges = null), TypeError, "model.merges: it is null, expected an array"],
    [changed((f) => f.model.merges[3] = ["a"]), TypeError, 'merge 3 is ["a"], expected two tokens'],
    [
      changed((f) => f.model.merges[3] = ["a", "qq"]),
      RangeError,
      'merge 3 names "qq", which is not in the vocabulary',
    ],
    [
      changed((f) => f.model.merges[3] = ["q", "q"]),
      RangeError,
      'merge 3 names "qq", which is not in the vocabulary',
    ],
    [changed((f) => f.added_tokens[0].id = 1), RangeError, '"<s>" has id 1, but it has id 0 already'],
    [changed((f) => f.added_tokens[0] = { id: 0 }), TypeError, 'added_tokens holds {"id":0}'],
    [changed((f) => delete f.post_processor.cls), RangeError, "post_processor names id missing"],
    [
      changed((f) => f.post_processor.sep[1] = 300),
      RangeError,
      "post_processor names id 300, which is not in",
    ],
    [
      changed((f) =>
        f.post_processor = { type: "TemplateProcessing", single: [{ SpecialToken: { id: "[CLS]" } }] }
      ),
      RangeError,
      'post_processor names id "[CLS]"',
    ],
    [changed((f) => f.added_tokens = {}), TypeError, "added_tokens is {}, expected an array"],
    [{ "vocab.json": files["vocab.json"], "merges.txt": "a b c" }, TypeError, 'merge 0 is "a b c"'],
  ];
  for (const [broken, kind, message] of cases) assertThrows(() => loadTokenizer(broken), kind, message);
});

Deno.test("what loads is what was saved", () => {
  assert(loadTokenizer(files) instanceof BpeTokenizer);
  assert(loadTokenizer(CharTokenizer.fromText("ab").toHuggingFace()) instanceof CharTokenizer);
});

/** A text of the tokenizer files, nested deeper than the stack. */
const deep = "[".repeat(100_000) + "]".repeat(100_000);

Deno.test("whatever stands in a tokenizer file, the answer is a tokenizer or one line with the file's name", () => {
  const raw = (key: string, json: string): Record<string, string> => {
    const text = JSON.stringify({ ...file, [key]: "@" });
    return { "tokenizer.json": text.replace('"@"', json) };
  };
  const old = (name: string, json: string): Record<string, string> => ({
    "vocab.json": files["vocab.json"],
    "merges.txt": files["merges.txt"],
    [name]: json,
  });
  const sequence = '{"type":"Sequence","processors":['.repeat(20_000) + "]}".repeat(20_000);
  const template = (single: string) =>
    raw("post_processor", `{"type":"TemplateProcessing","single":${single}}`);
  const cases: [files: Record<string, string>, message: string][] = [
    [raw("added_tokens", "[null]"), "Cannot read tokenizer.json: added_tokens holds null"],
    [raw("added_tokens", "[5]"), "Cannot read tokenizer.json: added_tokens holds 5"],
    [raw("added_tokens", deep), "Cannot read tokenizer.json: added_tokens holds"],
    [raw("model", deep), "Cannot use tokenizer.json: model is [[[…]]]"],
    [raw("normalizer", deep), "Cannot use tokenizer.json: normalizer is [[[…]]]"],
    [raw("normalizer", `"${"x".repeat(1e6)}"`), "Cannot use tokenizer.json: normalizer is"],
    [
      raw("post_processor", sequence),
      'post_processor is "a deeply nested Sequence", expected at most 8 levels',
    ],
    [raw("post_processor", '{"type":"Sequence","processors":5}'), "post_processor.processors is 5"],
    [raw("post_processor", "5"), "post_processor.type is missing"],
    [
      raw("post_processor", '{"type":"RobertaProcessing","cls":["a","length"],"sep":["a",0]}'),
      'names id "length"',
    ],
    [template("5"), "post_processor.single is 5"],
    [template("[null]"), "post_processor names id missing"],
    [template('[{"SpecialToken":{"id":"constructor"}}]'), 'post_processor names id "constructor"'],
    [template('[{"SpecialToken":{"id":"__proto__"}}]'), 'post_processor names id "__proto__"'],
    [old("vocab.json", '{"a": 16777215}'), "Cannot read vocab.json: the id of"],
    [
      old("tokenizer_config.json", '{"added_tokens_decoder": {"5": null}}'),
      "Cannot read tokenizer_config.json",
    ],
    [old("tokenizer_config.json", '{"added_tokens_decoder": "abc"}'), "Cannot read tokenizer_config.json"],
    [old("tokenizer_config.json", '{"added_tokens_decoder": {"": {"content": "x"}}}'), 'for id ""'],
    [old("added_tokens.json", "5"), "Cannot read added_tokens.json: it holds 5"],
    [old("special_tokens_map.json", "null"), "Cannot read special_tokens_map.json: it holds null"],
    [old("merges.txt", "a".repeat(1e6)), "Cannot read merges.txt: merge 0 is"],
  ];
  for (const [files, message] of cases) {
    const error = assertThrows(() => loadTokenizer(files), Error, message);
    assertEquals(error.message.length < 500, true, error.message.slice(0, 600));
  }
});

Deno.test("tokens called as properties of every object are tokens", () => {
  const copy = structuredClone(file), names = ["__proto__", "constructor", "toString"];
  copy.added_tokens = names.map((content, i) => ({ id: 300 + i, content, special: true }));
  copy.post_processor = null;
  const tokenizer = loadTokenizer({ "tokenizer.json": JSON.stringify(copy) });
  const again = loadTokenizer(tokenizer.toHuggingFace());
  for (const one of [tokenizer, again]) assertEquals([...one.encode(names.join(""))], [300, 301, 302]);
  assertEquals(again.fingerprint, tokenizer.fingerprint);
});
