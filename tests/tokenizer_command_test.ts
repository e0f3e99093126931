import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { tokenizer } from "../commands/tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

/** Runs the command and gives what it prints. */
async function run(...args: string[]): Promise<string> {
  let printed = "";
  const { log } = console, { writeSync } = Deno.stdout;
  console.log = (line: string) => void (printed += line + "\n");
  Deno.stdout.writeSync = (bytes) => {
    printed += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    await tokenizer.run(args);
  } finally {
    console.log = log;
    Deno.stdout.writeSync = writeSync;
  }
  return printed.replace(/\n$/, "");
}

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const story = "the cat sat on the mat, and the rat sat on the cat.\n".repeat(20);

Deno.test("train, encode, decode and inspect work on one another's files", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/texts`);
    await Deno.writeTextFile(`${folder}/texts/a.txt`, story);
    await Deno.writeTextFile(`${folder}/texts/b.txt`, "naïve 😀 naïve 😀");
    const out = `${folder}/mine`;
    const trained = await run("train", "--data", `${folder}/texts`, "--out", out, "--vocab_size", "280");
    assertStringIncludes(trained, `${out}: 280 tokens from`);
    const names = (await Array.fromAsync(Deno.readDir(out))).map(({ name }) => name).sort();
    assertEquals(names, [
      "merges.txt",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.json",
    ]);

    const read = loadTokenizer({ "tokenizer.json": await Deno.readTextFile(`${out}/tokenizer.json`) });
    const text = "the mat<|endoftext|>é";
    const ids = [...read.encode(text)];
    const encoded = await run("encode", "--tokenizer", out, "--text", text);
    assertStringIncludes(encoded, `${ids.length} ids: ${ids.join(" ")}`);
    assertMatch(encoded, / {2}the +"the"/);
    assertMatch(encoded, /Ġ.* " /);
    assertMatch(encoded, /bytes c3/);
    assertEquals(await run("encode", "--tokenizer", out, "--text", text, "--ids-only"), ids.join(" "));
    assertEquals(await run("decode", "--tokenizer", out, "--ids", ids.join(", ")), text);
    assertEquals(
      await run("decode", "--tokenizer", out, "--ids", ids.join(" "), "--skip-special-tokens"),
      "the maté",
    );

    const inspected = await run(
      "inspect",
      "--tokenizer",
      `${out}/tokenizer.json`,
      "--data",
      `${folder}/texts/a.txt`,
    );
    assertStringIncludes(inspected, "byte-level BPE, 280 tokens");
    assertStringIncludes(inspected, "<|endoftext|> 0");
    const bytesPerToken = (story.length / read.encode(story).length).toFixed(2);
    assertStringIncludes(inspected, `bytes per token   ${bytesPerToken}`);
    assertStringIncludes(inspected, "coverage          100 %");
  });
});

Deno.test("a folder with a file of another program's tokenizer is refused before the texts are read", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/vocab.json`, "{}");
    await Deno.writeTextFile(`${folder}/added_tokens.json`, "{}");
    await assertRejects(
      () => run("train", "--data", `${folder}/no such text`, "--out", folder),
      Error,
      `Cannot save ${folder}: it holds other things, such as "added_tokens.json"`,
    );
  });
});

Deno.test("training takes files line by line, as Hugging Face does, and each file for itself", async () => {
  await inTemporaryFolder(async (folder) => {
    // Read as one text, the line feeds and the spaces between the lines would be one pre-token.
    await Deno.writeTextFile(`${folder}/a.txt`, "x\n  \n  \n  \n".repeat(10) + "no");
    await Deno.writeTextFile(`${folder}/b.txt`, "pe no\n".repeat(9) + "pe");
    await run("train", "--data", `${folder}/*.txt`, "--out", `${folder}/mine`, "--special-tokens", "none");
    const read = loadTokenizer({
      "tokenizer.json": await Deno.readTextFile(`${folder}/mine/tokenizer.json`),
    });
    const tokens = [...read.vocabulary().keys()];
    assert(tokens.includes("ĠĠĊ"));
    assertEquals(tokens.filter((token) => /Ċ./.test(token)), []);
    assert(!tokens.includes("nope"));
    assertEquals(read.specialTokens, []);
  });
});

Deno.test("a word across the border of two pieces of a large file stays whole", async () => {
  await inTemporaryFolder(async (folder) => {
    const border = 2 ** 20;
    const before = "ab\n".repeat(border / 3);
    await Deno.writeTextFile(`${folder}/a.txt`, before.slice(0, border - 5) + "\n a zqxj c\n" + before);
    await run("train", "--data", `${folder}/a.txt`, "--out", `${folder}/mine`, "--min-frequency", "1");
    const read = loadTokenizer({
      "tokenizer.json": await Deno.readTextFile(`${folder}/mine/tokenizer.json`),
    });
    assert(read.idOf("Ġzqxj") !== undefined);
  });
});

Deno.test("a text that runs out of pairs is told, with the tokens it made", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "abab");
    const trained = await run("train", "--data", `${folder}/a.txt`, "--out", `${folder}/mine`);
    assertStringIncludes(trained, "no pair is left that occurs 2 times or more");
    assertStringIncludes(trained, "the vocabulary has 258 tokens, not 8192");
  });
});

Deno.test("a character tokenizer is inspected with what it lacks", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const [name, content] of Object.entries(CharTokenizer.fromText("abc").toHuggingFace())) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
    }
    await Deno.writeTextFile(`${folder}/held-out.md`, "abbaéé😀a");
    const inspected = await run("inspect", "--tokenizer", folder, "--data", `${folder}/held-out.md`);
    assertStringIncludes(inspected, "characters, 3 tokens");
    assertStringIncludes(inspected, 'coverage          62.50 %, without "é" "😀"');
    assertStringIncludes(inspected, 'unused tokens     1 (33.3 %), such as "c"');
  });
});

Deno.test("bad input is one clear error, and nothing is written", async () => {
  await inTemporaryFolder(async (folder) => {
    const at = (name: string): string => `${folder}/${name}`;
    await Deno.writeTextFile(at("empty.txt"), "");
    await Deno.writeFile(at("latin1.txt"), Uint8Array.of(97, 10, 0xe9, 10));
    await Deno.writeTextFile(at("story.txt"), story);
    await Deno.mkdir(at("broken"));
    await Deno.writeTextFile(at("broken/tokenizer.json"), '{"model": {');
    await run("train", "--data", at("story.txt"), "--out", at("good"), "--vocab-size", "270");
    const cases: [args: string[], message: string][] = [
      [["train", "--data", at("empty.txt"), "--out", at("new")], "the corpus is empty"],
      [
        ["train", "--data", at("latin1.txt"), "--out", at("new")],
        "byte 0xe9 at offset 2, line 2, is not UTF-8",
      ],
      [["train", "--data", at("missing.txt"), "--out", at("new")], "no such file"],
      [["train", "--data", at("story.txt"), "--out", at("new"), "--vocab-size", "200"], "the least is 257"],
      [["train", "--data", at("story.txt")], "out"],
      [
        ["encode", "--tokenizer", at("broken"), "--text", "a"],
        "broken: Cannot read tokenizer.json: it is not JSON",
      ],
      [["encode", "--tokenizer", at("missing"), "--text", "a"], "no such file or folder"],
      [
        ["encode", "--tokenizer", folder, "--text", "a"],
        "expected tokenizer.json, or vocab.json and merges.txt",
      ],
      [["encode", "--tokenizer", at("good")], "Give either --text or --data"],
      [
        ["decode", "--tokenizer", at("good"), "--ids", "1 270"],
        "Cannot decode id 270: the vocabulary has ids 0 to 269",
      ],
      [["decode", "--tokenizer", at("good"), "--ids", "1 -2"], '--ids holds "-2", expected whole numbers'],
    ];
    for (const [args, message] of cases) {
      await assertRejects(() => tokenizer.run(args), Error, message);
      const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
      assertEquals(left, ["broken", "empty.txt", "good", "latin1.txt", "story.txt"]);
    }
  });
});

Deno.test("a text of 20 MB on one line is encoded in pieces, and a word of 20 MB refused", async () => {
  await inTemporaryFolder(async (folder) => {
    const files = CharTokenizer.fromText("ab ").toHuggingFace();
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const path = `${folder}/long.txt`, length = 20_000_000;
    await Deno.writeTextFile(path, "ab".repeat(length / 2));
    const encode = async (tokenizer: string) => {
      const args = ["encode", "--tokenizer", tokenizer, "--data", path, "--ids-only"];
      const limits = ["--v8-flags=--max-old-space-size=300", "--no-check", "--allow-read"];
      const cli = new URL("../cli.ts", import.meta.url).pathname;
      const config = new URL("../deno.json", import.meta.url).pathname;
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "--config", config, ...limits, cli, "tokenizer", ...args],
      });
      return await command.output();
    };
    const { code, stdout } = await encode(folder);
    assertEquals([code, stdout.length], [0, 2 * length]);
    await Deno.writeTextFile(`${folder}/story.txt`, story);
    await run("train", "--data", `${folder}/story.txt`, "--out", `${folder}/bpe`, "--vocab_size", "280");
    const refused = await encode(`${folder}/bpe`);
    assertEquals(refused.code, 1);
    assertStringIncludes(
      new TextDecoder().decode(refused.stderr),
      "long.txt: Cannot encode a run of 20000000 characters without a break: expected at most 16777216",
    );
  });
});

Deno.test("a folder that a tokenizer cannot replace is refused before the work", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/empty`);
    await Deno.mkdir(`${folder}/theirs`);
    await Deno.writeTextFile(`${folder}/theirs/added_tokens.json`, "{}");
    const cases = [
      ["theirs", 'it holds other things, such as "added_tokens.json"'],
      ["empty/.", "expected a folder with a name"],
      ["new/.", "expected a folder with a name"],
      ["empty/..", "expected a folder with a name"],
    ];
    for (const [out, message] of cases) {
      // The text is missing: what is said of --out is said before it is looked for.
      const args = ["train", "--data", `${folder}/no such text`, "--out", `${folder}/${out}`];
      await assertRejects(() => tokenizer.run(args), Error, message);
    }
    for (const out of [".", "", ".."]) {
      const args = ["train", "--data", `${folder}/no such text`, "--out", out];
      const message = out === "" ? "--out is empty: expected FOLDER" : "expected a folder with a name";
      await assertRejects(() => tokenizer.run(args), Error, message);
    }
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort(), [
      "empty",
      "theirs",
    ]);
  });
});
