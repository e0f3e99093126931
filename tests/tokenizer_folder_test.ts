import { assertEquals, assertRejects } from "@std/assert";
import { saveFolder } from "../files/folders.ts";
import { describeTokenizer, readTokenizer } from "../commands/files/tokenizer_folder.ts";
import type { BaseTokenizer } from "../tokenizers/base_tokenizer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { inFolder } from "./_command.ts";

Deno.test("a tokenizer is found in its folder, in a file, and in a run", () =>
  inFolder(async (cwd) => {
    const save = (path: string, text: string) =>
      saveFolder(`${cwd}/${path}`, CharTokenizer.fromText(text).toHuggingFace());
    const sizeOf = async (path: string) => (await readTokenizer(`${cwd}/${path}`)).vocabSize;
    await save("own", "abc");
    assertEquals([await sizeOf("own"), await sizeOf("own/tokenizer.json")], [3, 3]);
    await Deno.mkdir(`${cwd}/run`);
    await save("run/last", "abcd");
    assertEquals([await sizeOf("run"), await sizeOf("run/last")], [4, 4]);
    await save("run/best", "abcde");
    assertEquals(await sizeOf("run"), 5);
    const words = { algorithm: "words", vocabSize: 7 } as BaseTokenizer;
    assertEquals(describeTokenizer(words), "words, 7 tokens");
    assertEquals(describeTokenizer(await readTokenizer(`${cwd}/own`)), "characters, 3 tokens");
  }));

Deno.test("a folder without a tokenizer is refused by its name", () =>
  inFolder(async (cwd) => {
    await assertRejects(() => readTokenizer(cwd), Error, `${cwd}: Cannot load a tokenizer: `);
    await assertRejects(() => readTokenizer(`${cwd}/none`), Error, `Cannot read ${cwd}/none: `);
  }));

Deno.test("a name that other programs would download is refused with the files to fetch and where to put them", () =>
  inFolder(async (cwd) => {
    const before = Deno.cwd();
    try {
      Deno.chdir(cwd); // names are looked up in the current folder
      const refused = async (name: string) => (await assertRejects(() => readTokenizer(name), Error)).message;
      for (
        const name of [
          "gpt2",
          "gpt2-medium",
          "roberta",
          "roberta-base",
          "distilgpt2",
          "FacebookAI/roberta-large",
        ]
      ) {
        const folder = `tokenizers/${name.split("/").at(-1)}`;
        assertEquals(
          await refused(name),
          `Cannot read ${name}: nothing is downloaded here; put vocab.json and merges.txt of ${name} from the Hugging ` +
            `Face Hub into ${folder}, and type --tokenizer ${folder}`,
        );
      }
      assertEquals((await refused("openai-gpt")).includes("take that of gpt2, or --tokenizer bpe"), true);
      for (const name of ["gpt", "my-gpt2", "books/gpt2/x"]) {
        assertEquals(await refused(name), `Cannot read ${name}: no such file or folder`);
      }
      await saveFolder("tokenizers/gpt2", CharTokenizer.fromText("abc").toHuggingFace());
      assertEquals(
        await refused("gpt2"),
        "Cannot read gpt2: nothing is downloaded here; did you mean tokenizers/gpt2?",
      );
      await Deno.mkdir("tokenizers/gpt2-xl");
      await Deno.writeTextFile("tokenizers/gpt2-xl/vocab.json", "{}");
      assertEquals((await refused("gpt2-xl")).endsWith("did you mean tokenizers/gpt2-xl?"), true);
      await saveFolder("roberta", CharTokenizer.fromText("abcd").toHuggingFace());
      assertEquals((await readTokenizer("roberta")).vocabSize, 4);
    } finally {
      Deno.chdir(before);
    }
  }));
