import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { makeTales, type Tale, TALE_GRAMMAR, tales } from "../data/tales.ts";
import type { TaleGrammar } from "../data/tales/tale_grammar.ts";
import { derivations } from "./_derivations.ts";

/** Fails unless the probabilities sum to one and no text comes twice; returns the entropy in nats. */
function entropyOf(all: Tale[]): number {
  assertEquals(new Set(all.map(({ text }) => text)).size, all.length, "two derivations tell the same tale");
  assertAlmostEquals(all.reduce((sum, { nats }) => sum + Math.exp(-nats), 0), 1, 1e-9);
  return all.reduce((sum, { nats }) => sum + nats * Math.exp(-nats), 0);
}

/** The first `count` tales of a seed. */
function firstTales(seed: number, count: number, grammar?: TaleGrammar): Tale[] {
  const told = tales(seed, grammar);
  return Array.from({ length: count }, () => told.next().value);
}

/** Small enough to list: 13 texts of unequal probability. */
const smallGrammar: TaleGrammar = {
  words: { hero: ["Anna", "Pip", "Zoe"], thing: ["hat", "kite"] },
  forms: { her: { Anna: "her", Pip: "his", Zoe: "her" } },
  plots: [
    [["{hero} lost {hero:her} {thing}.", "{hero} gave {hero2} a {thing}."], ["Who has the {thing}?"]],
    [["Nobody came."]],
  ],
};

Deno.test("tales have the probability that an enumeration of the grammar gives them", () => {
  const all = new Map(derivations(smallGrammar).map(({ text, nats }) => [text, nats]));
  // One text of ln 2; six of ln(2·2·3·2), twelve of ln(2·2·3·2·2).
  assertEquals(all.size, 1 + 3 * 2 + 3 * 2 * 2);
  assertAlmostEquals(all.get("Pip lost his kite. Who has the kite?\n\n")!, Math.log(24), 1e-12);
  assertAlmostEquals(all.get("Pip gave Zoe a hat. Who has the hat?\n\n")!, Math.log(48), 1e-12);
  for (const { text, nats } of firstTales(1, 500, smallGrammar)) {
    assertAlmostEquals(all.get(text)!, nats, 1e-12);
  }
});

Deno.test("tales come as often as they say", () => {
  const exact = entropyOf(derivations(smallGrammar));
  const told = firstTales(2, 20_000, smallGrammar);
  const counts = new Map<string, number>();
  for (const { text } of told) counts.set(text, (counts.get(text) ?? 0) + 1);
  const frequencies = [...counts.values()].map((count) => count / told.length);
  const empirical = frequencies.reduce((sum, frequency) => sum - frequency * Math.log(frequency), 0);
  const stated = told.reduce((sum, { nats }) => sum + nats, 0) / told.length;
  // Four standard deviations of the mean: a tale costs ln 2 to ln 48, with a deviation of 1.4.
  assertAlmostEquals(stated, exact, 0.04);
  assertAlmostEquals(empirical, stated, 0.02);
});

Deno.test("the built-in grammar, cut to two words a list, tells no tale in two ways", () => {
  const cut: Record<string, number> = {
    hero: 2,
    friend: 3,
    weather: 1,
    motion: 1,
    place: 1,
    close: 1,
    joy: 1,
  };
  const words = Object.entries(TALE_GRAMMAR.words).map((
    [name, list],
  ) => [name, list.slice(0, cut[name] ?? 2)]);
  const all = derivations({ ...TALE_GRAMMAR, words: Object.fromEntries(words) });
  assert(all.length > 10_000);
  assert(entropyOf(all) < Math.log(all.length));
});

Deno.test("tales of the built-in grammar have one derivation each, of the stated probability", () => {
  for (const { text, nats } of firstTales(3, 300)) {
    const all = derivations(TALE_GRAMMAR, text);
    assertEquals(all.length, 1, text);
    assertAlmostEquals(all[0].nats, nats, 1e-9);
  }
});

Deno.test("makeTales joins the tales of its seed and adds up what they cost", () => {
  const corpus = makeTales({ seed: 4, characters: 5000 });
  const told = firstTales(4, corpus.tales);
  assertEquals(corpus.text, told.map(({ text }) => text).join(""));
  assertAlmostEquals(corpus.nats, told.reduce((sum, { nats }) => sum + nats, 0), 1e-9);
  assertAlmostEquals(corpus.natsPerCharacter, corpus.nats / corpus.text.length, 1e-12);
  assert(corpus.text.length >= 5000 && corpus.text.length - told.at(-1)!.text.length < 5000);
  assertEquals(corpus.text.split("\n\n").length, corpus.tales + 1);
  assertEquals(makeTales({ seed: 4, characters: 5000 }), corpus);
  assertNotEquals(makeTales({ seed: 5, characters: 5000 }).text, corpus.text);
});

Deno.test("a tale keeps its hero and answers its question rightly", () => {
  let answered = 0;
  for (const { text } of firstTales(6, 500)) {
    const heroes = TALE_GRAMMAR.words.hero.filter((name) => text.includes(name));
    assertEquals(heroes.length, 1, text);
    const owner = text.match(/Who has the (\w+) now\? (\w+) has it/);
    const eater = text.match(/Who ate the (\w+)\? (\w+) did/);
    if (owner) assert(text.includes(`${owner[2]} took the ${owner[1]}.`), text);
    if (eater) assert(text.includes(`${eater[2]} ate the ${eater[1]},`), text);
    if (owner ?? eater) answered++;
  }
  assert(answered > 50);
});

Deno.test("one character settles each choice of a word, and capital letters tell names from the rest", () => {
  for (const [name, list] of Object.entries(TALE_GRAMMAR.words)) {
    assertEquals(new Set(list.map((word) => word[0])).size, list.length, `{${name}}`);
  }
  const { hero, friend } = TALE_GRAMMAR.words;
  const names = [...hero, ...friend].map((name) => name[0]);
  const starts = [...new Set(TALE_GRAMMAR.plots.flat(2).join(" ").match(/\b[A-Z]/g))];
  assertEquals(new Set([...names, ...starts]).size, names.length + starts.length);
});

Deno.test("the alphabet and the vocabulary are small, and the optimal loss is low", () => {
  const { text, natsPerCharacter } = makeTales({ seed: 7, characters: 200_000 });
  assert(new Set(text).size <= 50);
  assert(new Set(text.match(/\w+/g)).size <= 200);
  assertAlmostEquals(natsPerCharacter, 0.08, 0.002);
});

Deno.test("makeTales refuses what it cannot make", () => {
  for (const characters of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => makeTales({ seed: 1, characters }), RangeError, `tales of ${characters} characters`);
  }
  assertThrows(() => makeTales({ seed: 0.5, characters: 1 }), RangeError, "seed");
  const plots = [[["{hero} met {hero2} and {hero3} and {hero4}."]]];
  assertThrows(() => tales(1, { ...smallGrammar, plots }).next(), RangeError, "Cannot fill {hero4}");
  assertThrows(
    () => tales(1, { ...smallGrammar, plots: [[["{home}"]]] }).next(),
    RangeError,
    "Cannot fill {home}",
  );
});
