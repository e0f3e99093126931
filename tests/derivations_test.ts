import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { derivationsOf, skillsOf } from "../data/tales/derivations.ts";
import type { TaleGrammar } from "../data/tales/tale_grammar.ts";

const grammar: TaleGrammar = {
  words: { hero: ["Kit", "Mia"], thing: ["hat", "ham", "kite"] },
  forms: { her: { Kit: "his", Mia: "her" }, Ms: { Kit: "", Mia: "Ms " } },
  plots: [
    [["{hero} had a {thing}.", "Once {hero:Ms}{hero} had it."], ["{hero} lost {hero:her} {thing}."]],
    [["The end."]],
  ],
};
const { tale, part } = derivationsOf(grammar);

/** What is spelled out, and with which probability. */
const spelled = (derivations: ReturnType<typeof tale>) =>
  derivations.map(({ spelled, weight }) => `${spelled.characters.join("")} ${weight}`);

Deno.test("a tale begins with every plot, every sentence of its first beat, and every word that may come first", () => {
  const begun = tale(1, 0);
  assertEquals(spelled(begun), ["Kit 0.125", "Mia 0.125", "Once  0.25", "The end.\n\n 0.5"]);
  assertAlmostEquals(begun.reduce((sum, { weight }) => sum + weight, 0), 1, 1e-15);
});

Deno.test("a part is followed by the next one, a sentence by the next beat, and a tale by another tale", () => {
  const [kit, , once, end] = tale(1, 0), next = (at: typeof kit) => ({ ...at, part: at.part + 1 });
  assertEquals(spelled(part(next(kit), 3)), [" had a  0.125"]);
  const [, ham] = part({ ...kit, part: 2 }, 10);
  assertEquals(ham.drawn, new Map([["hero", "Kit"], ["thing", "ham"]]));
  const [again] = part({ ...ham, part: 4 }, 14); // after " had a ", the thing and the dot
  assertEquals(spelled([again]), [`  ${0.125 / 3}`]);
  const [recalled] = part({ ...again, part: 1 }, 15);
  assertEquals(recalled.spelled, {
    characters: ["K", "i", "t"],
    skills: ["recall", "spelling", "spelling"],
    antecedent: 0,
    list: "hero",
  });
  const [form] = part({ ...recalled, part: 3 }, 24);
  assertEquals(form.spelled.skills, ["wording", "agreement", "spelling"]);
  assertEquals(form.spelled.antecedent, undefined);
  assertEquals(form.mentions.get("hero"), 15);
  assertEquals(spelled(part(next(once), 5)), ["Kit 0.125", "Ms  0.125"]); // an empty form is passed over
  assertEquals(spelled(part(next(end), 10)).length, 4);
});

Deno.test("skillsOf: what is asked where other words differ, wording before, spelling after", () => {
  assertEquals(skillsOf([..."hat"], ["hat", "ham"], "recall"), ["wording", "wording", "recall"]);
  assertEquals(skillsOf([..."mill"], ["map", "mill", "hill"], "choice"), [
    "choice",
    "choice",
    "spelling",
    "spelling",
  ]);
  assertEquals(skillsOf([..."her"], ["her", "her"], "agreement"), ["wording", "wording", "wording"]);
});

Deno.test("a grammar with too few words is refused", () => {
  const poor = derivationsOf({ words: { hero: ["Kit"] }, forms: {}, plots: [[["{hero} met {hero2}."]]] });
  const [kit] = poor.tale(1, 0);
  assertThrows(() => poor.part({ ...kit, part: 2 }, 8), RangeError, "Cannot fill {hero2}");
});
