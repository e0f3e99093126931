import { assertEquals } from "@std/assert";
import {
  byteText,
  capitalized,
  duration,
  exactLoss,
  lossText,
  rateText,
  wholeNumber,
} from "../page/view/format.ts";
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
