import { assertEquals, assertStringIncludes } from "@std/assert";
import { suitingTokenizer } from "../commands/settings/tokenizer_choice.ts";
import { inFolder, removeSums, small, story, succeed, words } from "./_command.ts";

/** Texts of which characters of the validation text are new in the training text. */
const corpus = (unseen: number, validation: number, training = 1000) => ({
  training: ["a".repeat(training - 1), "b"],
  validation: ["a".repeat(validation - unseen), "é".repeat(unseen)],
});

Deno.test("byte pairs are chosen where one of 10,000 characters is new, with a vocabulary for the length", () => {
  const choose = (...sizes: [number, number, number?]) => suitingTokenizer({}, "causal", corpus(...sizes));
  assertEquals(choose(0, 1000), undefined);
  assertEquals(choose(2, 20_001), undefined);
  assertEquals(choose(2, 20_000)?.tokenizer, "bpe");
  const sizeOf = (training: number) => choose(1, 101, training)?.vocabSize;
  assertEquals([20_000, 20_001, 299_999, 300_000].map(sizeOf), [320, 512, 512, 1024]);
  assertStringIncludes(
    choose(3, 101)!.note,
    "--tokenizer bpe --vocab-size 320, since the training text lacks 3 of the 101 characters of the validation text; " +
      "a model with --tokenizer char refuses",
  );
});

Deno.test("characters beyond the first 65,536 are counted once; no validation text has no new ones", () => {
  const texts = { training: ["😀"], validation: ["😁😁"] };
  assertStringIncludes(suitingTokenizer({}, "causal", texts)!.note, "lacks 2 of the 2 characters");
  assertEquals(suitingTokenizer({}, "causal", { ...texts, validation: ["😀"] }), undefined);
  assertEquals(suitingTokenizer({}, "causal", { ...texts, validation: [] }), undefined);
});

Deno.test("a tokenizer or a preset that is named counts, and a masked model reads new characters as <unk>", () => {
  const texts = corpus(1, 101);
  assertEquals(suitingTokenizer({ tokenizer: "char" }, "causal", texts), undefined);
  assertEquals(suitingTokenizer({ tokenizer: "bpe" }, "causal", texts), undefined);
  assertEquals(suitingTokenizer({ preset: "shakespeare-char" }, "causal", texts), undefined);
  assertEquals(suitingTokenizer({}, "mlm", texts), undefined);
});

Deno.test("train says why it takes byte pairs, keeps them when it is resumed, and then reads any text", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60) + "Ein Fußgänger saß auf der Straße.\n");
    const line = [...words("train --data story.txt --steps 4 --device wasm"), ...small];
    const said = await succeed([...line, "--stop-after", "2"], { cwd });
    assertStringIncludes(
      said.replace(/\s+/g, " "),
      "note --tokenizer bpe --vocab-size 320, since the training text lacks",
    );
    const settingsOf = async (run: string) =>
      JSON.parse(await Deno.readTextFile(`${cwd}/runs/${run}/last/training_state.json`)).settings;
    const { tokenizer, vocabSize } = await settingsOf("story");
    assertEquals([tokenizer, vocabSize], ["bpe", 320]);
    // config.json says where texts end, which it did not in earlier versions
    const path = `${cwd}/runs/story/last/config.json`, config = JSON.parse(await Deno.readTextFile(path));
    assertEquals(config.eos_token_id, 0);
    await Deno.writeTextFile(path, JSON.stringify({ ...config, eos_token_id: null }));
    await removeSums(`${cwd}/runs/story/last/training_state.json`);
    await succeed(words("train --resume runs/story --device wasm"), { cwd });
    assertEquals(JSON.parse(await Deno.readTextFile(path)), config);
    assertEquals((await settingsOf("story")).tokenizer, "bpe");
    await succeed(
      words('generate --checkpoint runs/story --prompt "Ωmega" --device wasm --max-new-tokens 3'),
      {
        cwd,
      },
    );
    // what the note names gives the same run
    await succeed([...line, ...words("--tokenizer bpe --vocab-size 320 --name named")], { cwd });
    const model = (run: string) => Deno.readFile(`${cwd}/runs/${run}/last/model.safetensors`);
    assertEquals(await model("named"), await model("story"));
    const kept = await succeed([...line, ...words("--tokenizer char --name kept")], { cwd });
    assertEquals([kept.includes("--vocab-size"), (await settingsOf("kept")).tokenizer], [false, "char"]);
  }));
