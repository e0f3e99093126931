import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { makeTales } from "../data/tales.ts";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

/** Trains a small model as runs/NAME, whose validation text is written to held-out.txt; gives what `train` said. */
async function learn(cwd: string, name: string, line: string): Promise<string> {
  const whole = story(400);
  await Deno.writeTextFile(`${cwd}/story.txt`, whole);
  await Deno.writeTextFile(`${cwd}/held-out.txt`, whole.slice(Math.floor(whole.length * 0.9)));
  const train = words(`train --data story.txt --name ${name} --device cpu ${line}`);
  return await succeed([...train, ...small], { cwd });
}

/** Runs `evaluate`, and gives what it said and a way to find figures in it. */
async function examine(cwd: string, line: string) {
  const said = await succeed(words(`evaluate ${line} --device cpu`), { cwd });
  return { said, figure: (name: string) => Number(said.match(new RegExp(`^${name} +([\\d.]+)`, "m"))?.[1]) };
}

async function bestLoss(cwd: string, run: string): Promise<number> {
  return JSON.parse(await Deno.readTextFile(`${cwd}/runs/${run}/best/training_state.json`)).best
    .validationLoss;
}

Deno.test("evaluate measures what train measured", () =>
  inFolder(async (cwd) => {
    await learn(cwd, "story", "--steps 80");
    const line = "--checkpoint runs/story --data held-out.txt --batch_size 3";
    const { said, figure } = await examine(cwd, line), expected = await bestLoss(cwd, "story");
    assertAlmostEquals(figure("loss"), expected, 6e-5);
    assertAlmostEquals(figure("perplexity"), Math.exp(expected), 1e-3);
    // a character is a token here
    assertAlmostEquals(figure("bits per character"), expected / Math.LN2, 1e-4);
    assertStringIncludes(said, "in windows of 16");
    assert(!said.includes("pseudo"), said);

    await Deno.writeTextFile(`${cwd}/two.txt`, "Th");
    const two = await examine(cwd, "--data two.txt");
    assertMatch(two.said, /^checkpoint +runs\/story\/best$/m);
    assertStringIncludes(two.said, "1 tokens, in windows of 1\n");

    // characters that the model has never seen
    const heldOut = await Deno.readTextFile(`${cwd}/held-out.txt`);
    await Deno.writeTextFile(`${cwd}/foreign.txt`, heldOut.replaceAll(" ", "é é"));
    const foreign = words("evaluate --checkpoint runs/story --data foreign.txt --device cpu");
    const { stderr } = await miniformer(foreign, { cwd }), spaces = heldOut.split(" ").length - 1;
    const counts = `${2 * spaces} of ${[...heldOut].length + 2 * spaces} characters ("é" ${2 * spaces})`;
    assertStringIncludes(stderr, `--unknown skip leaves out what it lacks, ${counts}\n`);
    const skipping = await examine(
      cwd,
      "--checkpoint runs/story --data foreign.txt --batch_size 3 --unknown skip",
    );
    assertStringIncludes(skipping.said, `\nskipped             ${counts}\n`);
    assertEquals(skipping.figure("loss"), figure("loss"));
  }));

Deno.test("evaluate shows figures by skill on tales, of a causal model of characters, and not on other texts", () =>
  inFolder(async (cwd) => {
    const { text } = makeTales({ seed: 1, characters: 8000 }),
      table = /^by skill; .*\nskill +characters .*\n/m;
    await Deno.writeTextFile(`${cwd}/all.txt`, text);
    await Deno.writeTextFile(`${cwd}/other.txt`, `${text}A book.`);
    const train = [...words("train --data all.txt --device cpu --steps 20"), ...small];
    await succeed([...train, ...words("--name tales")], { cwd });
    const { said } = await examine(cwd, "--checkpoint runs/tales --report"); // the last tenth of the text begins inside a tale
    assertMatch(said, table);
    const [, positions, loss] = said.match(/^all +([\d,]+) +([\d.]+) +0\.\d{4} +[\d.]+ +100\.0 %$/m)!;
    assert(Number(positions.replace(",", "")) > 400 && Number(loss) > 1, said);
    assertStringIncludes(
      await Deno.readTextFile(`${cwd}/runs/report.md`),
      `\n| all | ${positions} | ${loss} |`,
    );
    for (const line of ["--data other.txt", "--data other.txt all.txt"]) {
      assert(!table.test((await examine(cwd, `--checkpoint runs/tales ${line}`)).said), line);
    }
    await succeed([...train, ...words("--name bytes --tokenizer bpe --vocab_size 270")], { cwd });
    assert(!table.test((await examine(cwd, "--checkpoint runs/bytes --data all.txt")).said));
  }));

for (const rule of ["", "--lines --mask_rule fairseq --mask_rate 0.3 --seed 3"]) {
  Deno.test(`evaluate measures what train measured, of a masked model ${rule}`, () =>
    inFolder(async (cwd) => {
      const trained = await learn(cwd, "masked", `--objective mlm --steps 80 ${rule}`);
      // that each line begins a sequence is known from the run
      const options = rule.replace("--lines ", "");
      const line = `--checkpoint runs/masked/last --data held-out.txt --batch_size 3 ${options}`;
      const { said, figure } = await examine(cwd, line);
      const [, loss, targets] = trained.match(/^loss +validation ([\d.]+) .* on (\d+) of/m)!;
      assertEquals(figure("loss").toFixed(4), loss);
      assertEquals(figure("masks"), Number(targets));
      assertAlmostEquals(figure("perplexity"), Math.exp(Number(loss)), 1e-3);
      const [, pseudo] = trained.match(/^pseudo +perplexity ([\d.]+)/m)!;
      assertEquals(figure("pseudo-perplexity").toPrecision(4), pseudo);
      assertStringIncludes(said, ", masking one token at a time (512 of them)\n");
      assert(!said.includes("bits per character"), said);
      assertEquals(said.includes(", one or more for each line\n"), rule !== "");
      if (rule !== "") {
        assertNotEquals((await examine(cwd, `${line} --no-lines`)).figure("loss"), figure("loss"));
      }

      const other = await examine(cwd, `${line.replace(/ --seed 3|$/, " --seed 4")} --pseudo_tokens 7`);
      assert(Math.abs(other.figure("loss") - figure("loss")) > 1e-4, "other masks");
      assertStringIncludes(other.said, "(7 of them)");
      assert(!(await examine(cwd, `${line} --pseudo_tokens 0`)).said.includes("pseudo"));
    }));
}

Deno.test("lines of which none is hidden count nothing, and a text of such lines is refused", () =>
  inFolder(async (cwd) => {
    await learn(cwd, "masked", "--objective mlm --steps 1");
    await Deno.writeTextFile(`${cwd}/short.txt`, "T\nh\ne\n".repeat(40));
    const { figure } = await examine(cwd, "--data short.txt --lines --batch_size 1 --mask_rate 0.05");
    assert(figure("masks") > 0 && figure("masks") < 15, `${figure("masks")}`);
    await Deno.writeTextFile(`${cwd}/one.txt`, "T");
    const line = words("evaluate --data one.txt --mask_rate 0.01 --device cpu");
    const { code, stderr } = await miniformer(line, { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "error: Cannot measure a model on 2 tokens: none of them is masked;");
  }));

Deno.test("evaluate refuses what it cannot measure, and says what can", () =>
  inFolder(async (cwd) => {
    await learn(cwd, "masked", "--objective mlm --steps 1");
    await learn(cwd, "causal", "--steps 1");
    await Deno.writeTextFile(
      `${cwd}/train.tsv`,
      "a cat\tgood\nthe hat\tbad\n".replaceAll("a ", "the ").repeat(4),
    );
    await succeed(words("finetune --checkpoint runs/masked --data train.tsv --epochs 1 --device cpu"), {
      cwd,
    });
    const cases: [line: string, code: number, message: string][] = [
      [
        "--checkpoint runs/masked-classifier",
        1,
        "it is a classifier; deno task classify --checkpoint runs/masked-classifier/best --data FILE evaluates it",
      ],
      ["--checkpoint runs/causal --mask_rate 0.2", 2, "--mask-rate is for a model that fills masks"],
      ["--checkpoint runs/causal --lines", 2, "--lines is for a model that fills masks"],
    ];
    for (const [line, code, message] of cases) {
      const all = words(`evaluate --data story.txt ${line} --device cpu`);
      const { code: ended, stdout, stderr } = await miniformer(all, { cwd });
      assertEquals([ended, stdout], [code, ""], `${line}\n${stderr}`);
      assertStringIncludes(stderr, message, line);
      assertMatch(stderr, /^error: .*\n?$/, line);
    }
  }));
