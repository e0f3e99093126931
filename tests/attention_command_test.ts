import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

Deno.test("attention draws and writes the weights of every kind of model", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await Deno.writeTextFile(`${cwd}/labels.tsv`, "The cat sat\tcat\nThe dog sat\tdog\n".repeat(10));
    const quick = [...small, "--steps", "4", "--device", "cpu"];
    await succeed(["train", "--data", "story.txt", ...quick], { cwd });
    const ask = (line: string) => succeed(words(`attention --device cpu ${line}`), { cwd });

    const said = await ask('--text "The cat"');
    assertMatch(
      said,
      /^text +7 tokens: "T" "h" "e" " " "c" "a" "t"\nmaps +2, of 1 layer with 2 heads each\n/,
    );
    const picture = await Deno.readTextFile(`${cwd}/runs/attention.svg`);
    assertMatch(picture, /^<svg /);
    for (const text of ["runs/story/last", "layer 1", "head 1", "head 2", ">query<", ">key<"]) {
      assertStringIncludes(picture, text);
    }

    await ask('--text "The cat" --layer 1 --head 2 --out head.json');
    const { tokens, maps } = JSON.parse(await Deno.readTextFile(`${cwd}/head.json`));
    assertEquals(tokens, [..."The cat"]);
    assertEquals(maps.map(({ layer, head }: { layer: number; head: number }) => [layer, head]), [[1, 2]]);
    assertEquals(maps[0].weights.length, 7);
    assertEquals(maps[0].weights[0], [1, 0, 0, 0, 0, 0, 0]);
    await ask('--text "The cat" --layer 1 --head 1 --out attention_head_0.png');
    const png = await Deno.readFile(`${cwd}/attention_head_0.png`);
    assertEquals(new TextDecoder("latin1").decode(png.subarray(1, 4)), "PNG");
    await ask('--text "The cat" --out all.json');
    const all = JSON.parse(await Deno.readTextFile(`${cwd}/all.json`));
    assertEquals(all.maps[1], maps[0]);
    assert(all.maps[0].weights[3].join() !== maps[0].weights[3].join());

    // the others get special tokens, too
    await succeed(["train", "--objective", "mlm", "--data", "story.txt", ...quick, "--name", "masked"], {
      cwd,
    });
    assertStringIncludes(await ask('--checkpoint runs/masked --text "The"'), '5 tokens: "<s>" "T"');
    for (const start of ["masked", "story"]) {
      const line =
        `finetune --checkpoint runs/${start} --data labels.tsv --epochs 1 --device cpu --out ${start}-2`;
      await succeed(words(line), { cwd });
      assertMatch(
        await ask(`--checkpoint ${start}-2 --text "The"`),
        /^text +5 tokens: "<.+>" "T" "h" "e" "<.+>"/,
      );
    }
  }));

Deno.test("attention refuses what it cannot draw, and leaves the file that is there", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", "--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"], { cwd });
    await Deno.writeTextFile(`${cwd}/runs/attention.svg`, "mine");
    const expectations: [string, number, string][] = [
      ['--text "The cat" --layer 2', 1, "There is no layer 2: the model has 1"],
      ['--text "The cat" --head 3', 1, "There is no head 3: the model has 2"],
      ['--text "The cat sat on the mat."', 1, "has 23 tokens and the model reads 16"],
      ['--text ""', 1, "the text is empty"],
      ['--text "The cat" --out maps.jpg', 1, "expected a name that ends in .svg, .png or .json"],
      ["", 2, "--text"],
    ];
    for (const [line, code, message] of expectations) {
      const outcome = await miniformer(words(`attention --device cpu ${line}`), { cwd });
      assertEquals([outcome.code, outcome.stdout], [code, ""], outcome.stderr);
      assertStringIncludes(outcome.stderr, message);
      assertEquals(outcome.stderr.trimEnd().split("\n").length, 1, outcome.stderr);
    }
    assertEquals(await Deno.readTextFile(`${cwd}/runs/attention.svg`), "mine");
  }));
