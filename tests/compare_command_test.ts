import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describeComparison, differencesOf, readComparedRun } from "../commands/reports/compared_runs.ts";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

/** Makes the folder of a run, without a model. */
async function makeRun(path: string, run: object, records: readonly object[]): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.writeTextFile(`${path}/run.json`, JSON.stringify(run));
  const common = { epoch: 1, loss: 2, gradientNorm: 1, learningRate: 1e-3 };
  const lines = records.map((record) => JSON.stringify({ ...common, ...record }) + "\n");
  await Deno.writeTextFile(`${path}/metrics.jsonl`, lines.join(""));
  return path;
}

const settings = { layers: 2, steps: 20, learningRate: 1e-3, data: ["a.txt"] };

Deno.test("runs are compared by their last and best losses, and by the settings that differ, and only those", () =>
  inFolder(async (cwd) => {
    const a = await makeRun(
      `${cwd}/a`,
      {
        ...{ command: "train", parameters: 12345, optimalLoss: 0.5, settings },
        sessions: [{ tokensPerSecond: 900 }, { tokensPerSecond: 1000 }, {}],
      },
      [
        { step: 1, seconds: 1 },
        { step: 10, seconds: 5, validationLoss: 1.25 },
        { step: 20, seconds: 61, validationLoss: 1.5 },
      ],
    );
    const b = await makeRun(
      `${cwd}/b`,
      {
        command: "train",
        settings: { ...settings, layers: 4, dropoutRate: 0.1 },
        block: { name: "x", sha256: "00" },
      },
      [{ step: 20, seconds: 3, validationLoss: 1 }],
    );
    const runs = [await readComparedRun(a), await readComparedRun(`${b}/`)];
    const { settings: _, ...figures } = runs[0];
    assertEquals(figures, {
      ...{ run: a, command: "train", steps: 20, loss: 1.5, best: { step: 10, loss: 1.25 }, optimal: 0.5 },
      ...{
        accuracy: undefined,
        bestAccuracy: undefined,
        parameters: 12345,
        seconds: 61,
        tokensPerSecond: 1000,
      },
      curve: [{ step: 10, loss: 1.25 }, { step: 20, loss: 1.5 }],
    });
    assertEquals(differencesOf(runs), {
      layers: [2, 4],
      dropoutRate: [null, 0.1],
      block: [null, "x (SHA-256 00)"],
    });
    assertEquals(
      describeComparison(runs.map((run) => ({ ...run, run: run.run.slice(-1) }))),
      [
        "   run  steps    loss               best  above optimum  parameters    time  tok/s",
        "1  a       20  1.5000  1.2500 at step 10         1.0000       12.3K  1m 01s  1.00K",
        "2  b       20  1.0000  1.0000 at step 20              –           –      3s      –",
        "",
        "setting      1               2",
        "layers       2               4",
        "dropoutRate  –             0.1",
        "block        –  x (SHA-256 00)",
      ].join("\n"),
    );
    assertStringIncludes(describeComparison([runs[0], { ...runs[0], run: "c" }]), "\n\nNo setting differs.");

    const c = await makeRun(
      `${cwd}/c`,
      { command: "finetune", settings: { ...settings, data: ["b.txt", "c\x1b.txt"] }, sessions: "none" },
      [{ step: 5, seconds: 1, validationLoss: 1, accuracy: 0.75 }, {
        step: 9,
        seconds: 1,
        validationLoss: 2,
        accuracy: 0.5,
      }],
    );
    const shown = describeComparison([runs[0], await readComparedRun(c)]);
    assertMatch(shown, /^2 .* 9 of 20 /m, "it has been stopped");
    assertMatch(shown, /^2 .* 50\.0 % +75\.0 % .*$/m);
    assertMatch(shown, /^data +a\.txt +b\.txt c\\x1b\.txt$/m);
    assertMatch(shown, /\n\ncommand, data differ: the losses may be of different texts or tokens\.$/);
  }));

Deno.test("compare shows real runs, draws them in one picture, and gives the documented fields", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const train = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "4"];
    await Promise.all([
      succeed([...train, "--name", "one"], { cwd }),
      succeed([...train, "--name", "two", "--seed", "2"], { cwd }),
    ]);
    const line = "compare runs/one runs/two/last --out";
    const shown = await succeed([...words(line), "runs/curves.svg"], { cwd });
    assertMatch(
      shown,
      /^1 +runs\/one +4 .*\n2 +runs\/two +4 .*\n\nsetting +1 +2\nseed +1 +2\n\npicture +runs\/curves\.svg\n$/m,
    );
    const picture = await Deno.readTextFile(`${cwd}/runs/curves.svg`);
    for (const name of ["1 one", "2 two"]) assertStringIncludes(picture, `>${name}</text>`);
    await succeed([...words(line), "runs/curves.png"], { cwd });
    assertEquals(
      (await Deno.readFile(`${cwd}/runs/curves.png`)).slice(1, 4),
      new TextEncoder().encode("PNG"),
    );
    // the same name, another text
    await Deno.writeTextFile(`${cwd}/story.txt`, story(101));
    await succeed([...train, "--name", "three"], { cwd });
    assertMatch(
      await succeed(words("compare runs/one runs/three"), { cwd }),
      /\n\nsetting +1 +2\ntext +[0-9a-f]{16} +[0-9a-f]{16}\n\ntext differs: the losses may be of different texts or tokens\.\n$/,
    );
    const json = JSON.parse(await succeed(words("compare runs/one runs/two --json"), { cwd }));
    assertEquals(json.differences, { seed: [1, 2] });
    const run = JSON.parse(await Deno.readTextFile(`${cwd}/runs/one/run.json`));
    assertEquals([json.runs[0].parameters, json.runs[0].run], [run.parameters, "runs/one"]);
    assert(json.runs[0].tokensPerSecond > 0);
  }));

const EXPECTED = "two or more folders of runs, as in deno task compare RUN RUN...";

Deno.test("what cannot be compared is refused in one line", () =>
  inFolder(async (cwd) => {
    await makeRun(`${cwd}/runs/a`, { settings }, [{ step: 1, seconds: 1 }]);
    await makeRun(`${cwd}/runs/empty`, { settings }, []);
    await Deno.mkdir(`${cwd}/runs/none`);
    await makeRun(`${cwd}/runs/torn`, {}, [{ step: 1, seconds: 1 }]);
    await Deno.writeTextFile(`${cwd}/runs/file`, "");
    const refused: [string, string, number?][] = [
      ["compare", `There are no runs to compare: expected ${EXPECTED}`, 2],
      ["compare runs/a", `There is one run to compare: expected ${EXPECTED}`, 2],
      ["compare runs/a runs/a", "runs/a is given twice", 2],
      ["compare runs/a runs/a/last", "runs/a is given twice", 2],
      ["compare runs/a runs/none", "Cannot read runs/none: it is not the folder of a run: expected run.json"],
      ["compare runs/a runs/file", "Cannot read runs/file: "],
      ["compare runs/a runs/missing", "Cannot read runs/missing: no such file or folder"],
      ["compare runs/a runs/torn", "Cannot read runs/torn: its run.json is damaged"],
      ["compare runs/a runs/empty", "Cannot read runs/empty: its metrics.jsonl holds no step"],
      [
        "compare runs/a runs/none --out a.jpg",
        "Cannot write a.jpg: expected a name that ends in .svg or .png",
      ],
      [
        "compare runs/a runs/none --out elsewhere/a.svg",
        "Cannot write in elsewhere: deno task compare may write in runs/ and lab/ only",
      ],
    ];
    await Promise.all(refused.map(async ([line, message, status = 1]) => {
      const { code, stdout, stderr } = await miniformer(words(line), { cwd, write: [] });
      assertEquals([code, stdout], [status, ""], line);
      assertMatch(stderr, /^error: .*\n$/, line);
      assertStringIncludes(stderr, message, line);
    }));
  }));
