/**
 * The built-in corpus: any amount of small English tales, whose entropy is known exactly.
 *
 * The lowest possible loss on a book is unknown, since the entropy of English can only be estimated. These tales are drawn
 * from a grammar by a known random process, so their lowest possible loss can be computed. A draw among n equally likely
 * options has an information of ln n nats, and a character that follows from earlier ones has none, so the information of
 * a tale is the sum of ln n over its draws.
 *
 *     beat      "{hero} had a {colour} {thing}."      the first {hero} of a tale is drawn, every later one repeats it
 *     told      "Mia had a red kite."                 colour: ln 7, thing: ln 6, hero: 0 nats
 *
 * What can be learned, from easy to hard: spelling, the order of words, which sentence may follow which, the form that
 * agrees with a name (Mia is a girl, so the kite is *her* kite), and last what takes attention: the name of the hero, what
 * was lost, where it was found, who has it now. Names of children, names of animals and the first words of sentences share
 * no capital letter, and the words of one list all start with different letters, so one character decides each draw.
 *
 * The optimal loss is exact because the grammar is unambiguous: no two sequences of draws produce the same tale, so the
 * probability of the text *is* the probability of the draws (the tests parse tales and find one derivation each).
 * It is the loss of a perfect predictor that reads every tale from its start. A model reads a window of characters, without
 * those before it, so it cannot quite reach the optimal loss however long it trains.
 *
 * Reference: Shannon, "A Mathematical Theory of Communication", 1948, sections 6 and 7.
 *
 * @module
 */

import { log } from "../core/math.ts";
import { Random } from "../core/random.ts";
import {
  freeWords,
  SENTENCE_GAP,
  type SentencePart,
  sentenceParts,
  TALE_END,
  type TaleGrammar,
  wordAsTold,
} from "./tales/tale_grammar.ts";

const WORDS = {
  hero: ["Anna", "Jack", "Kit", "Mia", "Pip", "Zoe"],
  friend: ["Bear", "Cat", "Dog", "Fox", "Goat", "Hen"],
  nature: ["brave", "clever", "funny", "gentle", "kind", "merry", "proud", "shy"],
  thing: ["drum", "flute", "hat", "kite", "lamp", "ring"],
  colour: ["blue", "green", "pink", "red", "silver", "white", "yellow"],
  fine: ["fine", "lovely", "pretty", "wonderful"],
  food: ["bread", "cake", "jam", "pie", "rice", "soup"],
  weather: ["bright", "cold", "foggy", "grey", "hot", "mild", "rainy", "snowy", "windy"],
  time: ["afternoon", "day", "evening", "morning", "night"],
  place: ["barn", "farm", "garden", "hill", "lake", "mill", "river"],
  where: ["behind", "near", "under"],
  spot: ["bush", "fence", "gate", "log", "rock", "tree", "wall"],
  motion: ["danced", "hopped", "marched", "ran", "skipped", "walked"],
  mood: ["angry", "lonely", "sad", "upset"],
  joy: ["danced", "laughed", "played", "sang"],
  close: ["best", "close", "dear", "good", "true"],
};

const FORMS = {
  girl: { Anna: "girl", Jack: "boy", Kit: "boy", Mia: "girl", Pip: "boy", Zoe: "girl" },
  her: { Anna: "her", Jack: "his", Kit: "his", Mia: "her", Pip: "his", Zoe: "her" },
};

const BEGINNING = [
  "Once there was a {nature} {hero:girl} named {hero}.",
  "{hero} was a {nature} {hero:girl}.",
];

const ENDING = [
  "{hero} and {friend} {joy} all {time2}.",
  "{hero} and {friend} were {close} friends.",
  "{hero} and {friend} went home and ate {food2}.",
];

const LOST_AND_FOUND = [
  ["{hero} had a {colour} {thing}.", "{hero} loved {hero:her} {colour} {thing}."],
  ["One {weather} {time} {hero} lost the {thing}.", "One {weather} {time} the {thing} was gone."],
  ["{hero} looked {where} the {spot}, but it was not there."],
  ["{hero} met {nature2} {friend}."],
  ['{hero} said, "Where is my {colour} {thing}?"'],
  ['{friend} said, "It is {where2} the {spot2}."', '{friend} said, "I saw it {where2} the {spot2}."'],
  ["{hero} looked {where2} the {spot2}, and there was the {thing}!"],
];

const TRADE = [
  ["{hero} wanted a {colour} {thing}."],
  ["One {weather} {time} {hero} {motion} to the {place} and met {nature2} {friend}."],
  ["{friend} had a {fine} {colour} {thing}."],
  ['{hero} said, "I like your {thing}."'],
  ['{friend} said, "You can have it for some {food}."'],
  ["{hero} went home and made some {food}."],
  ["{friend} ate the {food}, and {hero} took the {thing}."],
  ["Who has the {thing} now? {hero} has it.", "Who ate the {food}? {friend} did."],
];

const COMFORT = [
  ["One {weather} {time} {hero} {motion} to the {place} and met {nature2} {friend}."],
  ["{friend} was {mood}."],
  ['{hero} said, "Why are you {mood}?"'],
  ['{friend} said, "I lost my {thing}."', '{friend} said, "I have no {thing}."'],
  ['{hero} said, "You can have my {thing}."'],
  ["{hero} gave {friend} a {fine} {colour} {thing}."],
  ['{friend} said, "What a {fine2} {thing}!"', '{friend} said, "You are very kind."'],
];

const WHO_WILL_HELP = [
  ["One {weather} {time} {hero} wanted to make some {food}."],
  ['{hero} said, "Who will help me make the {food}?"'],
  ['{friend2} said, "Not I."'],
  ['{friend3} said, "Not I."'],
  ['{friend} said, "I will help you."'],
  ["{hero} and {friend} made the {food}."],
  ['{hero} said, "Who will help me eat the {food}?"'],
  ['{friend2} said, "I will."'],
  ['{friend3} said, "I will."'],
  ['{hero} said, "No, {friend} and I will eat it."', '{hero} said, "Yes, you can all eat with us."'],
];

const SURPRISE = [
  ["One {weather} {time} {hero} hid a {colour} {thing} {where} the {spot}."],
  ["Then {nature2} {friend} came by."],
  ['{friend} said, "What is {where} the {spot}?"'],
  ['{hero} said, "It is for you."'],
  ['{friend} said, "Is it a {thing2}?"'],
  ['{hero} said, "No, it is not a {thing2}."'],
  ["{friend} looked {where} the {spot}."],
  ['{friend} said, "It is a {colour} {thing}!"', '{friend} said, "What a {fine} {colour} {thing}!"'],
];

const QUARREL = [
  ["One {weather} {time} {hero} and {nature2} {friend} found a {fine} {colour} {thing}."],
  ['{hero} said, "It is my {thing}."'],
  ['{friend} said, "No, it is my {thing}."'],
  ["{hero} was {mood}, and {friend} was {mood2}."],
  ['{hero} said, "Let us share the {thing}."', '{friend} said, "Let us share the {thing}."'],
  ["{hero} had it by day, and {friend} had it by night."],
];

/**
 * The grammar of the built-in corpus: six plots about six children and six animals.
 *
 * @category Data
 */
export const TALE_GRAMMAR: TaleGrammar = {
  words: WORDS,
  forms: FORMS,
  plots: [LOST_AND_FOUND, TRADE, COMFORT, WHO_WILL_HELP, SURPRISE, QUARREL]
    .map((middle) => [BEGINNING, ...middle, ENDING]),
};

/**
 * A tale and its information.
 *
 * @category Data
 */
export interface Tale {
  /** The sentences of the tale on one line, and the empty line that ends it. */
  text: string;
  /** The exact −ln of the probability of the text. */
  nats: number;
}

/**
 * A corpus and the lowest possible loss on it.
 *
 * @category Data
 */
export interface TaleCorpus {
  /** Whole tales, one after another. */
  text: string;
  /** The exact −ln of the probability of the text. */
  nats: number;
  /** The optimal loss: `nats` divided by the length of the text. */
  natsPerCharacter: number;
  /** Number of tales in the text. */
  tales: number;
}

/** Draws one of some options, all equally likely. */
type Choose = <Option>(options: readonly Option[]) => Option;

/** One tale: each beat of a drawn plot in a drawn sentence, each slot filled as {@linkcode TaleGrammar} says. */
function drawTale(grammar: TaleGrammar, choose: Choose): string {
  const drawn = new Map<string, string>();
  const tell = (part: SentencePart): string => {
    if ("text" in part) return part.text;
    const word = drawn.get(part.slot) ?? choose(freeWords(grammar, part.slot, drawn));
    drawn.set(part.slot, word);
    return wordAsTold(grammar, word, part.form);
  };
  const sentences = choose(grammar.plots).map((beat) => sentenceParts(choose(beat)).map(tell).join(""));
  return sentences.join(SENTENCE_GAP) + TALE_END;
}

/**
 * Generates tales without end. The same seed gives the same tales.
 *
 * @param seed Any safe integer.
 * @param grammar What to draw from; the built-in grammar unless given.
 * @returns A generator of tales, each drawn independently of the others.
 * @throws {RangeError} If the seed is not a safe integer, or the grammar has too few words for its slots.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { tales } from "./tales.ts";
 *
 * const { text, nats } = tales(1).next().value;
 * assert(text.endsWith("\n\n") && nats > 0);
 * ```
 *
 * @category Data
 */
export function* tales(seed: number, grammar: TaleGrammar = TALE_GRAMMAR): Generator<Tale, never> {
  const random = new Random(seed, "tales");
  while (true) {
    let nats = 0;
    const text = drawTale(grammar, (options) => {
      nats += log(options.length);
      return options[random.below(options.length)];
    });
    yield { text, nats };
  }
}

/**
 * Makes a corpus of whole tales.
 *
 * @param options The seed, a safe integer, and the smallest number of characters.
 * @param grammar What to draw from; the built-in grammar unless given.
 * @returns The text and its entropy.
 * @throws {RangeError} If the seed is not a safe integer or `characters` is not a positive integer.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { makeTales } from "./tales.ts";
 *
 * const { text, natsPerCharacter } = makeTales({ seed: 1, characters: 1000 });
 * assert(text.length >= 1000 && natsPerCharacter < 0.2);
 * ```
 *
 * @category Data
 */
export function makeTales(
  options: { seed: number; characters: number },
  grammar: TaleGrammar = TALE_GRAMMAR,
): TaleCorpus {
  const { seed, characters } = options;
  if (!Number.isInteger(characters) || characters < 1) {
    throw new RangeError(`Cannot make tales of ${characters} characters: expected a positive integer`);
  }
  const texts: string[] = [];
  let length = 0, nats = 0;
  for (const tale of tales(seed, grammar)) {
    texts.push(tale.text);
    length += tale.text.length;
    nats += tale.nats;
    if (length >= characters) break;
  }
  return { text: texts.join(""), nats, natsPerCharacter: nats / length, tales: texts.length };
}
