import { assertEquals, assertMatch } from "@std/assert";
import {
  describeResult,
  describeState,
  LabProgress,
  secondsLeft,
  type TimedRun,
} from "../commands/lab/lab_progress.ts";
import type { LabResult } from "../commands/lab_report/lab_types.ts";

const run = (variant: string, seed: number, more: object = {}): TimedRun => ({
  ...{ variant, seed, steps: 100, work: 10 },
  ...more,
});

Deno.test("the time left follows from the runs of the same variant, and else from the work at the speed of all", () => {
  const none = { ended: [], running: [], waiting: [run("a", 1)], jobs: 2 };
  assertEquals(secondsLeft(none), undefined);
  const ended = [run("a", 1, { seconds: 20 }), run("big", 1, { seconds: 40, work: 40 })];
  assertEquals(secondsLeft({ ...none, ended }), 20, "one run cannot be divided");
  // 60 s for 50: an unknown variant with 20 takes 24 s
  assertEquals(secondsLeft({ ...none, ended, waiting: [run("new", 1, { work: 20 })] }), 24);
  const waiting = [run("a", 2), run("a", 3), run("big", 2, { work: 40 })];
  assertEquals(secondsLeft({ ...none, ended, waiting }), 40, "20 + 20 + 40 on two processors");
  assertEquals(secondsLeft({ ...none, ended, waiting, jobs: 1 }), 80);
  // a run resumed at step 50 has done 25 steps in 10 s, so 25 more take 10
  const resumed = run("slow", 1, { firstStep: 50, step: 75, seconds: 10 });
  assertEquals(secondsLeft({ ...none, waiting: [], running: [resumed] }), 10);
  // one that has diverged at step 10 says how fast its variant is, too
  const diverged = run("a", 1, { step: 10, seconds: 3 });
  assertEquals(secondsLeft({ ...none, ended: [diverged], waiting: [run("a", 2)] }), 30);
  assertEquals(secondsLeft({ ...none, ended, waiting: [] }), 0);
});

Deno.test("lines about a lab and its runs", () => {
  const running = [run("a", 2, { step: 40, firstStep: 0, seconds: 60 }), run("b", 1)];
  assertEquals(
    describeState({ ended: [], running, waiting: [run("b", 2)], total: 4, jobs: 2 }),
    "0 of 4 runs  about 3 min left  a 2: 40/100, b 1",
  );
  const result = (more: object) =>
    ({ variant: "a", seed: 2, diverged: false, seconds: 61, ...more }) as LabResult;
  assertEquals(
    describeResult(result({ loss: 1.25, optimal: 0.5 })),
    "a, seed 2: loss 1.250, 0.750 above the optimum, 1m 01s",
  );
  assertEquals(describeResult(result({ loss: 1.25, optimal: null })), "a, seed 2: loss 1.250, 1m 01s");
  assertEquals(
    describeResult(result({ loss: null, optimal: 0.5, diverged: true, reason: "The loss at step 5 is NaN" })),
    "a, seed 2: diverged: The loss at step 5 is NaN",
  );
  assertEquals(
    describeResult(result({ loss: null, optimal: null, reason: "disk full" })),
    "a, seed 2: failed: disk full",
  );
});

Deno.test("a terminal shows one line that is redrawn; elsewhere only what stays, and seldom how far it is", () => {
  const state = {
    ended: [run("a", 1, { seconds: 1 })],
    running: [run("b", 1)],
    waiting: [],
    total: 2,
    jobs: 1,
  };
  const shown = (terminal: boolean) => {
    let text = "";
    const progress = new LabProgress((more) => text += more, { terminal });
    progress.update(state);
    progress.print("1/2 done");
    progress.update(state);
    progress.finish();
    return text;
  };
  assertEquals(shown(false), "1/2 done\n");
  // deno-lint-ignore no-control-regex -- the line is erased at the end
  assertMatch(shown(true), /^\r\S*━\S* 1 of 2 runs.*\r\x1b\[K1\/2 done\n.*1 of 2 runs.*\r\x1b\[K$/s);
});
