import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { chooseVariants } from "../commands/lab/ablations.ts";
import { entryAt } from "../commands/files/disk.ts";
import { commandOf, inFolder, miniformer, small, story, succeed, until, words } from "./_command.ts";

const isWindows = Deno.build.os === "windows";

/** Two variants with two seeds each, long enough to be interrupted. */
const line = [
  ...words("lab sweep --data story.txt --tokenizer char --lr 1e-3,1e-2 --seeds 2 --steps 150"),
  ...words("--evaluation-interval 50 --save-interval 10"),
  ...small.slice(0, -2),
];

/** The line with another value of a flag. */
function withValue(flag: string, value: string): string[] {
  return line.map((word, index) => line[index - 1] === flag ? value : word);
}

const seeds = ["1e-3-seed-1", "1e-3-seed-2", "1e-2-seed-1", "1e-2-seed-2"];
const runs = seeds.map((name) => `runs/learning-rate=${name}`);

/** What two equal labs have in common: the results without their seconds, and the trained models. */
async function resultOf(lab: string): Promise<unknown> {
  const results = (await Deno.readTextFile(`${lab}/results.jsonl`)).replaceAll(
    /"seconds":[\d.]+/g,
    '"seconds":0',
  );
  const models = runs.map((run) => Deno.readFile(`${lab}/${run}/last/model.safetensors`));
  return { results, models: await Promise.all(models) };
}

Deno.test({
  name: "a lab that was killed again and again gives the same bytes as whole ones, one run at a time or two",
  ignore: isWindows,
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
      const shown = await succeed([...line, "--jobs", "1", "--out", "lab/one"], { cwd });
      assertMatch(
        shown,
        /^lab +Sweep of learning-rate: 2 variants, 2 seeds each\nruns +4; 1 at a time, on wasm\n/,
      );
      assertEquals(
        shown.match(/^\d\/4 learning-rate=1e-[23], seed [12]: loss \d\.\d{3}, \d+s$/gm)?.length,
        4,
      );
      await succeed([...line, "--jobs", "2", "--out", "lab/two"], { cwd });
      const expected = await resultOf(`${cwd}/lab/one`);
      assertEquals(await resultOf(`${cwd}/lab/two`), expected);

      const lab = `${cwd}/lab/killed`, isThere = (name: string) => entryAt(`${lab}/${name}`).then(Boolean);
      const moments = [
        () => isThere("lab.json"),
        () => isThere(`${runs[0]}/run.json`),
        () => isThere(`${runs[0]}/last/model.safetensors`),
        () => isThere("results.jsonl"),
      ];
      for (const moment of moments) {
        const child = commandOf([...line, "--jobs", "2", "--out", "lab/killed"], { cwd }).spawn();
        await until(moment);
        try {
          child.kill("SIGKILL");
        } catch {
          // it was quicker
        }
        await Promise.all([child.status, child.stdout.cancel(), child.stderr.cancel()]);
      }
      const last = await succeed([...line, "--jobs", "2", "--out", "lab/killed"], { cwd });
      assertMatch(last, /^runs +4, of which [1-4] are done/m);
      assertEquals(await resultOf(lab), expected);
      const again = await succeed([...line, "--out", "lab/killed"], { cwd });
      assertMatch(again, /^runs +4, of which 4 are done/m);
      assertEquals(again.match(/^ *\d\/4 /m), null, "nothing is run again");
      const file = JSON.parse(await Deno.readTextFile(`${lab}/lab.json`));
      assertEquals(file.variants[0].settings.learningRate, 0.001);
      assert(!JSON.stringify(file).includes(cwd), "a path of this machine");

      // a run of a lab is a run as any other
      const written = await succeed(words(`generate --checkpoint lab/one/${runs[0]} --max_new_tokens 5`), {
        cwd,
      });
      assert(written.length >= 5);
      const other = await miniformer([...withValue("--layers", "2"), "--out", "lab/one"], { cwd });
      assertEquals([other.code, other.stderr], [
        1,
        "error: Cannot run a lab in lab/one: it was made with learning-rate=1e-3: layers 1, now 2; choose another --out\n",
      ]);
    }),
});

Deno.test({
  name: "Ctrl-C saves the runs, says how to go on, and leaves none behind",
  ignore: isWindows,
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
      const long = [...withValue("--steps", "20000"), "--jobs", "2"];
      const child = commandOf(long, { cwd }).spawn(), run = `${cwd}/lab/sweep/${runs[0]}`;
      await until(() => entryAt(`${run}/last`).then(Boolean));
      child.kill("SIGINT");
      const { code, stdout, stderr } = await child.output(), text = new TextDecoder().decode(stdout);
      assertEquals([code, new TextDecoder().decode(stderr).match(/^error/m)], [130, null]);
      const command = long.map((word) => word.includes(",") ? `'${word}'` : word).join(" ");
      assertStringIncludes(
        text,
        `\nStopped: 0 of 4 runs are done, and those begun are saved.\nGo on: deno task ${command}\n`,
      );
      assertEquals(await entryAt(`${run}/.miniformer.lock`), undefined, "its lock is released");
      assertEquals(await entryAt(`${cwd}/lab/sweep/.miniformer.lock`), undefined);
      const { step } = JSON.parse(await Deno.readTextFile(`${run}/last/training_state.json`));
      const lines = (await Deno.readTextFile(`${run}/metrics.jsonl`)).trimEnd().split("\n");
      assertEquals(JSON.parse(lines.at(-1)!).step, step, "it was saved where it stopped");
    }),
});

Deno.test("a run that fails is named, the others go on, and the exit status says so", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/input.txt`, story(200));
    await Deno.writeTextFile(
      `${cwd}/broken.ts`,
      "export const block = () => { throw new Error('not yet'); };",
    );
    const blocks = [new URL("_without_norm.ts", import.meta.url).pathname, "broken.ts"].join(",");
    const short = words("lab sweep --seeds 1 --steps 2 --device cpu");
    const { code, stdout, stderr } = await miniformer([...short, ...small, "--block", blocks], { cwd });
    assertEquals(code, 1);
    assertMatch(stdout, /^\d\/2 block=_without_norm, seed 1: loss /m);
    assertMatch(stdout, /^\d\/2 block=broken, seed 1: failed: .*not yet/m);
    assertMatch(
      stderr,
      /^error: 1 of 2 runs failed; block=broken, seed 1: failed: .*not yet.*; deno task lab sweep .* tries again\n$/,
    );
    const table = await Deno.readTextFile(`${cwd}/lab/sweep/table.md`);
    assertMatch(table, /^deno task train .* --block=\S*_without_norm\.ts --seed=1 --device=cpu$/m);
    // a run that diverges is a result
    const wild = [
      ...words(
        "lab sweep --no-tied --replace-invalid --seeds 1 --steps 30 --device cpu --optimizer sgd --lr 1e-2,1e6",
      ),
      ...words("--clip-norm 0 --warmup-steps 0"),
      ...small.slice(0, -2),
    ];
    const shown = await succeed([...wild, "--out", "lab/wild"], { cwd });
    const { variants } = JSON.parse(await Deno.readTextFile(`${cwd}/lab/wild/lab.json`));
    const [{ settings: { data, tied, replaceInvalid } }] = variants;
    assertEquals([data, tied, replaceInvalid], [["input.txt"], false, true]);
    assertMatch(shown, /^\d\/2 learning-rate=1e6, seed 1: diverged: The (validation )?loss at step \d+ is /m);
  }));

Deno.test("a wrong command line is refused in one line before anything is written", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(50));
    const refused: [string, string, number?][] = [
      [
        "lab sweep --data story.txt",
        "There is nothing to sweep: give a flag several values, such as --lr 1e-3,3e-3",
      ],
      ["lab sweep --layers 1,x", "--layers is x: expected a whole number at least 1, at most 1000"],
      ["lab sweep --layer 1,2", "Unknown flag --layer: did you mean --layers?"],
      ["lab sweep --layers 1,2 --heads 5 --data story.txt", "layers=1: --heads is 5, which does not divide"],
      ["lab sweep --layers 1,2 --resume x", "--resume cannot be given: a lab sets it for each run"],
      ["lab sweep --layers 1,2 --stop_after=3", "--stop-after cannot be given: a lab sets it for each run"],
      ["lab sweep --layers 1,2 --threads 2", "--threads cannot be given: a lab sets it for each run"],
      ["lab sweep --layers 1,2 --seed 3", "Unknown flag --seed: did you mean --seeds?"],
      [
        "lab sweep --layers 1,2 --data missing.txt",
        "layers=1: Cannot read missing.txt: no such file or folder",
        1,
      ],
      [
        "lab sweep --layers 1,2 --jobs 2 --device webgpu",
        "--jobs is 2, but a GPU takes one run at a time: leave it out",
      ],
      [
        "lab sweep --layers 1,2 --out lab/a,b",
        "--out is 'lab/a,b': a comma ends a name in Deno's permissions; choose another",
      ],
      [
        "lab sweep --layers 1,2 --seeds 600",
        "2 variants with 600 seeds each make 1200 runs: expected at most 1000",
      ],
      ["lab ablations --only no_nrm", '--only names "no_nrm": did you mean no_norm?'],
      ["lab sweep --layers 1,2 --data story.txt --out=", "--out is empty: expected FOLDER"],
      ["lab ablations --layers 1,2", "Unknown flag --layers"],
      ["lab sweeps", "Unknown command lab sweeps: did you mean sweep?"],
    ];
    await Promise.all(refused.map(async ([line, message, status = 2]) => {
      const { code, stdout, stderr } = await miniformer(words(line), { cwd });
      assertEquals([code, stdout], [status, ""], line);
      assertMatch(stderr, /^error: .*\n$/, line);
      assertStringIncludes(stderr, message, line);
    }));
    await assertRejects(() => Deno.stat(`${cwd}/lab`), Deno.errors.NotFound);
    const outside = [...line, "--out", "elsewhere"],
      { code, stderr } = await miniformer(outside, { cwd, write: [] });
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: Cannot write in elsewhere: deno task lab may write in lab\/ only; .* cli\.ts lab sweep /,
    );
  }));

Deno.test("--only keeps the baseline, and the order of the list", () => {
  const variants = ["plain", "b", "c", "d"].map((name) => ({ name, title: "", question: "", flags: [] }));
  assertEquals(chooseVariants(variants, "d, b").map(({ name }) => name), ["plain", "b", "d"]);
  assertEquals(chooseVariants(variants, "plain").map(({ name }) => name), ["plain"]);
});
