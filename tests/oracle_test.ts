import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { oracle, type OraclePosition } from "../data/oracle.ts";
import { makeTales, tales } from "../data/tales.ts";
import type { TaleGrammar } from "../data/tales/tale_grammar.ts";
import { derivations } from "./_derivations.ts";

const natsOf = (positions: readonly OraclePosition[]) =>
  positions.reduce((sum, { probability }) => sum - Math.log(probability), 0);

Deno.test("the distributions of 200 tales add up to 1, and the probabilities to what each tale costs", () => {
  for (const seed of [1, 2, 3, 4]) {
    const told = tales(seed);
    for (let number = 0; number < 50; number++) {
      const { text, nats } = told.next().value, positions = oracle(text);
      assertEquals(positions.length, text.length);
      assertAlmostEquals(natsOf(positions), nats, 1e-9, text);
      positions.forEach(({ probability, entropy, distribution }, index) => {
        const chances = [...distribution.values()];
        assertAlmostEquals(chances.reduce((sum, chance) => sum + chance, 0), 1, 1e-12, `${index} of ${text}`);
        assertEquals(distribution.get(text[index]), probability);
        assertAlmostEquals(entropy, chances.reduce((sum, p) => sum - p * Math.log(p), 0), 1e-12);
      });
    }
  }
});

/** Words that begin alike or end inside others, an empty form, second words, sentences and plots that begin alike. */
const smallGrammar: TaleGrammar = {
  words: { hero: ["Kit", "Kate", "Ka", "Zoe"], thing: ["hat", "ham"] },
  forms: {
    her: { Kit: "his", Kate: "her", Ka: "their", Zoe: "her" },
    Ms: { Kit: "", Kate: "Ms ", Ka: "", Zoe: "Ms " },
  },
  plots: [
    [["{hero} had {hero:her} {thing}.", "{hero} had {hero2:her} {thing2}."], [
      "{hero2:Ms}{hero2} has {thing}.",
    ]],
    [["{hero:Ms}{hero} had it."], ["Kit had it.", "{hero} had it, {hero2} had {thing}, {hero} {thing}."]],
    [["Kate had it."]],
  ],
};

Deno.test("the oracle agrees with all derivations of a small grammar in every distribution", () => {
  const all = derivations(smallGrammar), seen = new Set<string>();
  assert(all.length > 50, String(all.length));
  for (const { text } of all) {
    if (seen.has(text)) continue; // some have several derivations
    seen.add(text);
    let alike = all;
    oracle(text, smallGrammar).forEach(({ distribution }, index) => {
      const total = alike.reduce((sum, { nats }) => sum + Math.exp(-nats), 0);
      const expected = new Map<string, number>();
      for (const { text, nats } of alike) {
        expected.set(text[index], (expected.get(text[index]) ?? 0) + Math.exp(-nats) / total);
      }
      assertEquals([...distribution.keys()].sort(), [...expected.keys()].sort(), text.slice(0, index));
      for (const [character, chance] of expected) {
        assertAlmostEquals(
          distribution.get(character)!,
          chance,
          1e-12,
          `${text.slice(0, index)}${character}`,
        );
      }
      alike = alike.filter((other) => other.text[index] === text[index]);
    });
  }
});

Deno.test("a text may hold many tales, each read without those before it, and may end anywhere", () => {
  const told = tales(5), texts = [1, 2, 3].map(() => told.next().value.text);
  const together = oracle(texts.join("")), apart = texts.map((text) => oracle(text));
  const starts = [0, texts[0].length, texts[0].length + texts[1].length];
  const shifted = apart.flatMap((positions, tale) =>
    positions.map((position) =>
      position.antecedent === undefined
        ? position
        : { ...position, antecedent: position.antecedent + starts[tale] }
    )
  );
  assertEquals(together, shifted);
  for (const length of [0, 1, 10, 101, texts[0].length - 1, texts[0].length]) {
    assertEquals(oracle(texts[0].slice(0, length)), apart[0].slice(0, length));
  }
});

/** Sentences of a tale and below each character the first letter of its skill, and where the words recalled were told before. */
const BY_HAND = [
  "Mia was a shy girl. ",
  "psswwwwwwwcsswasssww",
  "Mia loved her red kite. ",
  "psswpwwwwwwaswcsswcsssww",
  "One cold day Mia lost the kite. ",
  "wwwwcssswcsswpsswwwwwwwwwwrsssww",
  "Mia looked near the log, but it was not there. ",
  "rsswwwwwwwwcssswwwwwcsswwwwwwwwwwwwwwwwwwwwwwww",
  "Mia met kind Fox. ",
  "rsswwwwwcssswcssww",
  'Mia said, "Where is my red kite?" ',
  "rsswwwwwwwwwwwwwwwwwwwwrsswrssswww",
  'Fox said, "I saw it under the wall." ',
  "rsswwwwwwwwwpwwwwwwwcsssswwwwwcssswww",
  "Mia looked under the wall, and there was the kite! ",
  "rsswwwwwwwwrsssswwwwwrssswwwwwwwwwwwwwwwwwwwwrsssww",
  "Mia and Fox went home and ate soup.\n\n",
  "rsswwwwwrsswpwpwwwwwwwwwwwwwwwcssswww",
];
const ANTECEDENTS = [
  ...[
    "kite. One",
    "Mia lost",
    "Mia looked near",
    "Mia met",
    "red kite. One",
    "kite. Mia looked near",
    "Fox. ",
  ],
  ...["Mia said", 'under the wall."', 'wall."', "kite?", "Mia looked under", "Fox said"],
];

function codesOf(positions: readonly OraclePosition[]): string {
  return positions.map(({ skill }) => skill[0]).join("");
}

Deno.test("skills and antecedents of a tale are those found by hand", () => {
  const sentences = BY_HAND.filter((_, index) => index % 2 === 0),
    codes = BY_HAND.filter((_, index) => index % 2);
  const text = sentences.join(""), positions = oracle(text);
  let start = 0;
  for (const [index, sentence] of sentences.entries()) {
    assertEquals(codes[index].length, sentence.length, sentence);
    assertEquals(codesOf(positions.slice(start, start + sentence.length)), codes[index], sentence);
    start += sentence.length;
  }
  const recalls = positions.filter(({ skill }) => skill === "recall");
  assertEquals(recalls.map(({ antecedent }) => antecedent), ANTECEDENTS.map((words) => text.indexOf(words)));
  const lists = "thing hero hero hero colour thing friend hero where spot thing hero friend";
  assertEquals(recalls.map(({ list }) => list), lists.split(" "));
  assert(
    positions.every(({ skill, antecedent, list }) =>
      skill === "recall" || (antecedent ?? list) === undefined
    ),
  );
});

Deno.test("a word is recalled, or agreed with, where it differs from others of its list", () => {
  const grammar: TaleGrammar = {
    words: { hero: ["Kit", "Kat"] },
    forms: { her: { Kit: "his", Kat: "her" } },
    plots: [[["{hero} saw {hero:her} {hero}, not {hero2}."], ["{hero2:her} {hero2}"]]],
  };
  const text = "Kit saw his Kit, not Kat. her Kat\n\n", positions = oracle(text, grammar);
  // the last word of the list is a choice even where no other is left
  assertEquals(codesOf(positions), "wcswwwwwwaswwrswwwwwwwcswwwaswwrsww");
  assertEquals(positions.map(({ antecedent }) => antecedent).filter((index) => index), [1, 22]);
  const told = { ...grammar, plots: [[["{hero:her} {hero}"]]] }; // the form tells the word
  assertEquals(codesOf(oracle("his Kit\n\n", told)), "wcswwasww");
});

Deno.test("where the skill is open, it does not depend on the character that follows", () => {
  const [once, name] = ["Once", "Anna"].map((text) => oracle(text)[0]);
  assertEquals([once.skill, name.skill], ["plot", "plot"]);
  assertEquals(once.distribution, name.distribution);
  assertAlmostEquals(once.probability, 1 / 2, 1e-12);
  assertAlmostEquals(name.probability, 1 / 12, 1e-12);
});

Deno.test("where derivations read a certain character in two ways, the more probable one decides", () => {
  const grammar: TaleGrammar = {
    words: { hero: ["Mia", "Pip"], friend: ["Max", "Ann"] },
    forms: {},
    plots: [[["{hero} and {friend}: "], ["{hero}", "My!"]], [["{hero} and {friend}: "], ["{friend}"]]],
  };
  const positions = oracle("Mia and Max:  M", grammar);
  assertEquals(positions.at(-1), {
    ...{ probability: 1, entropy: 0, distribution: new Map([["M", 1]]) },
    ...{ skill: "recall", antecedent: 8, list: "friend" },
  });
});

Deno.test("a character beyond U+FFFF is one position", () => {
  const grammar: TaleGrammar = { words: { face: ["😀", "🙁🙁"] }, forms: {}, plots: [[["{face}: {face}"]]] };
  const positions = oracle("🙁🙁: 🙁🙁\n\n", grammar);
  assertEquals(codesOf(positions), "cswwrsww");
  assertEquals(positions[4].antecedent, 0);
});

Deno.test("a text that is no tale is refused where it departs from the grammar", () => {
  const refused = (text: string, message: string, grammar?: TaleGrammar) =>
    assertThrows(() => oracle(text, grammar), RangeError, message);
  const beginning = '"A", "J", "K", "M", "O", "P", "Z"';
  refused("Hello", `Cannot read the text as tales: line 1, column 1 holds "H", expected one of ${beginning}`);
  refused("Once upon a time", 'line 1, column 6 holds "u", expected "t"');
  refused(
    "Once there was a shy girl named Jack.",
    'line 1, column 33 holds "J", expected one of "A", "M", "Z"',
  );
  const { text } = tales(1).next().value;
  refused(`${text}Once!`, 'line 3, column 5 holds "!", expected " "');
  const few = { words: { hero: ["Mia"] }, forms: { her: {} } };
  refused("Mia ", "Cannot fill {hero2}", { ...few, plots: [[["{hero} {hero2}"]]] });
  refused("Mia ", 'Cannot tell "Mia" in the form "her"', { ...few, plots: [[["{hero} {hero:her}"]]] });
});

Deno.test("the text of the default corpus is read in a moment", () => {
  const { text, nats } = makeTales({ seed: 1, characters: 125_000 }), start = performance.now();
  assertAlmostEquals(natsOf(oracle(text)), nats, 1e-6);
  assert(performance.now() - start < 5000); // 0.3 s on two idle cores
});
