import { assertEquals } from "@std/assert";
import { RunLog } from "../page/compute/run_log.ts";

const report = (step: number, loss: number) => ({
  step,
  loss,
  epoch: step / 2.5,
  gradientNorm: 1,
  learningRate: 0.1,
});

Deno.test("records hold the validation after the last step, and checkpoints the best one", () => {
  const log = new RunLog(2.5);
  log.add([report(1, 5), report(2, 4)], 20.4, 4.5);
  log.add([report(3, 3)], 10, 4.6);
  assertEquals(log.scores, { best: { step: 2, validationLoss: 4.5 }, epochLoss: { steps: 3, sum: 12 } });
  log.add([report(4, 2)], 10, 4.4);
  assertEquals(log.scores, { best: { step: 4, validationLoss: 4.4 }, epochLoss: { steps: 1, sum: 2 } });
  assertEquals(log.records.map(({ step, validationLoss, seconds }) => [step, validationLoss, seconds]), [
    [1, undefined, 0.02],
    [2, 4.5, 0.02],
    [3, 4.6, 0.03],
    [4, 4.4, 0.04],
  ]);
  assertEquals(Object.keys(log.records[0]).includes("validationLoss"), false);
});
