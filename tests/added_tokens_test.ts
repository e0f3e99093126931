import { assertEquals, assertThrows } from "@std/assert";
import { readCompanions, specialTokensOf } from "../tokenizers/hugging_face/added_tokens.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { readVocabulary } from "../tokenizers/hugging_face/vocabulary_files.ts";

/** Ids of transformers for every mixture of files, see `fixtures/tokenizer_mixtures.py`. */
interface Mixtures {
  readonly texts: readonly string[];
  readonly bases: readonly (readonly string[])[];
  readonly beside: readonly string[];
  readonly families: Readonly<
    Record<string, {
      readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
      readonly outcomes: readonly (readonly (readonly number[])[])[];
      readonly cases: readonly number[];
    }>
  >;
}

const url = new URL("../fixtures/tokenizer_mixtures.json", import.meta.url);
const { texts, bases, beside, families }: Mixtures = JSON.parse(Deno.readTextFileSync(url));

/** Every choice of one of each list, the last changing fastest. */
const product = <Item>(lists: readonly (readonly Item[])[]): Item[][] =>
  lists.reduce<Item[][]>((all, list) => all.flatMap((some) => list.map((item) => [...some, item])), [[]]);

for (const [family, { files, outcomes, cases }] of Object.entries(families)) {
  Deno.test(`${cases.length} mixtures of tokenizer files of a ${family} give the ids of transformers`, () => {
    const choices = product(beside.map((name) => [undefined, ...Object.keys(files[name])]));
    const mixtures = bases.flatMap((base) => choices.map((kinds) => ({ base, kinds })));
    assertEquals(mixtures.length, cases.length);
    for (const [number, { base, kinds }] of mixtures.entries()) {
      const chosen = Object.fromEntries(base.map((name) => [name, files[name][name]]));
      for (const [index, kind] of kinds.entries()) {
        if (kind !== undefined) chosen[beside[index]] = files[beside[index]][kind];
      }
      const tokenizer = loadTokenizer(chosen);
      const ids = [
        ...texts.map((text) => tokenizer.encode(text)),
        tokenizer.encode("the", { addSpecialTokens: true }),
      ];
      const what = [...base, ...kinds.map((kind, index) => `${beside[index]}: ${kind ?? "none"}`)].join(", ");
      assertEquals(ids.map((of) => [...of]), outcomes[cases[number]].map((of) => [...of]), what);
    }
  });
}

Deno.test("companions: a token that they add must have an id of its own, in a list that is one", () => {
  const read = (files: Record<string, unknown>) => {
    const texts = Object.fromEntries(
      Object.entries(files).map(([name, json]) => [name, JSON.stringify(json)]),
    );
    return specialTokensOf(readCompanions(texts), readVocabulary("vocab.json", { a: 0, b: 1 }));
  };
  assertEquals(read({ "tokenizer_config.json": { bos_token: null, eos_token: "a", mask_token: "none" } }), [
    { content: "a", id: 0, leftStrip: false, rightStrip: false, singleWord: false, special: true },
  ]);
  assertEquals(
    read({ "special_tokens_map.json": { extra_special_tokens: [{ content: "b", rstrip: true }, 5] } }),
    [
      { content: "b", id: 1, leftStrip: false, rightStrip: true, singleWord: false, special: true },
    ],
  );
  const decoder = { added_tokens_decoder: { 1: { content: "b" } } };
  assertEquals(
    read({ "tokenizer_config.json": decoder, "special_tokens_map.json": { mask_token: "a" } }).map(({ id }) =>
      id
    ),
    [1],
  );
  const refuse = (files: Record<string, unknown>, message: string) => {
    const { message: found } = assertThrows(() => read(files), Error);
    assertEquals(found.slice(0, message.length), message);
  };
  refuse(
    { "added_tokens.json": { c: 1 } },
    'Cannot read added_tokens.json: "c" has id 1, but that is the id of "b"',
  );
  refuse(
    { "tokenizer_config.json": { added_tokens_decoder: { x: { content: "c" } } } },
    'Cannot read tokenizer_config.json: added_tokens_decoder holds {"content":"c"} for id "x"',
  );
});

Deno.test("companions: tokenizer.json counts alone where its class uses it as it is", () => {
  const json = families.roberta.files["tokenizer.json"]["tokenizer.json"];
  const read = (tokenizer_class: string | undefined) =>
    loadTokenizer({
      "tokenizer.json": json,
      "tokenizer_config.json": JSON.stringify({ tokenizer_class, add_prefix_space: true }),
    }).encode("the").length === 2;
  assertEquals(["PreTrainedTokenizerFast", "RobertaTokenizerFast", undefined].map(read), [false, true, true]);
});

Deno.test("a tokenizer that splits special tokens in texts is refused, whatever files the folder has", () => {
  const { files, cases } = families[Object.keys(families)[0]];
  assertEquals(cases.length > 0, true);
  for (const base of bases) {
    const folder = Object.fromEntries(base.map((name) => [name, files[name][name]]));
    const configured = (json: string) => loadTokenizer({ ...folder, "tokenizer_config.json": json });
    const message = "tokenizer_config.json: split_special_tokens is true, only false is supported";
    assertThrows(() => configured('{"split_special_tokens": true}'), TypeError, message);
    configured('{"split_special_tokens": false}');
  }
});
