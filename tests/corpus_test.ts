import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  cachedIds,
  chooseTokenizer,
  encodeCorpus,
  readCorpus,
  type Source,
} from "../commands/texts/corpus.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { inFolder } from "./_command.ts";

/** Writes texts to files, and gives the source that names them. */
async function sourceOf(cwd: string, texts: Record<string, string>, part: number): Promise<Source> {
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(`${cwd}/${name}`, text);
  const data = Object.keys(texts).map((name) => `${cwd}/${name}`);
  return { data, validation: [], validationFraction: part, replaceInvalid: false };
}

Deno.test("the end of the data validates, whatever files it is in", () =>
  inFolder(async (cwd) => {
    const source = await sourceOf(cwd, { "a.txt": "abcdef", "b.txt": "ghij" }, 0.5);
    assertEquals(await readCorpus(source).then(({ training, validation }) => [training, validation]), [
      ["abcde"],
      ["f", "ghij"],
    ]);
    const whole = await readCorpus({ ...source, validation: source.data.slice(1) });
    assertEquals([whole.training, whole.validation], [["abcdef", "ghij"], ["ghij"]]);
  }));

Deno.test("no character is cut in two, and nothing is lost, wherever the border falls", () =>
  inFolder(async (cwd) => {
    const text = "a😀b😀😀";
    for (let part = 0.05; part < 1; part += 0.05) {
      const { training, validation } = await readCorpus(await sourceOf(cwd, { "a.txt": text }, part));
      assertEquals([...training, ...validation].join(""), text);
      for (const piece of [...training, ...validation]) assert(piece.isWellFormed(), `${part}: ${piece}`);
    }
  }));

Deno.test("the fingerprint changes with the text, and with the border between training and validation", () =>
  inFolder(async (cwd) => {
    const fingerprint = async (end: string, part: number) =>
      (await readCorpus(await sourceOf(cwd, { "a.txt": "ab", "b.txt": "cd", "c.txt": end }, part)))
        .fingerprint;
    const usual = await fingerprint("ef", 1 / 3);
    assertEquals(await fingerprint("ef", 1 / 3), usual);
    assertNotEquals(await fingerprint("ef", 2 / 3), usual);
    assertNotEquals(await fingerprint("eg", 1 / 3), usual);
  }));

Deno.test("with lines, each line is a text that is ended", async () => {
  const tokenizer = CharTokenizer.fromText("abc\n", { specialTokens: ["</s>"] }),
    end = tokenizer.idOf("</s>");
  const corpus = { training: ["ab\n\nc\n"], validation: ["a"], fingerprint: "" };
  const { training, validation } = await encodeCorpus(corpus, tokenizer, "unused", { lines: true });
  const [a, b, c] = tokenizer.encode("abc");
  assertEquals([[...training], [...validation]], [[a, b, end, c, end], [a, end]]);
});

Deno.test("byte pairs are learned from what is learned from only", async () => {
  const corpus = { training: ["ab ".repeat(50)], validation: ["xy ".repeat(50)], fingerprint: "" };
  const tokenizer = await chooseTokenizer("bpe", corpus, { vocabSize: 270 });
  assert(tokenizer.encode(" ab").length < 3);
  assertEquals(tokenizer.encode(" xy").length, 3);
});

Deno.test("ids are encoded once for a text and a tokenizer, and again when the file is not theirs", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/run/train.ids`, ids = Uint32Array.of(0, 1, 2);
    const tokenizer = CharTokenizer.fromText("abc"), other = CharTokenizer.fromText("abcd");
    /** Whether documents are encoded by a call. */
    const isEncoded = async (used: CharTokenizer, documents: string[]) => {
      let encoded = false;
      const watched = Object.create(used, {
        fingerprint: { value: used.fingerprint },
        idOf: { value: (token: string) => used.idOf(token) },
        encode: { value: (text: string) => (encoded = true, used.encode(text)) },
      });
      assertEquals(await cachedIds(path, watched, documents), ids);
      return encoded;
    };
    assertEquals(await isEncoded(tokenizer, ["ab", "c"]), true, "missing");
    assertEquals(await isEncoded(tokenizer, ["ab", "c"]), false);
    assertEquals(await isEncoded(tokenizer, ["a", "bc"]), true, "of other documents");
    assertEquals(await isEncoded(other, ["a", "bc"]), true, "of another tokenizer");
    assertEquals(await isEncoded(other, ["a", "bc"]), false);

    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1] ^= 1;
    for (const damaged of [bytes, bytes.subarray(0, 43)]) {
      await Deno.writeFile(path, damaged);
      assertEquals(await isEncoded(other, ["a", "bc"]), true, "damaged");
    }
    assertEquals(await isEncoded(other, ["a", "bc"]), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
