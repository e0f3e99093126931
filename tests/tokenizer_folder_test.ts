import { assertEquals, assertRejects } from "@std/assert";
import { saveFolder } from "../commands/files/folders.ts";
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
