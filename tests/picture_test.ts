import { assert, assertEquals, assertRejects } from "@std/assert";
import { SaxesParser } from "saxes";
import { attentionPlot } from "../plots/attention_plot.ts";
import { confusionPlot } from "../plots/confusion_plot.ts";
import { labelExpression, pictureText } from "../plots/picture.ts";
import { lossCurve } from "../plots/loss_curve.ts";
import { visible } from "../core/visible.ts";

/** The texts of a picture, which must be well-formed XML. */
function textsOf(svg: string): string[] {
  const texts: string[] = [], parser = new SaxesParser({ xmlns: true });
  let inside = false;
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    inside = name === "text" || inside && name === "tspan";
    if (inside) texts.push("");
  });
  parser.on("text", (text) => {
    if (inside) texts[texts.length - 1] += text;
  });
  parser.write(svg).close();
  return texts;
}

/** What has broken a picture, or may break the next version of Vega. */
const words = ["\u2028", "\u2029", "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
words.push(
  "\0",
  "\x1b[2J",
  "\x0b",
  "\x7f",
  "\x85",
  "a\r\nb",
  "\ud800",
  "x\udc00",
  "\u202eabc",
  "\ufffe",
  "\uffff",
);
words.push("]]>", "<a>&\"'", "</svg>", "<!--", "${x}", "\\", "'", "\\u0000", "", "null", "NaN", "true", "1");
words.push("a.b", "a[0]", "datum['x']", "x".repeat(5000), "文字", "שלום", "👩‍🚀");

Deno.test("every picture is well-formed and says what it is given, whatever that is", async () => {
  for (const word of words) {
    const shown = pictureText(word).trim(), label = pictureText(word, 40).trim(), name = JSON.stringify(word);
    const records = [{ step: 1, loss: 2 }, { step: 2, loss: 1 }], weights = Float32Array.of(1, 0, 0.5, 0.5);
    const curve = textsOf(
      await lossCurve(records, { title: word, subtitle: word, reference: { loss: 1, label: word } }),
    );
    assert(word === "" || curve.filter((text) => text.trim() === shown).length >= 2, `${name}: ${curve}`);
    const maps = textsOf(await attentionPlot([{ layer: 0, head: 0, weights }], [word, "x"], word));
    const matrix = textsOf(await confusionPlot([[1, 2], [3, 4]], [word, "y"], word));
    if (word === "") continue;
    for (const texts of [maps, matrix]) {
      assert(texts.some((text) => text.trim() === shown), `${name} is not the title: ${texts}`);
      const isCut = label.length > 20; // Vega shortens labels to what it takes for 180 pixels
      const labels = texts.filter((text) => isCut ? text.startsWith("xxxxxxx") : text.trim() === label);
      assert(labels.length >= (word === "1" || word === "" ? 2 : 3), `${name} is no label: ${texts}`);
    }
  }
});

Deno.test("classes stay apart when their names look the same", async () => {
  const labels = ["\x1b", "\\x1b", "a".repeat(60) + "1", "a".repeat(60) + "2"];
  const counts = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]];
  const texts = textsOf(await confusionPlot(counts, labels, "same"));
  for (const count of counts.flat()) {
    assert(texts.includes(String(count)), `${count} is missing from ${texts}`);
  }
  assertEquals(texts.filter((text) => text === visible("\x1b")).length, 4, "two names on two axes");
});

Deno.test("the labels of classes stand in their order on both axes", async () => {
  const texts = textsOf(await confusionPlot([[1, 2], [3, 4]], ["zebra", "ant"], "order"));
  assertEquals(texts.filter((text) => /zebra|ant/.test(text)), ["zebra", "ant", "zebra", "ant"]);
});

Deno.test("the axes have the names of the field", async () => {
  const weights = Float32Array.of(1, 0, 0.5, 0.5);
  const maps = textsOf(await attentionPlot([{ layer: 0, head: 0, weights }], ["a", "b"], "maps"));
  assert(maps.includes("query") && maps.includes("key"), String(maps));
  const matrix = textsOf(await confusionPlot([[1, 2], [3, 4]], ["a", "b"], "matrix"));
  assert(matrix.includes("actual") && matrix.includes("predicted"), String(matrix));
});

Deno.test("a picture of more classes than can be seen is refused", async () => {
  const labels = Array.from({ length: 300 }, (_, i) => `c${i}`),
    matrix = labels.map(() => labels.map(() => 0));
  await assertRejects(
    () => confusionPlot(matrix, labels, "many"),
    RangeError,
    "300 classes: expected at most 244",
  );
});

Deno.test("labels are an expression in ASCII, whatever they hold", () => {
  for (const word of words) assert(/^[ -~]+$/.test(labelExpression([word, word])), word);
  const [found] = JSON.parse(labelExpression(["文\u2028"]).replace("[datum.value]", ""));
  assertEquals(found, "文\\u2028");
});
