import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  commandOf,
  inFolder,
  metricsOf,
  miniformer,
  resultOf,
  story,
  succeed,
  until,
  words,
} from "./_command.ts";

/** The experiment in README: a block without layer normalization. */
async function readmeBlock(): Promise<string> {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const [, code] = readme.match(/```ts ignore\n(\/\/ without_norm\.ts\n.*?)```/s)!;
  return code;
}

const sizes =
  "--preset tiny --architecture gpt1 --context_length 16 --layers 2 --heads 2 --model_dim 16 --batch_size 4 --lr 0.003 " +
  "--device cpu";

Deno.test({
  name: "README's experiment is trained, killed, resumed, evaluated, generated from and drawn",
  ignore: Deno.build.os === "windows", // has no signals to send
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/without_norm.ts`, await readmeBlock());
      await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
      const block = words("--block without_norm.ts"),
        train = words(`train --data story.txt --steps 200 ${sizes}`);
      const said = await succeed([...train, ...block, "--name", "whole"], { cwd });
      assertMatch(said, /^model +gpt1 with without_norm, 2 layers/m);
      const whole = await resultOf(`${cwd}/runs/whole`);
      assertEquals((whole.metrics as string[]).length, 200);
      const [first, last] = [whole.metrics as string[]].flatMap((lines) => [lines[0], lines.at(-1)!])
        .map((line) => JSON.parse(line).loss);
      assert(last < first - 1, `the loss fell from ${first} to ${last}`);

      const child = commandOf([...train, ...block, "--name", "killed"], { cwd }).spawn();
      await until(async () => (await metricsOf(`${cwd}/runs/killed`).catch(() => [])).length > 120);
      child.kill("SIGKILL");
      await child.output();
      await succeed([...words("train --resume runs/killed --device cpu"), ...block], { cwd });
      assertEquals(await resultOf(`${cwd}/runs/killed`), whole);

      const use = [...words("--checkpoint runs/killed"), ...block];
      const [, command] = said.match(/^generate +deno task (.*)$/m)!;
      assertStringIncludes(command, "--block without_norm.ts");
      assertMatch(await succeed(words(`${command} --device cpu`), { cwd }), /The \w+ sat on/);
      const evaluated = await succeed([...words("evaluate --data story.txt --device cpu --json"), ...use], {
        cwd,
      });
      const { loss, baselines } = JSON.parse(evaluated);
      assert(loss < baselines.unigram - 0.3, evaluated);
      await succeed([...words('attention --text "The cat sat" --out runs/maps.svg --device cpu'), ...use], {
        cwd,
      });
      assertMatch(await Deno.readTextFile(`${cwd}/runs/maps.svg`), /^<svg /);
      assertMatch((await miniformer(words("doctor runs/killed"), { cwd })).stdout, /all checksums match/);

      // what transformers would load as a plain GPT is not what was trained
      const config = JSON.parse(await Deno.readTextFile(`${cwd}/runs/whole/best/config.json`));
      assertEquals([config.model_type, config.experiment.name], ["miniformer", "without_norm"]);
    }),
});

Deno.test("a model with a block is used with the same file only, and its run keeps a copy of it", () =>
  inFolder(async (cwd) => {
    const code = await readmeBlock();
    await Deno.writeTextFile(`${cwd}/without_norm.ts`, code);
    await Deno.writeTextFile(`${cwd}/changed.ts`, code.replace("0.02", "0.03"));
    await Deno.writeTextFile(`${cwd}/empty.ts`, "export const answer = 42;");
    await Deno.writeTextFile(`${cwd}/broken.ts`, "export const block = ;");
    await Deno.writeTextFile(`${cwd}/typed.ts`, "export const block = 42;");
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await Deno.writeTextFile(`${cwd}/misspelled.ts`, `${code}\nexport const finalnorm = 1;`);
    await Deno.writeTextFile(`${cwd}/late.ts`, `${code}\nPromise.reject(new Error("late"));`);
    await Deno.writeTextFile(`${cwd}/class.ts`, "export class block { forward() {} }");
    await Deno.writeTextFile(`${cwd}/nothing.ts`, "export const block = () => ({ forward() {} });");
    const train = words(`train --data story.txt --steps 2 ${sizes}`),
      name = (name: string) => ["--name", name];
    await succeed([...train, "--block", "without_norm.ts", ...name("mine")], { cwd });
    await succeed([...train, ...name("plain")], { cwd });
    assertEquals(await Deno.readTextFile(`${cwd}/runs/mine/block.ts`), code);
    const generate = words("generate --device cpu --max_new_tokens 5 --checkpoint");
    await succeed([...generate, "runs/mine", "--block", "runs/mine/block.ts"], { cwd });

    const cases: [line: string[], message: RegExp][] = [
      [
        [...generate, "runs/mine"],
        /it was trained with --block without_norm\.ts \(SHA-256 [0-9a-f]{64}\): give that file; a copy of it is runs\/mine\/block\.ts/,
      ],
      [
        [...generate, "runs/mine", "--block", "changed.ts"],
        /whose SHA-256 is [0-9a-f]{64}: it was trained with without_norm/,
      ],
      [
        [...generate, "runs/plain", "--block", "without_norm.ts"],
        /it was trained without; leave --block out/,
      ],
      [
        [...train, "--block", "empty.ts"],
        /empty\.ts: it exports no part of a model, expected one of block, positions/,
      ],
      [[...train, "--block", "broken.ts"], /Cannot run broken\.ts: /],
      [[...train, "--block", "typed.ts"], /has 42 as block, expected a function/],
      [
        [...train, "--block", "misspelled.ts"],
        /it exports finalnorm, which has no effect; did you mean finalNorm\?/,
      ],
      [[...train, "--block", "class.ts"], /Experiment "class": block failed: Class constructor/],
      [
        [...train, "--block", "nothing.ts"],
        /Block 0 returned no tensor, expected one of shape \(4, 16, 16\)/,
      ],
      [
        words("train --config runs/mine/run.json --device cpu"),
        /that run was trained with --block "without_norm": give the file/,
      ],
      [[...train, "--block", "late.ts"], /late/],
      [[...train, "--block", "none.ts"], /Cannot read none\.ts: no such file/],
      [words("train --resume runs/mine --steps 3 --device cpu"), /it was trained with --block/],
      [
        words("train --resume runs/plain --steps 3 --device cpu --block without_norm.ts"),
        /leave --block out/,
      ],
    ];
    for (const [line, message] of cases) {
      const { code, stderr } = await miniformer(line, { cwd });
      assertEquals(code, 1, line.join(" "));
      assertMatch(stderr, message);
      assertMatch(stderr, /^error: .*\n?$/, "one line");
    }
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/runs`))).map(({ name }) => name).sort();
    // what fails outside of any call ends the process at once, and leaves its empty folder
    assertEquals(names.filter((name) => name !== "story"), ["mine", "plain"]);
  }));

Deno.test("a classifier is fine-tuned from a model with a block", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/without_norm.ts`, await readmeBlock());
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const rows = story(40).trimEnd().split("\n").map((line) => `${line}\t${line.includes("mat")}\n`);
    await Deno.writeTextFile(`${cwd}/train.tsv`, rows.join(""));
    const block = words("--block without_norm.ts --device cpu");
    const model = "--objective mlm --context_length 32 --model_dim 16 --heads 2 --layers 1 --steps 2";
    await succeed([...words(`train --data story.txt --name mlm ${model}`), ...block], { cwd });
    const tune = words("finetune --checkpoint runs/mlm --data train.tsv --epochs 2");
    const said = await succeed([...tune, ...block, "--stop_after", "3"], { cwd });
    assertMatch(said, /^model +roberta with without_norm, /m);
    assertStringIncludes(said, "deno task finetune --resume runs/mlm-classifier --block without_norm.ts");
    await succeed([...words("finetune --resume runs/mlm-classifier"), ...block], { cwd });
    const classify = words(
      'classify --checkpoint runs/mlm-classifier --text "The cat sat on the mat." --json',
    );
    assertEquals(JSON.parse(await succeed([...classify, ...block], { cwd })).labels, ["false", "true"]);
    const bare = await miniformer(tune, { cwd });
    assertMatch(bare.stderr, /^error: Cannot use runs\/mlm\/last: it was trained with --block/);
  }));
