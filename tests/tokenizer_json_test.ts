import { assertEquals, assertThrows } from "@std/assert";
import { readTokenizerJson } from "../tokenizers/hugging_face/tokenizer_json.ts";

type Json = Record<string, unknown>;

const begin = { SpecialToken: { id: "[B]" } }, end = { SpecialToken: { id: "[E]" } };
const template = {
  type: "TemplateProcessing",
  single: [begin, { Sequence: { id: "A" } }, end],
  pair: [begin, { Sequence: { id: "A" } }, end, { Sequence: { id: "B" } }],
  special_tokens: { "[B]": { ids: [3] }, "[E]": { ids: [2, 3] } },
};

/** Reads a byte-level tokenizer that says as little as it may, but for some changes. */
function read(changes: Json = {}, model: Json = {}) {
  const vocab = { a: 0, b: 1, ab: 2, "[B]": 3 };
  return readTokenizerJson(JSON.stringify({
    pre_tokenizer: { type: "ByteLevel" },
    decoder: { type: "ByteLevel" },
    model: { vocab, merges: [["a", "b"]], ...model },
    ...changes,
  }));
}

Deno.test("a file that leaves things out means what old files mean by it", () => {
  assertEquals(read(), {
    kind: "bpe",
    tokens: ["a", "b", "ab", "[B]"],
    merges: [[0, 1]],
    specialTokens: [],
    frame: { single: ["text"], pair: [] },
    addPrefixSpace: true,
    unknownId: undefined,
    fuseUnknown: false,
  });
  assertEquals(read({ pre_tokenizer: { type: "ByteLevel", add_prefix_space: false } }).addPrefixSpace, false);
  const { unknownId, fuseUnknown } = read({}, { type: "BPE", unk_token: "b", fuse_unk: true });
  assertEquals([unknownId, fuseUnknown], [1, true]);
  assertEquals(read({}, { unk_token: "[UNK]" }).unknownId, undefined);
});

Deno.test("added tokens are sorted by id, join the vocabulary, and are ordinary unless it says otherwise", () => {
  const added = [{ id: 5, content: "[X]", special: true, lstrip: true }, { id: 0, content: "a" }];
  const { tokens, specialTokens } = read({ added_tokens: added });
  assertEquals(tokens, ["a", "b", "ab", "[B]", undefined, "[X]"]);
  const plain = { leftStrip: false, rightStrip: false, singleWord: false, special: false };
  assertEquals(specialTokens, [
    { ...plain, content: "a", id: 0 },
    { ...plain, content: "[X]", id: 5, leftStrip: true, special: true },
  ]);
});

Deno.test("the frame is read from every post-processor that is understood", () => {
  const frame = (processor: unknown) => read({ post_processor: processor }).frame;
  const ends = { cls: ["[B]", 3], sep: ["b", 1] }, bare = { single: ["text"], pair: [] };
  const roberta = { single: [3, "text", 1], pair: [3, "text", 1, 1, "pair", 1] };
  assertEquals([frame(null), frame({ type: "ByteLevel" })], [bare, bare]);
  assertEquals<unknown>(frame({ type: "RobertaProcessing", ...ends }), roberta);
  assertEquals(frame(template), { single: [3, "text", 2, 3], pair: [3, "text", 2, 3, "pair"] });
  assertEquals(frame({ type: "Sequence", processors: [{ type: "ByteLevel" }, template] }), frame(template));
  assertEquals<unknown>(frame({ type: "Sequence" }), bare);
  const two = { type: "Sequence", processors: [template, { type: "RobertaProcessing", ...ends }] };
  assertThrows(
    () => frame(two),
    TypeError,
    'post_processor is "several that add tokens", expected one',
  );
});

Deno.test("single characters are read from a WordLevel model, without merges", () => {
  const split = { type: "Split", pattern: { Regex: "[\\s\\S]" } };
  const file = { pre_tokenizer: split, decoder: { type: "Fuse" } },
    model = { type: "WordLevel", vocab: { b: 0, a: 1 } };
  const { kind, tokens, merges, addPrefixSpace } = read(file, model);
  assertEquals({ kind, tokens, merges, addPrefixSpace }, {
    kind: "char",
    tokens: ["b", "a"],
    merges: [],
    addPrefixSpace: false,
  });
  assertThrows(
    () => read({ ...file, decoder: null }, model),
    TypeError,
    "decoder is null, expected Fuse",
  );
  assertThrows(
    () => read({ ...file, pre_tokenizer: { type: "Split" } }, model),
    TypeError,
    "pre_tokenizer.pattern is missing",
  );
});
