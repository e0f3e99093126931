import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Session, SessionFlags } from "../commands/recipes/recipe.ts";
import { describeStop } from "../commands/recipes/session.ts";
import { editState, inFolder, small, story, succeed, words } from "./_command.ts";

/** Opens every path that the end of a run names in its rows `best` and `files`, and gives their names. */
async function promised(said: string, cwd: string): Promise<string[]> {
  const [, run, list] = said.match(/^files +(\S+): (.*)$/m)!;
  const paths = list.replace(/ \(.*?\)/, "").split(/, | and /).map((name) => `${run}/${name}`);
  const best = said.match(/^best +step \d+, kept in (\S+)$/m)?.[1];
  for (const path of best ? [...paths, best] : paths) await Deno.stat(`${cwd}/${path}`);
  return paths.map((path) => path.slice(run.length + 1));
}

Deno.test("a run writes into its own folder only, and lists its files, also when it ended early", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const rows = story(40).trimEnd().split("\n").map((line) => `${line}\t${line.includes("mat")}\n`);
    await Deno.writeTextFile(`${cwd}/train.tsv`, rows.join(""));
    const sizes = small.with(1, "40");
    const train = ["train", "--data", "story.txt", ...sizes, "--device", "cpu"];
    const tune = words("finetune --checkpoint runs/story --data train.tsv --epochs 2 --device cpu");
    const files = (early: boolean, texts: readonly string[], pictures: readonly string[]) => [
      ...early ? ["last/"] : ["last/", "best/"],
      ...["run.json", "metrics.jsonl", ...early ? [] : ["samples.txt"], ...texts],
      ...["loss_curve.svg", "loss_curve.png", ...pictures],
    ];
    const maps = ["attention.svg", "attention.png"],
      matrix = ["confusion_matrix.svg", "confusion_matrix.png"];
    const lines = [[train, ["sample_generation.txt"], maps], [tune, [], matrix]] as const;
    for (const [line, texts, pictures] of lines) {
      const table = line === tune ? ["epochs.md"] : [];
      const whole = await succeed([...line, ...line === train ? ["--steps", "12"] : []], { cwd });
      assertEquals(await promised(whole, cwd), files(false, [...texts, ...table], pictures));
      const stopped = await succeed([
        ...line,
        "--out",
        `early ${line[0]}`.replace(" ", "-"),
        "--stop_after",
        "1",
      ], {
        cwd,
      });
      assertEquals(await promised(stopped, cwd), files(true, texts, pictures));
      assert(!/^best /m.test(stopped), stopped);
    }
    const beside = (await Array.fromAsync(Deno.readDir(cwd))).map(({ name }) => name).sort();
    assertEquals(beside, ["early-finetune", "early-train", "runs", "story.txt", "train.tsv"]);
    // a resumed run is described as it was at its beginning
    const statePath = `${cwd}/early-finetune/last/training_state.json`;
    const device = "a GPU";
    await editState(statePath, (state) => ({ ...state, backend: { ...state.backend as object, device } }));
    const resumed = await succeed(words("finetune --resume early-finetune --device cpu"), { cwd });
    assertMatch(resumed, /^model .*, initialized from runs\/story\/last$/m);
    assertStringIncludes(
      resumed,
      "Resuming early-finetune/last at step 1.\n" +
        "It ran on a GPU before: from here on numbers differ in their last digits.\n",
    );
  }));

Deno.test("a run that was stopped is resumed while steps are left, and evaluated when none is", () => {
  const stop = (step: number, flags: SessionFlags = {}) => {
    const recipe = {
      state: { command: "finetune" },
      evaluation: (folder: string) => `classify --checkpoint ${folder} --data FILE`,
    };
    const session = { recipe, run: { step, settings: { steps: 100 } }, folder: { path: "runs/mine" }, flags };
    return describeStop(session as unknown as Session);
  };
  assertStringIncludes(stop(99), "Stopped: step 99 of 100 is saved in runs/mine/last.");
  assertStringIncludes(stop(99), "Resume it: deno task finetune --resume runs/mine");
  assertStringIncludes(
    stop(100),
    "Stopped during the evaluation: step 100 of 100 is saved in runs/mine/last.",
  );
  assertStringIncludes(stop(100), "Evaluate it: deno task classify --checkpoint runs/mine --data FILE");
  const block = "my block.ts";
  assertStringIncludes(stop(99, { block }), "finetune --resume runs/mine --block 'my block.ts'");
  assertStringIncludes(stop(100, { block }), "--data FILE --block 'my block.ts'");
});
