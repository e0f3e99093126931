import { assertEquals, assertMatch } from "@std/assert";
import { repeatRuns } from "../commands/verify/repetitions.ts";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { smallRuns } from "../training/verification/small_runs.ts";
import { inFolder, miniformer, words } from "./_command.ts";
import { everyBackend } from "./_testing.ts";

/** The runs of two families, and what is printed. */
async function repeat(backend: Backend, repetitions: { runs: number; steps: number }) {
  const lines: string[] = [], say = (line: string) => void lines.push(line);
  const models = smallRuns().filter(({ name }) => name === "gpt1" || name === "roberta")
    .map((run) => ({ ...run, config: { ...run.config, layers: 1, modelDim: 12 } }));
  const result = await repeatRuns(backend, { ...repetitions, models, say });
  return { result, lines };
}

everyBackend("small runs give the same bits again, also where they are resumed", async (backend) => {
  const { result, lines } = await repeat(backend, { runs: 2, steps: 3 });
  assertEquals(result.models.map(({ equal, different }) => [equal, different]), [[true, []], [true, []]]);
  assertEquals([result.equal, result.device, result.runs, result.steps], [true, backend.device, 2, 3]);
  assertMatch(lines[1], /^gpt1 {16}[0-9a-f]{64} {2}= 2 runs$/);
  assertMatch(lines[3], /2 of 2 models are the same, bit for bit, in 2 runs of 3 steps, 1 of them resumed/);
});

/** A backend on which one update, counted over all runs, gives another value. */
class Unreliable extends CpuBackend {
  #updates = 0;
  #changed?: Tensor;

  constructor(readonly wrong: number, readonly what: "parameter" | "mean" = "parameter") {
    super();
  }

  override run(...[kernel, tensors, constants]: Parameters<CpuBackend["run"]>): void {
    super.run(kernel, tensors, constants);
    this.#changed = (tensors as Partial<Record<string, Tensor>>)[this.what] ?? this.#changed;
    if (kernel.name !== "recordLoss" || ++this.#updates !== this.wrong) return;
    (this.#changed!.storage as Float32Array)[0] += 0.1;
  }
}

Deno.test("a run that differs is named, with its first step that does", async () => {
  // 4 updates a run: the 10th is the second of the third run
  const { result, lines } = await repeat(new Unreliable(10), { runs: 3, steps: 4 });
  const [gpt1, roberta] = result.models, [{ sha256, ...different }] = gpt1.different;
  assertEquals([result.equal, gpt1.equal, roberta.equal], [false, false, true]);
  assertEquals(different, { run: 3, step: 3 });
  assertEquals(
    lines[1].slice(20),
    `${gpt1.sha256}  DIFFERS in run 3 which gives ${sha256}, first at step 3`,
  );
  assertMatch(lines[3], /1 of 2 models are the same/);
});

Deno.test("a resumed run that differs is named with the step of its resumption, and what differs at the end", async () => {
  // the last update of the second run, which no loss shows any more
  const { result: { models: [{ different }] }, lines } = await repeat(new Unreliable(8), {
    runs: 5,
    steps: 4,
  });
  assertEquals(different.map(({ sha256: _, ...rest }) => rest), [{ run: 2, resumedAt: 3 }]);
  assertMatch(lines[1], /DIFFERS in run 2, resumed at step 3, which gives \w+, first after the last step$/);
  // the state of the optimizer alone, which nothing follows
  const { result: { models: [state] } } = await repeat(new Unreliable(8, "mean"), { runs: 3, steps: 4 });
  assertEquals(state.different, [{ run: 2, resumedAt: 3, sha256: state.sha256 }]);
  // the first run: all others differ from it
  const { lines: [, line] } = await repeat(new Unreliable(1), { runs: 3, steps: 2 });
  assertMatch(
    line,
    /DIFFERS in run 2, resumed at step 1, which gives \w+, first at step 2; so does 1 other$/,
  );
});

Deno.test("verify --runs trains on any device, and its flags go together", () =>
  inFolder(async (cwd) => {
    const { code, stdout } = await miniformer(words("verify --runs 2 --steps 1 --device wasm --json"), {
      cwd,
    });
    const { equal, runs, steps, models } = JSON.parse(stdout);
    assertEquals([code, equal, runs, steps, models.length], [0, true, 2, 1, 5]);
    for (
      const [line, message] of [
        ["verify runs/mine --runs 2", "--runs trains small models: leave out the run"],
        ["verify --steps 2", "--steps is for --runs"],
        ["verify --device cpu", "--device is for --runs"],
        ["verify --runs 1", "--runs is 1: expected a whole number at least 2"],
      ]
    ) {
      const { code, stderr } = await miniformer(words(line), { cwd });
      assertEquals([code, stderr.includes(message)], [2, true], stderr);
    }
  }));
