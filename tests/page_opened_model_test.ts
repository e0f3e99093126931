import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CharTokenizer, MASKED_SPECIAL_TOKENS } from "../mod.ts";
import { classify, CpuBackend, fillMask, generateText, type ModelKind, tokenLosses } from "../mod.ts";
import { loadFolder } from "../files/mod.ts";
import type { GivenFile, ToWorker } from "../page/protocol.ts";
import { inFolder } from "./_command.ts";
import { filesIn, page } from "./_page_files.ts";
import { runPython } from "./_pipelines.ts";

const fixtures = new URL("../fixtures/", import.meta.url).pathname,
  device: ToWorker = { kind: "device", device: "cpu" };

/** Letters for a vocabulary of the 40 tokens of the models. */
const LETTERS = " .abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL",
  pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** The files of a tokenizer for a model that has none in fixtures/. */
function tokenizerFor(name: string): Record<string, string> {
  if (name.startsWith("bert")) {
    const letters = [...LETTERS.slice(1)], continued = letters.map((letter) => `##${letter}`);
    return { "vocab.txt": [...pieces, ...letters.slice(0, 20), ...continued.slice(0, 15)].join("\n") };
  }
  const isCausal = /^(openai-)?gpt/.test(name), specialTokens = isCausal ? undefined : MASKED_SPECIAL_TOKENS;
  const letters = LETTERS.slice(0, LETTERS.length - (specialTokens?.length ?? 0));
  return CharTokenizer.fromText(letters, { specialTokens }).toHuggingFace();
}

/** A folder of transformers with a tokenizer. */
async function folderOf(cwd: string, name: string): Promise<string> {
  const folder = `${cwd}/${name}`;
  await Deno.mkdir(folder);
  for (const { path, blob } of filesIn(`${fixtures}${name}`)) {
    await Deno.writeFile(`${cwd}/${path}`, await blob.bytes());
  }
  for (const [file, text] of Object.entries(tokenizerFor(name))) {
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
  return folder;
}

const models: Record<string, ModelKind> = {
  "gpt2-mini": "causal",
  "openai-gpt-mini": "causal",
  "roberta-mini": "masked",
  "bert-mini": "masked",
  "roberta-classifier-mini": "classifier",
  "bert-classifier-mini": "classifier",
  "openai-gpt-classifier-mini": "classifier",
};

for (const [name, task] of Object.entries(models)) {
  Deno.test(`a folder that transformers wrote is opened and answers as the library: ${name}`, () =>
    inFolder(async (cwd) => {
      const folder = await folderOf(cwd, name),
        backend = new CpuBackend(),
        { send, last, generate, answers } = page();
      await send(device, { kind: "open", files: filesIn(folder) });
      const loaded = last("opened")!;
      assertEquals([loaded.name, loaded.task, loaded.step], [name, task, undefined]);
      assertEquals(last("resumable"), undefined);
      const ask = async (prompt: string) => {
        await send({ kind: "distribution", prompt, temperature: 1, topK: 0, topP: 1 });
        return last("distribution")!.tokens;
      };
      if (task === "causal") {
        const source = await loadFolder(folder, { backend, kind: "causal" });
        let text = "a b";
        for await (const piece of generateText(source, { prompt: text, maxNewTokens: 400, temperature: 0 })) {
          text += piece;
        }
        assertEquals(await generate("a b", 1, 0), text);
        await send({ kind: "surprise", text: "the cat." });
        const losses = await tokenLosses(backend, source.model, source.tokenizer.encode("the cat."));
        assertEquals(last("surprise")!.tokens.slice(1).map(({ loss }) => loss), [...losses].slice(1));
        assertEquals((await ask("a b")).length, 12);
        await Deno.writeTextFile(
          `${folder}/tokenizer.json`,
          CharTokenizer.fromText("ab ").toHuggingFace()["tokenizer.json"],
        );
        await send({ kind: "open", files: filesIn(folder) }); // most rows of the model have no token
        const unknown = (await ask("a b")).filter(({ token }) => /^id \d+$/.test(token));
        assert(unknown.length >= 9, `${unknown.length}`);
      } else if (task === "masked") {
        const { model, tokenizer } = await loadFolder(folder, { backend, kind: "masked" });
        const text = `a ${loaded.mask} b`, ids = tokenizer.encode(text, { addSpecialTokens: true });
        const maskId = tokenizer.idOf(loaded.mask!)!,
          [{ candidates }] = await fillMask(backend, model, ids, { maskId, topK: 12 });
        assertEquals(
          (await ask(text)).map(({ probability }) => probability),
          candidates.map(({ probability }) => probability),
        );
        await generate(text, 1);
        assertEquals(answers.some(({ kind }) => kind === "failed"), false);
      } else {
        const { model, tokenizer } = await loadFolder(folder, { backend, kind: "classifier" });
        const [{ probabilities }] = await classify(backend, model, [
          tokenizer.encode("a b", { addSpecialTokens: true }),
        ]);
        const shown = await ask("a b");
        assertEquals(shown.map(({ probability }) => probability), [...probabilities].sort((a, b) => b - a));
        assertEquals(shown.map(({ token }) => token).sort(), [...model.config.labels].sort());
      }
      await send({ kind: "attention", line: "a b" });
      assertEquals(last("attention")!.maps.length, loaded.layers * loaded.heads);
      await send({ kind: "reset" });
    }));
}

Deno.test("a model without a mask token, or with more tokens than rows, is refused", () =>
  inFolder(async (cwd) => {
    const files = filesIn(await folderOf(cwd, "bert-mini")), { send, last } = page();
    const withVocab = (tokens: readonly string[]): GivenFile[] => [
      ...files.filter(({ path }) => !path.endsWith("vocab.txt")),
      { path: "bert-mini/vocab.txt", blob: new Blob([tokens.join("\n")]) },
    ];
    await send(device, {
      kind: "open",
      files: withVocab([...pieces, ...Array.from({ length: 60 }, (_, index) => `t${index}`)]),
    });
    assertEquals(
      last("failed")!.message,
      "Cannot open bert-mini: the tokenizer has 65 tokens, the model 40: they do not belong together",
    );
    await send({ kind: "open", files: withVocab(pieces.slice(0, 4)) });
    assertEquals(
      last("failed")!.message,
      "Cannot open bert-mini: its tokenizer has no <mask> or [MASK], which a masked model fills: add the files of the right one",
    );
    assertEquals(last("opened"), undefined);
  }));

const python = Deno.env.get("MINIFORMER_PYTHON") ?? "python3";
const script = new URL("folders/pipelines.py", import.meta.url).pathname;
const ready = "import torch, transformers, tokenizers; print(int(transformers.__version__[0]) >= 5)";
const ignore = !await runPython(python, "-c", ready).then((printed) => printed.includes("True"), () => false);

Deno.test(
  "models of transformers answer on the page as its pipelines [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await runPython(python, script, "write", cwd);
      const text = "The fox", masked = "The <mask> sat.";
      const questions = [
        ...["gpt2", "gpt1"].map((name) => ({ task: "text-generation", name, input: text, tokens: 8 })),
        { task: "fill-mask", name: "roberta", input: masked },
        ...["roberta_classes", "gpt2_classes"].map((name) => ({
          task: "text-classification",
          name,
          input: text,
        })),
      ];
      const asked = questions.map((question) => ({ ...question, folder: `${cwd}/${question.name}` }));
      await Deno.writeTextFile(`${cwd}/questions.json`, JSON.stringify(asked));
      await runPython(python, script, "answer", `${cwd}/questions.json`, `${cwd}/answers.json`);
      const answers = JSON.parse(await Deno.readTextFile(`${cwd}/answers.json`)),
        { send, last, generate } = page();
      await send(device);
      for (const [index, { folder, name, task, input }] of asked.entries()) {
        await send({ kind: "open", files: filesIn(folder) });
        assertEquals(last("opened")?.name, name);
        if (task === "text-generation") {
          const whole = await generate(input, 1, 0);
          assertEquals(whole.slice(0, answers[index].text.length), answers[index].text);
          continue;
        }
        await send({ kind: "distribution", prompt: input, temperature: 1, topK: 0, topP: 1 });
        const expected: Record<string, number> = task === "fill-mask"
          ? Object.fromEntries(
            answers[index][0].map((one: { token_str: string; score: number }) => [one.token_str, one.score]),
          )
          : answers[index];
        const shown = new Map(
          last("distribution")!.tokens.map(({ token, probability }) => [token, probability]),
        );
        for (const [token, score] of Object.entries(expected)) {
          assertAlmostEquals(shown.get(token)!, score, 1e-5, token);
        }
      }
      await send({ kind: "reset" });
    }),
);
