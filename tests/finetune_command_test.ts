import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, metricsOf, miniformer, story, succeed, words } from "./_command.ts";
import { hasAdapter } from "./_testing.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";

/** Sentences about two animals; which one it is decides the label. */
function labelled(rows: number): string {
  return story(2 * rows).split("\n").filter((line) => /cat|dog/.test(line)).slice(0, rows)
    .map((line) => `${line}\t${line.includes("cat") ? "meows" : "barks"}\n`).join("");
}

/** Trains a small model of an objective, as runs/mlm or runs/causal. */
async function pretrain(cwd: string, objective: string, steps = 100, ...flags: string[]): Promise<void> {
  await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
  const preset = objective === "mlm" ? "roberta-tiny" : "tiny";
  const line = `train --preset ${preset} --data story.txt --device cpu --name ${objective} --steps ${steps}`;
  const sizes = words("--context_length 32 --layers 1 --heads 2 --model_dim 16 --batch_size 4 --lr 0.01");
  await succeed([...words(line), ...sizes, ...flags], { cwd });
}

for (
  const [objective, architecture] of [["mlm", "RobertaForSequenceClassification"], [
    "causal",
    "GPT2ForSequenceClassification",
  ]]
) {
  Deno.test(`a classifier is made from a model trained by ${objective}, evaluated and used`, () =>
    inFolder(async (cwd) => {
      await pretrain(cwd, objective);
      await Deno.writeTextFile(`${cwd}/train.tsv`, `sentence\tlabel\n${labelled(200)}\n\n`);
      await Deno.writeTextFile(`${cwd}/dev.tsv`, labelled(40));
      const line = `finetune --checkpoint runs/${objective} --data train.tsv --validation dev.tsv`;
      const said = await succeed(words(`${line} --epochs 4 --lr 0.02 --device cpu`), { cwd });
      const run = `${cwd}/runs/${objective}-classifier`;
      assertMatch(said, /^data +train.tsv: 200 training texts, 40 validation texts; 2 empty lines skipped$/m);
      assertMatch(
        said,
        /^accuracy +100.0 % of 40 texts; majority baseline 50.0 % \(always ".*"\)$/m,
      );
      assertStringIncludes(said, "is     precision  recall     F1  called barks  called meows");

      const lines = (await metricsOf(run)).map((text) => JSON.parse(text));
      assertEquals(lines.length, 50);
      const scored = lines.filter(({ accuracy }) => accuracy !== undefined);
      assertEquals(scored.map(({ step }) => step), [13, 25, 38, 50]);
      const state = JSON.parse(await Deno.readTextFile(`${run}/best/training_state.json`));
      assertEquals([state.best.accuracy, state.best.macroF1], [1, 1]);
      assertEquals([state.command, state.settings.auxiliaryWeight], [
        "finetune",
        objective === "mlm" ? 0 : 0.5,
      ]);
      const config = JSON.parse(await Deno.readTextFile(`${run}/best/config.json`));
      assertEquals([config.architectures, config.id2label], [[architecture], { 0: "barks", 1: "meows" }]);
      assertMatch(await Deno.readTextFile(`${run}/confusion_matrix.svg`), /^<svg .*>20<.*>meows</s);
      assertStringIncludes(await Deno.readTextFile(`${run}/loss_curve.svg`), ">loss (nats per text)<");
      assertMatch(await Deno.readTextFile(`${run}/samples.txt`), /meows \d+ %: The cat/);

      const one = words(`classify --checkpoint ${run} --text "The cat sat on the log." --device cpu`);
      assertMatch(await succeed(one, { cwd }), /^ *[\d.]+ % {2}meows\n *[\d.]+ % {2}barks\n$/);
      const file = await miniformer(words(`classify --checkpoint ${run} --data dev.tsv --device cpu`), {
        cwd,
      });
      assertEquals(file.stdout.trimEnd().split("\n").length, 41);
      assertMatch(
        file.stdout,
        /^prediction\tprobability\ttext\nmeows\t[01]\.\d{4}\tThe cat sat on the mat\.\n/,
      );
      assertStringIncludes(file.stderr, "dev.tsv: 40 texts; accuracy 100.0 %, F1 1.0000");
      await Deno.writeTextFile(`${cwd}/bare.txt`, "The dog sat on the log.\n");
      const bare = words(`classify --checkpoint ${run} --data bare.txt --device cpu`);
      assertMatch(await succeed(bare, { cwd }), /\nbarks\t[01]\.\d{4}\tThe dog sat on the log\.\n$/);
    }));

  for (const device of ["cpu", "webgpu"]) {
    Deno.test(
      `fine-tuning after ${objective} that was stopped and resumed equals one that was not [${device}]`,
      { ignore: device === "webgpu" && !hasAdapter },
      () =>
        inFolder(async (cwd) => {
          await pretrain(cwd, objective, 2);
          await Deno.writeTextFile(`${cwd}/train.tsv`, labelled(60));
          const flags =
            "--epochs 3 --batch_size 4 --accumulation 2 --dropout 0.2 --class_weights meows=2 barks=1";
          const line = words(
            `finetune --checkpoint runs/${objective} --data train.tsv ${flags} --device ${device}`,
          );
          await succeed([...line, "--out", "whole"], { cwd });
          await succeed([...line, "--out", "half", "--stop_after", "9"], { cwd });
          await succeed(words(`finetune --resume half --device ${device}`), { cwd });
          assertEquals(await metricsOf(`${cwd}/half`), await metricsOf(`${cwd}/whole`));
          for (
            const name of ["best/model.safetensors", "last/model.safetensors", "last/optimizer.safetensors"]
          ) {
            assertEquals(
              await Deno.readFile(`${cwd}/half/${name}`),
              await Deno.readFile(`${cwd}/whole/${name}`),
            );
          }
          const samples = (run: string) => Deno.readTextFile(`${cwd}/${run}/samples.txt`);
          assertEquals(await samples("half"), await samples("whole"));
        }),
    );
  }
}

/** The files of a run whose bytes follow from its settings. */
const MODEL_FILES = ["best/model.safetensors", "last/model.safetensors", "last/optimizer.safetensors"];

Deno.test("BPE-dropout and mean pooling: resumed or with other threads, the bits are equal", () =>
  inFolder(async (cwd) => {
    await pretrain(cwd, "mlm", 2, ...words("--tokenizer bpe --vocab_size 300"));
    await Deno.writeTextFile(`${cwd}/train.tsv`, labelled(60));
    const data = "finetune --checkpoint runs/mlm --data train.tsv --epochs 3 --batch_size 4 --lr 0.01";
    const line = words(`${data} --dropout 0.2 --bpe-dropout 0.3 --pooling mean --device wasm`);
    const said = await succeed([...line, "--out", "whole", "--threads", "1"], { cwd });
    assertMatch(said, /^model +roberta by the mean of its tokens, /m);
    assertMatch(said, /^training .* to 0, BPE-dropout 0.3, seed 1$/m);
    await succeed([...line, "--out", "half", "--stop_after", "20"], { cwd }); // 13.5 steps an epoch
    await succeed(
      words("finetune --resume half --threads 2 --bpe_dropout 0.3 --pooling mean --device wasm"),
      {
        cwd,
      },
    );
    const read = (run: string, name: string) => Deno.readFile(`${cwd}/${run}/${name}`);
    for (const name of MODEL_FILES) assertEquals(await read("half", name), await read("whole", name), name);
    assertEquals(await metricsOf(`${cwd}/half`), await metricsOf(`${cwd}/whole`));

    // each flag changes what is computed, and without them nothing is said of them
    const without = words(`${data} --dropout 0.2 --device wasm --out without`);
    const others: [string, string[]][] = [
      ["first", line.filter((word) => !["--pooling", "mean"].includes(word)).concat("--out", "first")],
      ["merged", line.filter((word) => !["--bpe-dropout", "0.3"].includes(word)).concat("--out", "merged")],
      ["without", without],
    ];
    const models = [String(await read("whole", MODEL_FILES[1]))];
    for (const [run, line] of others) {
      await succeed(line, { cwd });
      models.push(String(await read(run, MODEL_FILES[1])));
    }
    assertEquals(new Set(models).size, 4);
    const settings = JSON.parse(await Deno.readTextFile(`${cwd}/without/last/training_state.json`)).settings;
    assertEquals(["bpeDropout", "pooling"].filter((name) => name in settings), []);

    // what it was trained with is not drawn when it is used, and another program cannot mistake it
    const config = JSON.parse(await Deno.readTextFile(`${cwd}/whole/last/config.json`));
    assertEquals([config.model_type, config.pooling, config.architectures], [
      "miniformer",
      "mean",
      undefined,
    ]);
    const card = await Deno.readTextFile(`${cwd}/whole/last/README.md`);
    assertStringIncludes(card, "the mean of the hidden states of all their tokens");
    assertStringIncludes(card, "--bpe-dropout 0.3");
    const classify = words("classify --checkpoint whole/last --data train.tsv --device wasm --json");
    assertEquals(await succeed(classify, { cwd }), await succeed(classify, { cwd }));
    const { accuracy } = JSON.parse(await succeed(classify, { cwd }));
    assert(accuracy > 0.5, `${accuracy}`);
    assertMatch(await succeed(words("doctor --run whole"), { cwd }), /whole/);
  }));

Deno.test("BPE-dropout and mean pooling are refused where they make no sense, in one line", () =>
  inFolder(async (cwd) => {
    for (const objective of ["mlm", "causal"]) await pretrain(cwd, objective, 1);
    await Deno.writeTextFile(`${cwd}/train.tsv`, labelled(20));
    const cases: [line: string, message: string][] = [
      [
        "mlm --bpe-dropout 0.1",
        "--bpe-dropout is for a BPE tokenizer: that of this model (characters) has no",
      ],
      ["mlm --bpe-dropout 1.1", "--bpe-dropout"],
      ["mlm --bpe-dropout -0.1", "--bpe-dropout"],
      ["mlm --pooling max", "--pooling"],
      [
        "causal --pooling mean",
        "--pooling is for a RoBERTa: a GPT classifies by its last token, which alone",
      ],
    ];
    for (const [flags, message] of cases) {
      const line = words(`finetune --data train.tsv --out none --device cpu --checkpoint runs/${flags}`);
      const { code, stderr } = await miniformer(line, { cwd });
      assertEquals(code, 2, flags);
      assertStringIncludes(stderr, message);
      assertEquals(
        await Array.fromAsync(Deno.readDir(cwd)).then((all) => all.map(({ name }) => name)).then(
          (names) => names.includes("none"),
        ),
        false,
      );
    }
  }));

Deno.test("pairs, csv and jsonl are read, classes weighed, and a model begun from scratch", () =>
  inFolder(async (cwd) => {
    await pretrain(cwd, "mlm", 2);
    const rows = labelled(40).trimEnd().split("\n").map((line) => line.split("\t"));
    await Deno.writeTextFile(
      `${cwd}/train.csv`,
      "label,sentence1,sentence2\n" + rows.map(([text, label]) => `${label},"${text}","A, ""b"""\n`).join(""),
    );
    await Deno.writeTextFile(
      `${cwd}/dev.jsonl`,
      rows.map(([text, label]) => JSON.stringify({ text: text.slice(0, 12), pair: "A", label }) + "\n").join(
        "",
      ),
    );
    const line = words("finetune --checkpoint runs/mlm --data train.csv --validation dev.jsonl --truncate");
    await succeed([...line, "--epochs", "1", "--class_weights", "balanced", "--device", "cpu"], { cwd });
    const scratch = [...line, "--from-scratch", "--epochs", "1", "--name", "scratch", "--device", "cpu"];
    const said = await succeed(scratch, { cwd });
    assertStringIncludes(said, "the size of runs/mlm/best, random initial weights");
    assertMatch(said, /^run +runs\/scratch$/m);
  }));

Deno.test("what was pretrained is where fine-tuning begins, unless it begins from scratch", () =>
  inFolder(async (cwd) => {
    await pretrain(cwd, "mlm", 20);
    await Deno.writeTextFile(`${cwd}/train.tsv`, labelled(40));
    const still = words(
      "finetune --checkpoint runs/mlm --data train.tsv --lr 1e-12 --epochs 0.4 --device cpu",
    );
    await succeed([...still, "--out", "tuned"], { cwd });
    await succeed([...still, "--out", "scratch", "--from-scratch"], { cwd });
    const embedding = async (run: string) => {
      const tensors = readSafetensors(await Deno.readFile(`${cwd}/${run}/best/model.safetensors`));
      return tensors.get("roberta.embeddings.word_embeddings.weight")!.data;
    };
    const before = await embedding("runs/mlm"),
      apart = (after: Float32Array) => Math.max(...after.map((value, i) => Math.abs(value - before[i])));
    assert(apart(await embedding("tuned")) < 1e-6);
    assert(apart(await embedding("scratch")) > 0.1);
  }));

Deno.test("the best epoch is evaluated at the end, not the last", () =>
  inFolder(async (cwd) => {
    await pretrain(cwd, "mlm");
    const rows = labelled(200);
    await Deno.writeTextFile(`${cwd}/train.tsv`, rows);
    // what validates says the contrary, so that the more is learned the worse it gets
    const opposite: Record<string, string> = { meows: "barks", barks: "meows" };
    const contrary = labelled(40).replace(/meows|barks/g, (label) => opposite[label]);
    await Deno.writeTextFile(`${cwd}/dev.tsv`, contrary);
    const line =
      "finetune --checkpoint runs/mlm --data train.tsv --validation dev.tsv --epochs 4 --lr 0.02 --device cpu";
    const said = await succeed(words(line), { cwd });
    const run = `${cwd}/runs/mlm-classifier`;
    const scored = (await metricsOf(run)).map((text) => JSON.parse(text).accuracy).filter(Number.isFinite);
    const best = Math.max(...scored);
    assert(best > scored.at(-1)!, `${scored}`);
    assertStringIncludes(said, `accuracy  ${(100 * best).toFixed(1)} % of 40 texts`);
    const state = JSON.parse(await Deno.readTextFile(`${run}/best/training_state.json`));
    assertEquals(state.best.accuracy, best);
    assertMatch(said, new RegExp(`^best +step ${state.step}, kept in runs/mlm-classifier/best$`, "m"));
  }));

Deno.test("finetune and classify refuse what makes no sense, by file and line", () =>
  inFolder(async (cwd) => {
    await pretrain(cwd, "mlm", 1);
    const write = (name: string, text: string) => Deno.writeTextFile(`${cwd}/${name}`, text);
    await write("train.tsv", labelled(20));
    await write("three.tsv", "a cat\tmeows\nno\tmore\tbarks\n");
    await write("bare.tsv", "a cat\nno dog\n");
    await write("same.tsv", "a cat\tmeows\nmy cat\tmeows\n");
    await write("two.tsv", "a cat\tmeows\nmy dog\tbarks\n");
    await write("one.tsv", "a cat\tmeows\n");
    await write("new.tsv", labelled(2) + "\na cow\tmoos\n");
    await write("hidden.tsv", "stars\tverdict\n" + labelled(8));
    await write("gap.tsv", labelled(2) + "\tmeows\n");
    await write("quote.csv", 'a "cat",meows\n"a cat,meows\n');
    await write("broken.jsonl", '{"text":"a cat","label":1}\n{"text":\n');
    await write("long.tsv", labelled(4) + "The cat sat on the mat and the log and the hay\tmeows\n");
    await succeed(
      words("finetune --checkpoint runs/mlm --data train.tsv --epochs 1 --out done --device cpu"),
      {
        cwd,
      },
    );
    const tune = "finetune --checkpoint runs/mlm --data";
    const cases: [line: string, code: number, message: string][] = [
      ["finetune --checkpoint runs/mlm", 2, "--data is missing"],
      [`${tune} none.tsv`, 1, "Cannot read none.tsv: no such file or folder"],
      [`${tune} story.txt`, 1, "expected a name that ends in .tsv (text, tab, label), .csv or .jsonl"],
      [`${tune} three.tsv`, 1, "three.tsv, line 2: 3 columns, expected 2 (text, label)"],
      [
        `${tune} bare.tsv`,
        1,
        "bare.tsv, line 1: 1 column, expected 2 (text, label) or 3 (text, pair, label)",
      ],
      [`${tune} same.tsv --validation same.tsv`, 1, 'every text of same.tsv has label "meows"'],
      [
        `${tune} two.tsv`,
        1,
        "Cannot train on two.tsv: all texts that are not held back for validation (1) have the same label; give --validation",
      ],
      [`${tune} one.tsv`, 1, 'Cannot train a classifier: every text of one.tsv has label "meows"'],
      [`${tune} two.tsv --validation two.tsv --class_weights barks=0 meows=0`, 2, "are 0 for every class"],
      [
        `${tune} train.tsv --validation new.tsv`,
        1,
        'new.tsv, line 4: label "moos" was not in the training data: expected one of barks, meows',
      ],
      [`${tune} hidden.tsv`, 1, "hidden.tsv, line 1 looks like a heading"],
      [`${tune} gap.tsv`, 1, "gap.tsv, line 3: the text is missing"],
      [`${tune} quote.csv`, 1, "quote.csv, line 2: a quote is out of place"],
      [`${tune} broken.jsonl`, 1, "broken.jsonl, line 2: "],
      [`${tune} long.tsv`, 1, "1 of 4 texts have more tokens than the 32 of the context, up to 48"],
      [`${tune} train.tsv --class_weights moos=2`, 2, '--class-weights has "moos=2": expected balanced'],
      [`${tune} train.tsv --batch_size 100000000`, 2, "expected a whole number at least 1, at most 65536"],
      [`${tune} train.tsv --auxiliary_weight 1`, 2, "--auxiliary-weight is for a GPT"],
      ["finetune --checkpoint done --data train.tsv", 1, "it is a classifier already"],
      ["finetune --resume done", 1, "it has done 2 steps of 2; raise --epochs"],
      ["finetune --resume done --epochs 2 --stop_after 1", 1, "it has done 2 steps of 1; raise --stop-after"],
      [
        "finetune --resume done --epochs 2 --batch_size 3",
        2,
        "--batch-size is 3, but the run was started with",
      ],
      ["finetune --resume done --epochs 2 --name new", 2, "--name cannot be given with --resume"],
      [`${tune} train.tsv --name a --out b`, 2, "--name and --out both say where: give one"],
      ["finetune --resume done --epochs 2 --data same.tsv", 1, "same.tsv holds other texts"],
      [
        "finetune --resume runs/mlm --epochs 2",
        1,
        "deno task train trained it; deno task train --resume resumes it",
      ],
      [
        "train --resume done --epochs 2",
        1,
        "deno task finetune trained it; deno task finetune --resume resumes it",
      ],
      ["classify --checkpoint done", 2, "Give --text TEXT or --data FILE: one of them"],
      ["classify --checkpoint runs/mlm --text a", 1, "expected a classifier; deno task fill-mask uses it"],
      ["fill-mask --checkpoint done --text <mask>", 1, "deno task classify uses it"],
      [
        "classify --checkpoint done --data new.tsv",
        1,
        'new.tsv, line 4: label "moos" was not in the training data',
      ],
      [
        `classify --checkpoint done --text "${"The cat sat. ".repeat(4)}"`,
        1,
        "The text has 54 tokens and the model reads 32: shorten it, or give --truncate",
      ],
    ];
    for (const [line, code, message] of cases) {
      const { code: ended, stdout, stderr } = await miniformer([...words(line), "--device", "cpu"], { cwd });
      assertEquals([ended, stdout], [code, ""], `${line}\n${stderr}`);
      assertStringIncludes(stderr, message, line);
      assertMatch(stderr, /^error: .*\n?$/, line);
    }
  }));
