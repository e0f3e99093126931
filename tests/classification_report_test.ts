import { assertEquals } from "@std/assert";
import { classificationReport, namePrediction } from "../inference/classification_report.ts";

Deno.test("a report gives metrics by the names of the classes, and the majority baseline", () => {
  // by the formulas of scikit-learn's classification_report with zero_division=0
  const report = classificationReport([[2, 1, 0], [1, 2, 0], [1, 0, 0]], ["x", "y", "z"]);
  assertEquals([report.accuracy, report.majorityBaseline], [4 / 7, 3 / 7]);
  assertEquals(report.classes[1], { label: "y", precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
  assertEquals(report.macroF1.toFixed(12), ((4 / 7 + 2 / 3) / 3).toFixed(12));
});

Deno.test("labels that are numbers or names of object members keep their probabilities", () => {
  const probabilities = Float32Array.of(0.125, 0.25, 0.625), labels = ["1", "0", "__proto__"];
  const named = namePrediction({ label: 2, probabilities }, labels);
  assertEquals([named.prediction, named.probability], ["__proto__", 0.625]);
  assertEquals(JSON.stringify(named.probabilities), '{"0":0.25,"1":0.125,"__proto__":0.625}');
});
