import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeTales } from "../data/tales.ts";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

const TALES = new URL("../pretrained/tales", import.meta.url).pathname;

/** The figures of a page: loss, optimal loss and skill of each token; and its tokens. */
async function pageOf(path: string) {
  const page = await Deno.readTextFile(path);
  const { figures, skills } = JSON.parse(page.match(/^const ABOUT = (.*);$/m)![1]);
  const tokens = Array.from(page.matchAll(/<span(?: class="\w+")?>([^<]*)<\/span>/g), ([, text]) => text);
  return { page, figures: figures as (number | null)[][], skills, tokens: tokens.slice(-figures.length) };
}

Deno.test("evaluate --colours: tales by what the loss is above the optimum, from the first whole tale on", () =>
  inFolder(async (cwd) => {
    const { text } = makeTales({ seed: 9, characters: 6000 }), cut = text.slice(30);
    await Deno.writeTextFile(`${cwd}/cut.txt`, cut);
    const said = await succeed(words(`evaluate --checkpoint ${TALES} --data cut.txt --colours`), { cwd });
    assertMatch(said, /^colours +runs\/colours\.html$/m);
    const { page, figures, skills, tokens } = await pageOf(`${cwd}/runs/colours.html`);
    const whole = cut.slice(cut.indexOf("\n\n") + 2);
    assertEquals(tokens.join("").replaceAll("&#34;", '"').replaceAll("↵", ""), whole);
    assert(
      figures.every((each) => each.every((value) => value !== null)),
      "each has a model before it and an oracle",
    );
    assertEquals([...skills].sort(), ["agreement", "choice", "plot", "recall", "spelling", "wording"]);
    // one of seven starts: the six names, and Once
    assertEquals(
      figures[0][1],
      Number((-Math.log(whole.startsWith("Once") ? 1 / 2 : 1 / 12)).toPrecision(4)),
    );
    assertStringIncludes(page, "loss above the optimum, in nats");
    assertStringIncludes(page, "<p>cut.txt</p>");
  }));

Deno.test("evaluate --colours: any text by the loss, as a page or a picture, beside the other results", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(400));
    const train = words(
      "train --data story.txt --name bpe --tokenizer bpe --vocab_size 280 --steps 3 --device cpu",
    );
    await succeed([...train, ...small], { cwd });
    await Deno.writeTextFile(`${cwd}/any.txt`, "The cat <b>sat</b> 🐈.\n".repeat(3));
    const line = "evaluate --checkpoint runs/bpe --data any.txt --device cpu";
    const plain = JSON.parse(await succeed(words(`${line} --json`), { cwd }));
    for (const ending of ["html", "svg", "png"]) {
      const said = await succeed(words(`${line} --json --colours runs/any.${ending}`), { cwd });
      assertEquals(JSON.parse(said), plain);
    }
    const { page, figures, tokens } = await pageOf(`${cwd}/runs/any.html`);
    assert(tokens.includes("&#60;") && tokens.some((token) => token.includes("🐈")), tokens.join("|"));
    assertEquals(figures[0], [null, null, null]);
    assert(figures.slice(1).every(([loss, optimal]) => loss! > 0 && optimal === null));
    assertStringIncludes(page, "<b>loss, in nats</b>");
    assertStringIncludes(await Deno.readTextFile(`${cwd}/runs/any.svg`), "<svg ");
    assertEquals((await Deno.readFile(`${cwd}/runs/any.png`))[0], 137);
    // the losses of a text of one window add up to its own, those of the parts of a character included
    await Deno.writeTextFile(`${cwd}/one.txt`, "The 🐈");
    const { loss, predictedTokens } = JSON.parse(
      await succeed(words(`${line.replace("any", "one")} --json --colours runs/one.html`), { cwd }),
    );
    const one = (await pageOf(`${cwd}/runs/one.html`)).figures.slice(1).reduce(
      (sum, [loss]) => sum + loss!,
      0,
    );
    assert(Math.abs(one - loss * predictedTokens) < 2e-3 * predictedTokens, `${one}`);
  }));

Deno.test("evaluate --colours refuses other files and masked models before any work", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
    const train = words("train --data story.txt --name mlm --objective mlm --steps 1 --device cpu");
    await succeed([...train, ...small], { cwd });
    for (
      const [line, message] of [
        [
          `--checkpoint ${TALES} --colours runs/x.pdf`,
          "Cannot write runs/x.pdf: expected a name that ends in .html, .svg or .png",
        ],
        [
          "--checkpoint runs/mlm --colours",
          "--colours is for a model that predicts the next token; that of runs/mlm",
        ],
      ]
    ) {
      const { code, stderr } = await miniformer(words(`evaluate --data story.txt ${line}`), { cwd });
      assert(code > 0 && stderr.startsWith(`error: ${message}`), stderr);
    }
    const left = [...Deno.readDirSync(`${cwd}/runs`)].map(({ name }) => name);
    assertEquals(left, ["mlm"]);
  }));
