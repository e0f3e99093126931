import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { loadConfig, loadModel } from "../checkpoints/checkpoint.ts";
import { loadFolder, saveModel } from "../files/mod.ts";
import { readFolder } from "../files/folders.ts";
import { fillMask } from "../inference/fill_mask.ts";
import { inFolder, miniformer, succeed, words } from "./_command.ts";

const pieces =
  "the cat dog hen fox sat ran on under mat hill . , a ##s ##ing play was good bad very not is egg sea red blue sky one two big old new to by";
const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...pieces.split(" ")];

/** Copies a folder of the fixtures, as transformers saved it, with a vocabulary of as many tokens as its model. */
async function copyBert(name: string, folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const from = new URL(`../fixtures/${name}/`, import.meta.url);
  for (const file of ["config.json", "model.safetensors"]) {
    await Deno.writeFile(`${folder}/${file}`, await Deno.readFile(new URL(file, from)));
  }
  await Deno.writeTextFile(`${folder}/vocab.txt`, vocabulary.join("\n") + "\n");
}

Deno.test("the folder of a BERT fills masks, is evaluated, shows its attention, and is saved as what it is", () =>
  inFolder(async (cwd) => {
    await copyBert("bert-mini", `${cwd}/bert`);
    const json = await succeed(
      [
        ...words("fill-mask --checkpoint bert --top_k 3 --json --device cpu --text"),
        "The [MASK] sat, playing.",
      ],
      { cwd },
    );
    const { text, masks: [{ position, candidates }] } = JSON.parse(json);
    const loaded = await loadFolder(`${cwd}/bert`, { kind: "masked" }),
      { model, tokenizer, backend } = loaded;
    const ids = tokenizer.encode("The [MASK] sat, playing.", { addSpecialTokens: true });
    assertEquals([...ids], [2, 5, 4, 10, 17, 21, 20, 16, 3]);
    const [expected] = await fillMask(backend, model, ids, { maskId: 4, topK: 3 });
    assertEquals([position, text], [2, candidates[0].text]);
    for (const [index, { id, probability }] of candidates.entries()) {
      assertEquals(id, expected.candidates[index].id);
      assert(Math.abs(probability - expected.candidates[index].probability) < 1e-5);
    }

    const { code, stderr } = await miniformer(
      [...words("fill-mask --checkpoint bert --device cpu --text"), "The <mask> sat."],
      { cwd },
    );
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      'The text has no [MASK]: write [MASK] for what is missing, as in "The [MASK] sat."',
    );

    await Deno.writeTextFile(
      `${cwd}/story.txt`,
      "The cat sat on the mat. The dog ran under the hill.\n".repeat(40),
    );
    const said = await succeed(words("evaluate --checkpoint bert --data story.txt --report --device cpu"), {
      cwd,
    });
    assertMatch(said, /^loss +[\d.]+ nats per token$/m);
    assertMatch(await Deno.readTextFile(`${cwd}/runs/report.md`), /the \w+ sat|\[ ?sat( → .+)?\]/);
    const command = [
      ...words("attention --checkpoint bert --out maps.json --device cpu --text"),
      "the cat sat.",
    ];
    assertMatch(await succeed(command, { cwd }), /"\[CLS\]" "the" "cat" "sat" "\." "\[SEP\]"/);

    await saveModel(`${cwd}/again`, loaded);
    backend.close();
    const [before, after] = [await readFolder(`${cwd}/bert`), await readFolder(`${cwd}/again`)];
    assertEquals(Object.keys(after).sort(), ["config.json", "model.safetensors", "vocab.txt"]);
    assertEquals(after["vocab.txt"], before["vocab.txt"]);
    assertEquals(loadModel(after).weights, loadModel(before).weights);
    assertEquals(JSON.parse(new TextDecoder().decode(after["config.json"])).architectures, [
      "BertForMaskedLM",
    ]);
  }));

Deno.test("a BERT is fine-tuned to a BERT that classifies, resumes, and refuses pairs", () =>
  inFolder(async (cwd) => {
    await copyBert("bert-mini", `${cwd}/bert`);
    const rows = [
      "good\tthe cat was very good",
      "bad\tthe dog was bad",
      "good\tthe hen is good",
      "bad\tthe fox ran",
    ];
    await Deno.writeTextFile(`${cwd}/rows.tsv`, ["label\ttext", ...rows, ...rows].join("\n") + "\n");
    const data = words("--data rows.tsv --validation rows.tsv --batch-size 4 --device cpu");
    await succeed([...words("finetune --checkpoint bert --epochs 2 --name one"), ...data], { cwd });
    await succeed([...words("finetune --checkpoint bert --epochs 3 --name whole"), ...data], { cwd });
    await succeed(words("finetune --resume runs/one --epochs 3 --device cpu"), { cwd });
    const files = await readFolder(`${cwd}/runs/one/last`),
      config = loadConfig(files, { kind: "classifier" });
    assertEquals([config.architecture, config.labels, config.padId], ["bert", ["bad", "good"], 0]);
    assertEquals(JSON.parse(new TextDecoder().decode(files["config.json"])).architectures, [
      "BertForSequenceClassification",
    ]);
    assertEquals(new TextDecoder().decode(files["vocab.txt"]), vocabulary.join("\n") + "\n");
    const said = await succeed([...words("classify --checkpoint runs/one --device cpu --text"), "the egg"], {
      cwd,
    });
    assertMatch(said, /^ *[\d.]+ % {2}(good|bad)\n *[\d.]+ % {2}(good|bad)\n$/);

    await Deno.writeTextFile(
      `${cwd}/pairs.tsv`,
      "label\ttext\tpair\ngood\tthe cat\tthe hen\nbad\tthe dog\tthe fox\n",
    );
    const { code, stderr } = await miniformer(
      words("finetune --checkpoint bert --data pairs.tsv --validation pairs.tsv --name pairs --device cpu"),
      { cwd },
    );
    assertEquals(code, 1);
    assertStringIncludes(stderr, "pairs.tsv, line 2: Cannot encode a pair of texts with WordPiece");
  }));

Deno.test("a BERT that classifies is used as transformers saved it, and none is trained from the beginning", () =>
  inFolder(async (cwd) => {
    await copyBert("bert-classifier-mini", `${cwd}/bert`);
    const json = await succeed(
      [...words("classify --checkpoint bert --json --device cpu --text"), "the cat is good"],
      { cwd },
    );
    assertEquals(JSON.parse(json).labels, ["bad", "so so", "good"]);
    const { code, stderr } = await miniformer(words("train --architecture bert --steps 1"), { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stderr, '--architecture is "bert": expected one of gpt1, gpt2, roberta');
  }));
