import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeTales } from "../data/tales.ts";
import { quote } from "../commands/cli/terminal.ts";
import { editState, inFolder, lineOf, miniformer, small, story, succeed, words } from "./_command.ts";

/** Whether there is a `script` as Linux has it: it gives a program a terminal. */
const hasScript = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"] }).output().then(
    ({ success }) => success,
    () => false,
  );

const page = await Deno.readTextFile(new URL("../docs/json.md", import.meta.url));

/** The fields that the page lists for a command, as jq paths. */
function documentedFields(command: string): string[] {
  const section = page.split(/^## /m).find((section) => section.startsWith(`${command}\n`)) ?? "";
  return Array.from(section.matchAll(/^\| `(\.[^`]+)`/gm), ([, path]) => path);
}

/** The fields of a result as jq paths; names that depend on the data are written LABEL and NAME. */
function fieldsOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => fieldsOf(entry, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, entry]) => {
    if (/\.(figures|settings|differences)$/.test(path)) return [`${path}.NAME`];
    return fieldsOf(entry, `${path}.${path.endsWith(".probabilities") ? "LABEL" : name}`);
  });
}

/** Runs a command with --json; nothing but one line of JSON may be on standard output, and nothing on standard error. */
// deno-lint-ignore no-explicit-any -- as a script sees it
async function json(cwd: string, line: string, status = 0): Promise<any> {
  const { code, stdout, stderr } = await miniformer([...words(line), "--json"], { cwd });
  assertEquals([code, stderr], [status, ""], line);
  assertMatch(stdout, /^\{.*\}\n$/, line);
  return JSON.parse(stdout);
}

/** Asserts that results hold all fields that the page lists, and no others. */
function assertDocumented(command: string, results: unknown[]): void {
  const found = new Set(results.flatMap((result) => fieldsOf(result)));
  assertEquals([...found].sort(), documentedFields(command).sort());
}

Deno.test("compare prints one JSON object with the documented fields", () =>
  inFolder(async (cwd) => {
    const line = {
      step: 1,
      epoch: 1,
      loss: 2,
      gradientNorm: 1,
      learningRate: 1,
      seconds: 3,
      validationLoss: 2,
    };
    const run = { command: "train", parameters: 5, optimalLoss: 1, sessions: [{ tokensPerSecond: 9 }] };
    for (const [name, accuracy] of [["a", 0.5], ["b", 0.7]] as const) {
      await Deno.mkdir(`${cwd}/${name}`);
      await Deno.writeTextFile(`${cwd}/${name}/run.json`, JSON.stringify({ ...run, settings: { name } }));
      await Deno.writeTextFile(`${cwd}/${name}/metrics.jsonl`, JSON.stringify({ ...line, accuracy }));
    }
    const result = await json(cwd, "compare a b");
    assertDocumented("compare", [result]);
    assertEquals(result.differences, { name: ["a", "b"] });
  }));

Deno.test("evaluate, attention and doctor print one JSON object with the documented fields, and errors elsewhere", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const train = [...small, "--steps", "4", "--device", "cpu"];
    await succeed(["train", "--data", "story.txt", ...train], { cwd });
    await succeed(["train", "--data", "story.txt", "--objective", "mlm", "--name", "masked", ...train], {
      cwd,
    });
    const line = "evaluate --data story.txt --device cpu --checkpoint";
    const causal = await json(cwd, `${line} runs/story`);
    const masked = await json(cwd, `${line} runs/masked --lines`);
    await Deno.writeTextFile(`${cwd}/tales.txt`, makeTales({ seed: 1, characters: 4000 }).text);
    await succeed(["train", "--data", "tales.txt", ...train], { cwd });
    const tales = await json(cwd, "evaluate --data tales.txt --device cpu --checkpoint runs/tales");
    await Deno.writeTextFile(`${cwd}/foreign.txt`, `${story(20)}é`);
    const skip = "evaluate --data foreign.txt --unknown skip --device cpu --checkpoint runs/story";
    const foreign = await json(cwd, skip);
    assertEquals(foreign.skipped.most, [{ character: "é", count: 1 }]);
    const alone = documentedFields("evaluate").filter((path) => !path.startsWith(".report"));
    const fields = new Set([causal, masked, tales, foreign].flatMap((result) => fieldsOf(result)));
    assertEquals([...fields].sort(), alone.sort());
    assertEquals(causal.perplexity, Math.exp(causal.loss));
    assertEquals([causal.objective, masked.objective], ["causal", "mlm"]);
    assert(causal.baselines.unigram < causal.baselines.uniform);
    const shown = await succeed(words(`${line} runs/story`), { cwd });
    assertMatch(shown, new RegExp(`^loss +${causal.loss.toFixed(4)} nats per token$`, "m"));
    assertMatch(
      shown,
      new RegExp(
        `^baselines +uniform ${causal.baselines.uniform.toFixed(4)}, unigram ${
          causal.baselines.unigram.toFixed(4)
        }$`,
        "m",
      ),
    );

    const reported = await json(cwd, `${line} runs/story --report runs/story.md`);
    const block = "without_norm.ts", code = new URL("_without_norm.ts", import.meta.url);
    await Deno.writeTextFile(`${cwd}/${block}`, `export { block } from ${JSON.stringify(code.href)};`);
    await succeed(["train", "--data", "story.txt", "--block", block, "--name", "block", ...train], { cwd });
    await editState(`${cwd}/runs/block/last/training_state.json`, ({ source: _, ...state }) => state);
    assertDocumented("evaluate", [
      ...[causal, masked, tales, foreign, reported],
      await json(cwd, `${line} runs/masked --report`),
      await json(cwd, `${line} runs/block --block ${block} --report`),
    ]);
    const report = await Deno.readTextFile(`${cwd}/runs/story.md`);
    for (const { temperature, distinct2, longestCopy } of reported.report.samples) {
      assertStringIncludes(report, temperature === 0 ? "| greedy |" : `| temperature ${temperature} |`);
      assertMatch(report, new RegExp(`distinct-2 .* ${distinct2?.toFixed(3) ?? "–"} \\|`));
      assertMatch(report, new RegExp(`longest copy .* ${longestCopy.characters} \\|`));
    }

    const maps = await json(cwd, 'attention --text "T\nhe" --checkpoint runs/story --device cpu');
    assertDocumented("attention", [maps]);
    assertEquals([maps.tokens, maps.maps.length], [["T", "\n", "h", "e"], 2]);
    for (const row of maps.maps[1].weights) {
      assertEquals(row.reduce((sum: number, weight: number) => sum + weight, 0).toFixed(5), "1.00000");
    }
    const pretrained = new URL("../pretrained/tales", import.meta.url).pathname;
    const heads = await json(
      cwd,
      `attention --antecedents --tales 1 --checkpoint ${pretrained} --device cpu`,
    );
    assertDocumented("attention --antecedents", [heads]);
    await Deno.stat(`${cwd}/runs/attention.svg`).then(() => assert(false, "drawn unasked"), () => {});

    await Deno.writeTextFile(`${cwd}/runs/story/notes.txt`, "mine");
    const sound = await json(cwd, "doctor runs/story --clean"), machine = await json(cwd, "doctor");
    assertDocumented("doctor", [sound, machine]);
    assertEquals([sound.faulty, machine.faulty], [false, false]);
    const figuresOf = (name: string) =>
      sound.findings.find((finding: { name: string }) => finding.name === name).figures;
    assertEquals(figuresOf("last/"), { step: 4, steps: 4 });
    assertEquals(figuresOf("resume").complete, true);
    await Deno.writeTextFile(`${cwd}/runs/story/last/config.json`, "{");
    assertEquals((await json(cwd, "doctor runs/story", 1)).faulty, true);

    for (const wrong of ["evaluate --data none.txt", "attention --text T --layer 9", "doctor none"]) {
      const { code, stdout, stderr } = await miniformer([...words(wrong), "--json"], { cwd });
      assertEquals([code, stdout], [1, ""], wrong);
      assertMatch(stderr, /^error: .*\n?$/, wrong);
    }
  }));

Deno.test("classify and fill-mask print one JSON object with the documented fields", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await Deno.writeTextFile(`${cwd}/data.tsv`, "The cat\tcat\nThe dog\tdog\nThe cat\tcat\n".repeat(4));
    await Deno.writeTextFile(`${cwd}/plain.txt`, "The cat\nThe dog\n");
    const train = [...small, "--steps", "4", "--device", "cpu"];
    await succeed(["train", "--data", "story.txt", "--objective", "mlm", "--name", "masked", ...train], {
      cwd,
    });

    const filled = await json(cwd, 'fill-mask --text "T<mask>e c<mask>t" --top_k 3 --device cpu');
    assertDocumented("fill-mask", [filled]);
    const [first, second] = filled.masks;
    assertEquals([first.position, second.position], [2, 6]); // after <s>
    assertEquals(filled.text, `T${first.candidates[0].token}e c${second.candidates[0].token}t`);
    assertEquals(first.candidates[2].text, `T${first.candidates[2].token}e c${second.candidates[0].token}t`);

    const finetune = "finetune --data data.tsv --checkpoint runs/masked --epochs 1 --device cpu";
    await succeed(words(finetune), { cwd });
    const run = "classify --checkpoint runs/masked-classifier --device cpu";
    const labelled = await json(cwd, `${run} --data data.tsv`),
      plain = await json(cwd, `${run} --data plain.txt`);
    const typed = await json(cwd, `${run} --text "The cat"`);
    await Deno.writeTextFile(`${cwd}/pairs.tsv`, "The cat\tsat\tcat\nThe dog\tsat\tdog\n".repeat(4));
    await succeed(words(`${finetune.replace("data.tsv", "pairs.tsv")} --name pairs`), { cwd });
    const pair = await json(cwd, "classify --checkpoint runs/pairs --text The --pair cat --device cpu");
    assertDocumented("classify", [labelled, plain, typed, pair]);
    assertEquals(labelled.majorityBaseline, 8 / 12);
    assertEquals([plain.accuracy, plain.texts.length], [undefined, 2]);
    assertEquals(typed.texts[0].probabilities, plain.texts[0].probabilities);
    const { prediction, probability, probabilities } = typed.texts[0];
    assertEquals(probability, Math.max(...Object.values<number>(probabilities)));
    assertEquals(probabilities[prediction], probability);
    const { stderr } = await miniformer(words(`${run} --data data.tsv`), { cwd });
    assertMatch(stderr, /, F1 0\.\d{4}, majority baseline 66\.7 %$/m);
  }));

Deno.test("verify prints one JSON object with the documented fields", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", "--data", "story.txt", ...small, "--steps", "2", "--device", "wasm"], { cwd });
    const families = await json(cwd, "verify"), run = await json(cwd, "verify runs/story");
    const repeated = await json(cwd, "verify --runs 2 --steps 1 --device wasm");
    assertDocumented("verify", [
      families,
      run,
      repeated,
      { models: [{ different: [{ run: 2, resumedAt: 1, step: 1, sha256: "a" }] }] },
      // where something differs
      { models: [{ difference: { step: 3, tensor: "a" } }], checkpoints: [{ tensor: "a" }] },
    ]);
    assertEquals([families.equal, run.equal, run.run], [true, true, "runs/story"]);
  }));

Deno.test("standard output of generate holds the text and nothing else", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", "--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"], { cwd });
    const line = 'generate --prompt "The" --max_new_tokens 9 --device cpu';
    const { code, stdout, stderr } = await miniformer(words(line), { cwd });
    assertEquals([code, stdout.length], [0, "The".length + 9 + 1]);
    assertMatch(stderr, /^runs\/story\/last on .*: temperature 0\.8, .*\n9 tokens in .*\n$/);
    assert(stdout.startsWith("The") && stdout.endsWith("\n"), stdout);
  }));

Deno.test({
  name: "evaluate shows progress on standard error, and only results on standard output",
  ignore: !hasScript,
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(3000));
      await succeed(["train", "--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"], { cwd });
      const line = lineOf(words("evaluate --data story.txt --batch_size 1 --device cpu"), { cwd });
      const { stdout } = await new Deno.Command("script", {
        args: ["-qec", `exec ${line.map(quote).join(" ")} > results.txt`, "/dev/null"],
        cwd,
        stdin: "null",
      }).output();
      assertMatch(new TextDecoder().decode(stdout), /measuring the loss on text: \d+ %/);
      assertMatch(await Deno.readTextFile(`${cwd}/results.txt`), /^checkpoint .*\n(?:[a-z].*\n)+$/);
    }),
});
