import { assert, assertEquals } from "@std/assert";
import { formatProgress, ProgressLine, type RunProgress } from "../commands/cli/progress.ts";
import { formatBar, formatCount, formatDuration } from "../commands/cli/terminal.ts";

const standing: RunProgress = {
  step: 1240,
  steps: 2000,
  loss: 1.5321,
  learningRate: 8.12e-4,
  speed: { tokensPerSecond: 52_140, flopsPerSecond: 3.41e9, share: 0.412 },
  bytes: 27e6,
};
const validated = { ...standing, validationLoss: 1.6114 }, secondsLeft = 62;

Deno.test("formatDuration rounds before it splits", () => {
  assertEquals([0, 59.6, 3599.7, 3600, 90_000].map(formatDuration), [
    "0s",
    "1m 00s",
    "1h 00m",
    "1h 00m",
    "25h 00m",
  ]);
  assertEquals(formatDuration(Infinity), "?");
});

Deno.test("formatCount keeps three digits across its units", () => {
  assertEquals(
    [0, 999, 999.6, 1_234, 9_999, 99_960, 999_600, 1.5e9].map(formatCount),
    ["0", "999", "1.00K", "1.23K", "10.0K", "100K", "1.00M", "1.50B"],
  );
});

Deno.test("formatBar keeps its length and is full only at the end", () => {
  for (const fraction of [-1, 0, 0.01, 0.33, 0.5, 0.999, 1, 2]) {
    assertEquals(formatBar(fraction, 20).length, 20);
  }
  assertEquals(formatBar(0.999, 4), "━━━╸");
  assertEquals(formatBar(1, 4), "━━━━");
});

Deno.test("formatProgress fits every width and drops the details first", () => {
  for (let columns = 1; columns <= 200; columns++) {
    for (const progress of [standing, validated]) {
      for (const bar of [true, false]) {
        const line = formatProgress(progress, { secondsLeft, columns, bar });
        assert(line.length <= columns, `${columns} columns: ${line}`);
      }
    }
  }
  const live = (columns: number) =>
    formatProgress(standing, { secondsLeft, columns, bar: true }).replace(/^[━╸─]+ /, "");
  assertEquals([119, 99, 79, 59, 39, 9].map(live), [
    "step 1240/2000  loss 1.532  lr 8.1e-4  52.1K tok/s  3.4 GFLOP/s (41 %)  memory 27 MB  1m 02s left",
    "step 1240/2000  loss 1.532  lr 8.1e-4  52.1K tok/s  3.4 GFLOP/s (41 %)  1m 02s left",
    "step 1240/2000  loss 1.532  lr 8.1e-4  52.1K tok/s  1m 02s left",
    "step 1240/2000  loss 1.532  1m 02s left",
    "step 1240/2000  loss 1.532",
    "step 1240",
  ]);
  const kept = (columns?: number) => formatProgress(validated, { columns });
  assertEquals([120, 100, 80, 60, 40, undefined].map(kept), [
    "step 1240/2000  loss 1.532  val 1.611 (ppl 5.01)  lr 8.1e-4  52.1K tok/s  3.4 GFLOP/s (41 %)  memory 27 MB",
    "step 1240/2000  loss 1.532  val 1.611 (ppl 5.01)  lr 8.1e-4  52.1K tok/s  3.4 GFLOP/s (41 %)",
    "step 1240/2000  loss 1.532  val 1.611 (ppl 5.01)  lr 8.1e-4  52.1K tok/s",
    "step 1240/2000  loss 1.532  val 1.611 (ppl 5.01)",
    "step 1240/2000  val 1.611 (ppl 5.01)",
    "step 1240/2000  loss 1.532  val 1.611 (ppl 5.01)  lr 8.1e-4  52.1K tok/s  3.4 GFLOP/s (41 %)  memory 27 MB",
  ]);
});

Deno.test("formatProgress shows how much a classifier gets right", () => {
  const classifier = { step: 1, steps: 2, validationLoss: 0.5, accuracy: 0.8125 };
  assertEquals(formatProgress(classifier), "step 1/2  val 0.500 (accuracy 81.3 %)");
});

Deno.test("formatProgress shows a wild perplexity shortly, a finished run without time left, and no share that is not known", () => {
  const speed = { tokensPerSecond: 52_140, flopsPerSecond: 3.41e9 };
  assertEquals(
    formatProgress({ step: 9, steps: 9, validationLoss: 10, speed }, { secondsLeft: 0 }),
    "step 9/9  val 10.000 (ppl 22.0K)  52.1K tok/s  3.4 GFLOP/s",
  );
});

/** A line that writes into a string, on a clock that only moves when told. */
function recorded(options: { terminal: boolean; colored?: boolean }) {
  const seen = { text: "", time: 0 };
  const line = new ProgressLine({
    colored: false,
    columns: () => 58,
    ...options,
    now: () => seen.time,
    write: (text) => void (seen.text += text),
  });
  return { line, seen };
}

Deno.test("in a log there is a line every ten seconds, at each validation and at the end", () => {
  const { line, seen } = recorded({ terminal: false });
  const shown: number[] = [];
  for (let step = 1; step <= 30; step++, seen.time += 1000) {
    seen.text = "";
    const validationLoss = step === 16 || step === 30 ? 2 : undefined;
    line.update({ step, steps: 30, validationLoss });
    if (seen.text !== "") shown.push(step);
    assert(!seen.text.includes("\r") && !seen.text.includes("\x1b"));
  }
  assertEquals(shown, [1, 11, 16, 26, 30]);
  assertEquals(seen.text, "step 30/30  val 2.000 (ppl 7.39)\n");
});

Deno.test("on a terminal the line is redrawn in place, and other lines are printed above it", () => {
  const { line, seen } = recorded({ terminal: true });
  line.print("before");
  line.update({ step: 1, steps: 4 });
  seen.time += 50;
  line.update({ step: 2, steps: 4 });
  seen.time += 50;
  line.update({ step: 2, steps: 4 });
  line.print("a sample");
  line.finish();
  line.print("after");
  const bar = formatBar(0.25, 30);
  const half = `${formatBar(0.5, 30)} step 2/4  0s left`;
  assertEquals(seen.text, `before\n\r${bar} step 1/4\x1b[K\r${half}\x1b[K\r\x1b[Ka sample\n${half}\nafter\n`);
});

Deno.test("only the bar has a colour, and none is written when colours are off", () => {
  const { line, seen } = recorded({ terminal: true, colored: true });
  line.update({ step: 1, steps: 2 });
  assertEquals(seen.text, `\r\x1b[36m${"━".repeat(15)}\x1b[39m${"─".repeat(15)} step 1/2\x1b[K`);
});

Deno.test("the time left follows the last half minute", () => {
  const { line, seen } = recorded({ terminal: false });
  for (let step = 1; step <= 120; step++) {
    seen.time += step <= 60 ? 10_000 : 1000;
    seen.text = "";
    line.update({ step, steps: 130, loss: 1 });
  }
  assertEquals(seen.text, "step 120/130  loss 1.000  10s left\n");
});

Deno.test("a validation stays on the screen above the live line, and is shown once", () => {
  const { line, seen } = recorded({ terminal: true });
  const standing = { steps: 40, loss: 1.5 };
  line.update({ ...standing, step: 1 });
  seen.text = "";
  line.update({ ...standing, step: 2, validationLoss: 2 });
  const [before, live] = [1, 2].map((step) =>
    formatProgress({ ...standing, step }, { columns: 57, bar: true })
  );
  const kept = "step  2/40  loss 1.500  val 2.000 (ppl 7.39)";
  assertEquals(seen.text, `\r\x1b[K${kept}\n${before}\r${live}\x1b[K`);
  const log = recorded({ terminal: false });
  for (const step of [1, 2, 3]) {
    log.line.update({ ...standing, step, validationLoss: step === 2 ? 2 : undefined });
    log.seen.time += 20_000;
  }
  assertEquals(log.seen.text.match(/val/g)?.length, 1, log.seen.text);
});

Deno.test("what is waited for is shown until the next update, and a line in a log", () => {
  const { line, seen } = recorded({ terminal: true });
  line.announce("compiling shaders …");
  assertEquals(seen.text, "\rcompiling shaders …\x1b[K");
  seen.text = "";
  line.update({ step: 1, steps: 2 });
  assertEquals(seen.text, `\r${formatBar(0.5, 30)} step 1/2\x1b[K`);
  line.finish();
  const failed = recorded({ terminal: true });
  failed.line.announce("compiling shaders …");
  failed.seen.text = "";
  failed.line.finish();
  assertEquals(failed.seen.text, "\r\x1b[K", "an error message has a line of its own");
  const log = recorded({ terminal: false });
  log.line.announce("compiling shaders …");
  log.line.update({ step: 1, steps: 2 });
  assertEquals(log.seen.text, "compiling shaders …\nstep 1/2\n");
});

Deno.test("a long validation is shown live on a terminal, and every ten seconds in a log", () => {
  for (const terminal of [true, false]) {
    const { line, seen } = recorded({ terminal });
    let shown = 0;
    for (let done = 0; done < 100; done++, seen.time += 250) {
      seen.text = "";
      line.advance("validating", done, 100);
      if (seen.text !== "") shown++;
      assert(seen.text.length < 80, seen.text);
    }
    assertEquals(shown, terminal ? 100 : 2);
    seen.text = "";
    seen.time += 10_000;
    line.advance("validating", 80, 100);
    const text = "validating: 80 %  9s left";
    assertEquals(seen.text, terminal ? `\r${formatBar(0.8, 30)} ${text}\x1b[K` : `${text}\n`);
    seen.text = "";
    line.finish();
    assertEquals(seen.text, terminal ? "\r\x1b[K" : "");
  }
  const { line, seen } = recorded({ terminal: false });
  seen.time = 60_000;
  line.advance("validating", 0, 3);
  line.advance("validating", 2, 3);
  assertEquals(seen.text, "", "what takes no time has no line in a log");
});

Deno.test("samples are wrapped at words on a terminal, and cannot control it; a log has them as they are", () => {
  const sample =
    "--- step 1 ---\nOnce upon a time there was a little hen who lived in a small house.\n\x1b[2Jboo\u202e";
  const { line, seen } = recorded({ terminal: true });
  line.print(sample);
  assertEquals(
    seen.text,
    "--- step 1 ---\nOnce upon a time there was a little hen who lived in a\nsmall house.\n\\x1b[2Jboo\\u202e\n",
  );
  const log = recorded({ terminal: false });
  log.line.print(sample);
  assertEquals(log.seen.text, `${sample}\n`);
});
