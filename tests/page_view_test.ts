import { assertEquals } from "@std/assert";
import {
  byteText,
  capitalized,
  describeRates,
  duration,
  exactLoss,
  lossText,
  percentText,
  rateText,
  significant,
  wholeNumber,
} from "../page/view/format.ts";
import { KeptMaps, type StepMaps } from "../page/view/look/kept_maps.ts";
import { LossRecord } from "../page/view/loss_record.ts";

Deno.test("numbers are shown with thousands and in units that fit", () => {
  assertEquals([wholeNumber(1_250_226.4), rateText(41_234), rateText(812.34)], [
    "1,250,226",
    "41,200",
    "812",
  ]);
  assertEquals([59.4, 59.6, 185, 7800].map(duration), ["59 s", "1 min 0 s", "3 min 5 s", "2 h 10 min"]);
  assertEquals([3e5, 14.7e6, 2.34e9].map(byteText), ["1 MB", "15 MB", "2.3 GB"]);
  assertEquals(lossText(2.0837), "2.084");
  assertEquals([0.0083149, 0.01, 3e-7].map(significant), ["0.00831", "0.01", "3e-7"]);
  assertEquals(["no GPU was found", ""].map(capitalized), ["No GPU was found", ""]);
});

Deno.test("an exact loss gives the 32-bit number back", () => {
  for (const value of [4.3, 0.1, 2.0000002, 1e-7]) {
    assertEquals(Math.fround(Number(exactLoss(Math.fround(value)))), Math.fround(value));
  }
});

Deno.test("a record keeps validation losses beside the steps they were measured after", () => {
  const record = new LossRecord();
  assertEquals(record.latest(3), []);
  record.add([{ step: 1, loss: 4 }, { step: 2, loss: 3 }]);
  record.validate({ step: 2, loss: 3.5 });
  record.add([{ step: 3, loss: 2 }]);
  assertEquals(record.latest(2), [
    { step: 3, training: 2, validation: null },
    { step: 2, training: 3, validation: 3.5 },
  ]);
  assertEquals(record.steps.length, record.validation.length);
});

Deno.test("probabilities are shown in percent, and one that is not zero never as zero", () =>
  assertEquals([1, 0.126, 0.0342, 0.0004, 0].map(percentText), [
    "100 %",
    "13 %",
    "3.4 %",
    "< 0.1 %",
    "0.0 %",
  ]));

/** Maps of a line after a step, with one head. */
const mapsOf = (step: number, line = "ab"): StepMaps => ({
  ...{ kind: "attention", step, line, tokens: [...line] },
  maps: [{ layer: 0, head: 0, weights: new Float32Array(line.length ** 2) }],
});

Deno.test("maps of the newest 40 steps are kept, and the newest is shown until another is chosen", () => {
  const kept = new KeptMaps(), shown = () => [kept.shown.maps?.step, kept.shown.index, kept.shown.count];
  assertEquals(shown(), [undefined, 0, 0]);
  for (let step = 1; step <= 40; step++) kept.add(mapsOf(step));
  assertEquals(shown(), [40, 39, 40]);
  kept.add(mapsOf(40)); // asked again at the same step
  assertEquals(shown(), [40, 39, 40]);
  kept.add(mapsOf(41));
  assertEquals(shown(), [41, 39, 40]);
  kept.choose(10);
  assertEquals(shown(), [12, 10, 40]);
  kept.add(mapsOf(42));
  assertEquals(shown(), [12, 9, 40]);
  kept.add(mapsOf(42, "abc")); // another line: the model of earlier steps is gone
  assertEquals(shown(), [42, 0, 1]);
  kept.add(mapsOf(7, "abc")); // another run
  assertEquals(shown(), [7, 0, 1]);
});

Deno.test("of maps that are large fewer are kept", () => {
  const kept = new KeptMaps(), line = "x".repeat(2000);
  for (let step = 1; step <= 6; step++) kept.add(mapsOf(step, line));
  assertEquals([kept.shown.maps?.step, kept.shown.count], [6, 4]);
});

Deno.test("a record of a run that was opened may have gaps", () => {
  const record = new LossRecord();
  record.add([{ step: 10, loss: 4 }, { step: 20, loss: 3 }, { step: 21, loss: 2 }]);
  for (const step of [20, 15]) record.validate({ step, loss: 3.5 }); // there is no step 15
  assertEquals(record.validation, [null, 3.5, null]);
});

Deno.test("learning rates are listed with the steps from which each has been in effect", () =>
  assertEquals(
    describeRates([{ step: 1, learningRate: 0.01 }, { step: 1200, learningRate: 0.005 }]),
    "0.01 from step 1, 0.005 from step 1,200.",
  ));
