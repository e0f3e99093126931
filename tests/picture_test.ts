import { assert, assertEquals, assertRejects } from "@std/assert";
import { SaxesParser } from "saxes";
import { attentionPlot } from "../plots/attention_plot.ts";
import type { AttentionMap } from "../inference/attention_maps.ts";
import { confusionPlot } from "../plots/confusion_plot.ts";
import { labelExpression, pictureText, roundNumbers } from "../plots/picture.ts";
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
      const labels = texts.filter((text) =>
        isCut ? text.startsWith("xxxxxxx") : text.trim().replace("↵", "\\n") === label
      );
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

/** One map for each head, in which each token attends to itself. */
function identityMaps(layers: number, heads: number, length: number): AttentionMap[] {
  const weights = Float32Array.from({ length: length ** 2 }, (_, i) => i % (length + 1) === 0 ? 1 : 0);
  return Array.from({ length: layers * heads }, (_, i) => {
    return { layer: Math.floor(i / heads), head: i % heads, weights };
  });
}

const tokensOf = (length: number) => Array.from({ length }, (_, i) => `t${i}`);

Deno.test("maps have one scale from 0 to 1, and labels as long as there is room", async () => {
  for (const [layers, heads, length, labels] of [[1, 1, 1, 2], [2, 4, 40, 6], [6, 6, 24, 12]]) {
    const svg = await attentionPlot(identityMaps(layers, heads, length), tokensOf(length), "maps");
    const texts = textsOf(svg), last = `t${length - 1}`;
    assertEquals(texts.filter((text) => text === "weight").length, 1, "one legend");
    assertEquals(texts.filter((text) => /^[01]\.\d$/.test(text)), ["0.0", "0.5", "1.0"]);
    assertEquals(texts.filter((text) => text === last).length, labels, "beside each row and column of maps");
  }
  const wide = textsOf(await attentionPlot(identityMaps(1, 12, 60), tokensOf(60), "too many"));
  assertEquals(wide.filter((text) => text === "t59").length, 0);
});

Deno.test("a map is no wider than a screen of maps, and draws what can be seen of it", async () => {
  const svg = await attentionPlot(identityMaps(1, 12, 60), tokensOf(60), "many");
  assert(Number(svg.match(/ width="(\d+)"/)![1]) < 4000);
  const weights = Float32Array.of(0.999, 0.001, 0.5, 0.5);
  const small = await attentionPlot([{ layer: 0, head: 0, weights }], ["a", "b"], "small");
  const squares = [...small.matchAll(/d="M\d+,\d+h24v24h-24Z" fill="([^"]+)"/g)].map(([, colour]) => colour);
  assertEquals(squares.length, 3);
  assertEquals(squares[1], squares[2]);
  assert(squares[0] !== squares[1]);
});

Deno.test("maps that do not fit their tokens, none and too many are refused", async () => {
  const map = { layer: 1, head: 2, weights: new Float32Array(3) };
  const draw = (maps: readonly AttentionMap[], length: number) => () =>
    attentionPlot(maps, tokensOf(length), "wrong");
  await assertRejects(
    draw([map], 2),
    RangeError,
    "head 3 of layer 2: it has 3 weights, expected 4 for 2 tokens",
  );
  await assertRejects(draw([], 2), RangeError, "0 attention maps with 0 weights: expected 1 to 60000");
  await assertRejects(draw(identityMaps(1, 1, 250), 250), RangeError, "62500 weights: expected 1 to 60000");
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

Deno.test("roundNumbers: those with the digits, from bound to bound, as they are written", () => {
  assertEquals(roundNumbers(0.1, 30, [1, 3]), [0.1, 0.3, 1, 3, 10, 30]);
  assertEquals(roundNumbers(0.0011, 0.29, [1, 2, 5]), [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]);
  assertEquals(roundNumbers(1.2, 1.9, [1, 1.5, 2]), [1.5]);
  assertEquals(roundNumbers(3, 9, [1]), []);
});
