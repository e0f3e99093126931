import { assert, assertEquals } from "@std/assert";
import { BOUNDS, count, markup, NEUTRAL, prepareText, THEMES } from "../plots/coloured_text.ts";

const levelsOf = (losses: readonly number[], optimal?: number) =>
  prepareText(losses.map((loss) => ({ text: "a", loss, optimal })), 100).tokens.map(({ level }) => level);

Deno.test("the level of a token is that of its loss, or of what the loss is above the optimum", () => {
  assertEquals(levelsOf([0, 0.09, 0.1, 0.49, 0.5, 1, 2, 4, 8, 1e9]), [2, 2, 3, 3, 4, 5, 6, 7, 8, 8]);
  assertEquals(levelsOf([0, 0.5, 1.5, 2, 2.5, 3], 2), [0, 0, 1, 2, 4, 5]);
  assertEquals(levelsOf([NaN, Infinity, -Infinity]), [-1, -1, -1]);
  const { tokens } = prepareText(
    [{ text: "a" }, { text: "b", loss: 2 }, { text: "c", loss: 2, optimal: 0 }],
    3,
  );
  assertEquals(
    tokens.map(({ level }) => level),
    [-1, -1, 6],
    "where one optimum is known, the others are not measured",
  );
});

Deno.test("the legend has the levels that occur, and its labels are where they begin and end", () => {
  const excess = prepareText([{ text: "a", loss: 1, optimal: 0 }], 1);
  assertEquals(
    excess.legend.map(({ label }) => label),
    ["< −1", "−1…−0.1", "±0.1", "0.1…0.5", "0.5…1", "1…2", "2…4", "4…8", "> 8"],
  );
  assertEquals(excess.legend.map(({ level }) => level), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(excess.meaning, "loss above the optimum, in nats");
  const loss = prepareText([{ text: "a", loss: 1 }], 1);
  assertEquals(loss.legend[0], { level: NEUTRAL, label: "< 0.1" });
  assertEquals([loss.legend.length, loss.meaning], [7, "loss, in nats"]);
});

Deno.test("notes say the means, and what is left out", () => {
  const tokens = [{ text: "a" }, { text: "b", loss: 1, optimal: 0.5 }, { text: "c", loss: 2, optimal: 0.25 }];
  assertEquals(prepareText(tokens, 3).notes, [
    "2 predicted tokens: mean loss 1.5000 nats, optimal 0.3750, excess 1.1250",
  ]);
  const many = Array.from({ length: 12_345 }, () => ({ text: "a", loss: 1 })),
    { tokens: shown, notes } = prepareText(many, 1000);
  assertEquals(shown.length, 1000);
  assertEquals(notes, [
    "1,000 predicted tokens: mean loss 1.0000 nats",
    "Shown are the first 1,000 of 12,345 tokens.",
  ]);
  assertEquals(prepareText([{ text: "a" }], 1).notes, ["0 predicted tokens"]);
  assertEquals(prepareText([], 1), { ...prepareText([], 5), tokens: [] });
});

Deno.test("what is shown of a token does no harm, and is not long", () => {
  const shown = (text: string) => prepareText([{ text }], 1).tokens[0].text;
  assertEquals(shown("a\x1b\u202e\ud800\t"), "a\\x1b\\u202e\\ud800\\t");
  assertEquals(shown("\n\r\n"), "↵\n\\r↵\n");
  assertEquals(shown("🐈é漢"), "🐈é漢");
  assertEquals([...shown("🐈".repeat(300))].length, 200);
  assertEquals(markup(`<a href="x">&'`), "&#60;a href=&#34;x&#34;&#62;&#38;&#39;");
  assertEquals([999, 1000, 1234567].map(count), ["999", "1,000", "1,234,567"]);
});

/** Relative luminance of a colour, and the contrast of two, as WCAG 2.1 defines them. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (one: string, other: string) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};

for (const [name, { levels, inks, faint }] of Object.entries(THEMES)) {
  Deno.test(`${name}: texts can be read on every level, and brightness alone tells levels apart`, () => {
    assertEquals([levels.length, inks.length], [BOUNDS.length + 1, BOUNDS.length + 1]);
    levels.forEach((level, index) => {
      const found = contrast(level, inks[index]);
      assert(
        found >= 4.5,
        `level ${index}: ${inks[index]} on ${level} has a contrast of ${found.toFixed(2)}`,
      );
    });
    assert(contrast(levels[NEUTRAL], faint) >= 4.5, "faint texts");
    const steps = [levels.slice(NEUTRAL), levels.slice(0, NEUTRAL + 1).toReversed()];
    for (const colours of steps) {
      colours.slice(1).forEach((colour, index) => {
        const brighter = luminance(colour) > luminance(colours[index]);
        assertEquals(brighter, name === "dark", `${colours[index]} and ${colour}`);
        assert(contrast(colour, colours[index]) > 1.1, `${colours[index]} and ${colour}`);
      });
    }
  });
}
