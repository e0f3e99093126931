/**
 * Reading `config.json`, Hugging Face's and our own, with bounds for every value.
 *
 * @module
 */

import { quoted } from "../../core/quoted.ts";
import { INITIAL_STD } from "../../models/config.ts";

/**
 * Largest sizes that a `config.json` may ask for. Each is beyond every published transformer, yet small enough that the
 * model it describes can be compared with the header of the weights file in a moment. Without bounds, a config of 200
 * bytes could ask for days of work.
 */
export const MAX = {
  /** Blocks. The deepest published transformer has 1,000. */
  layers: 10_000,
  /** Tokens in the vocabulary: the same bound as that of ids in tokenizer files. */
  vocabSize: 2 ** 24,
  /** Positions. The longest published contexts have 10⁷. */
  positions: 2 ** 24,
  /** Width of the residual stream, and a quarter of that of the feed-forward network. GPT-3 has 12,288 and 49,152. */
  width: 2 ** 20,
  /** Types of tokens. BERT has 2. */
  tokenTypes: 1024,
  /** Classes of a classifier. */
  classes: 100_000,
} as const;

/** A parsed `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** Reads a `config.json` value by value; every error names the field and its value. */
export class ConfigReader {
  readonly #json: ConfigJson;
  readonly #known = new Set<string>();

  /**
   * Takes the file.
   *
   * @param json The parsed file.
   */
  constructor(json: ConfigJson) {
    this.#json = json;
  }

  /** The value of a field, as in the file. */
  #field(name: string): unknown {
    this.#known.add(name);
    return this.#json[name] ?? undefined;
  }

  /** The value of a field, or the fallback where the file has none; refused if it is not valid. */
  #read(name: string, fallback: unknown, valid: (value: number) => boolean, expected: string): number {
    const value = this.#field(name) ?? fallback;
    if (typeof value === "number" && valid(value)) return value;
    throw new TypeError(`${name} is ${quoted(value)}, expected ${expected}`);
  }

  /**
   * Reads a size.
   *
   * @param name Its name.
   * @param fallback Its value if the file has none; nothing if the file must have one.
   * @param largest The largest value that is accepted: see {@linkcode MAX}.
   * @returns A positive integer.
   * @throws {TypeError} If it is something else.
   */
  count(name: string, fallback: number | undefined, largest: number): number {
    const valid = (value: number) => Number.isInteger(value) && value > 0 && value <= largest;
    return this.#read(name, fallback, valid, `a positive integer up to ${largest}`);
  }

  /**
   * Reads the standard deviation of the initial weights.
   *
   * @param name Its name; Hugging Face's unless given.
   * @returns A number of 0 or more.
   * @throws {TypeError} If it is something else.
   */
  initialStd(name = "initializer_range"): number {
    const valid = (value: number) => value >= 0 && value < Infinity;
    return this.#read(name, INITIAL_STD, valid, "a number of 0 or more");
  }

  /**
   * Reads a choice of yes or no.
   *
   * @param name Its name.
   * @returns The choice, or nothing if the file has none.
   * @throws {TypeError} If it is something else.
   */
  choice(name: string): boolean | undefined {
    const value = this.#field(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw new TypeError(`${name} is ${quoted(value)}, expected true or false`);
  }

  /**
   * Reads a field that a file may leave out.
   *
   * @param name Its name.
   * @param read Reads it where it is there.
   * @returns Its value, or nothing.
   */
  optional<Value>(name: string, read: (name: string) => Value): Value | undefined {
    return this.#field(name) === undefined ? undefined : read(name);
  }

  /**
   * Reads one of several names.
   *
   * @param name Its name.
   * @param names The names.
   * @param fallback The one if the file has none; nothing if the file must have one.
   * @returns The one in the file.
   * @throws {TypeError} If it is none of them.
   */
  oneOf<Name extends string>(name: string, names: readonly Name[], fallback?: NoInfer<Name>): Name {
    return this.meaning(name, names.map((name) => [name, name] as const), fallback);
  }

  /**
   * Reads one of several names, each of which has a meaning.
   *
   * @param name Its name.
   * @param meanings The names with their meanings.
   * @param fallback The name if the file has none; nothing if the file must have one.
   * @returns The meaning.
   * @throws {TypeError} If it is none of them.
   */
  meaning<Meaning>(
    name: string,
    meanings: readonly (readonly [name: string, meaning: Meaning])[],
    fallback?: string,
  ): Meaning {
    const value = this.#field(name) ?? fallback, found = meanings.find(([other]) => other === value);
    if (found !== undefined) return found[1];
    throw new TypeError(
      `${name} is ${quoted(value)}, expected ${meanings.map(([name]) => quoted(name)).join(" or ")}`,
    );
  }

  /**
   * Reads a list of texts.
   *
   * @param name Its name.
   * @param most Most entries that are accepted.
   * @returns The texts, or nothing if the file has none.
   * @throws {TypeError} If it is something else.
   */
  texts(name: string, most: number): string[] | undefined {
    const value = this.#field(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length <= most && value.every((text) => typeof text === "string")) {
      return value;
    }
    throw new TypeError(`${name} is ${quoted(value)}, expected a list of at most ${most} texts`);
  }

  /**
   * Refuses a file with fields that were not read.
   *
   * @param others Fields that are read elsewhere.
   * @throws {TypeError} If there is one; the message names it.
   */
  expectNoOther(others: readonly string[]): void {
    const unknown = Object.keys(this.#json).find((name) => !this.#known.has(name) && !others.includes(name));
    if (unknown !== undefined) {
      throw new TypeError(`field ${quoted(unknown)} is unknown in this kind of file`);
    }
  }

  /**
   * Reads a rate.
   *
   * @param name Its name.
   * @param fallback Its value if the file has none; nothing if the file must have one.
   * @returns A number from 0 to below 1.
   * @throws {TypeError} If it is something else.
   */
  rate(name: string, fallback?: number): number {
    return this.#read(name, fallback, (value) => value >= 0 && value < 1, "a number from 0 to below 1");
  }

  /**
   * Reads a number above 0.
   *
   * @param name Its name.
   * @param fallback Its value if the file has none; nothing if the file must have one.
   * @returns A finite number above 0.
   * @throws {TypeError} If it is something else.
   */
  positive(name: string, fallback?: number): number {
    return this.#read(name, fallback, (value) => value > 0 && value < Infinity, "a positive number");
  }

  /**
   * Reads the id of a token.
   *
   * @param name Its name.
   * @param vocabSize V, where the id must be below it: that of the end of a text may belong to a larger tokenizer.
   * @returns The id, or nothing if the file has none.
   * @throws {TypeError} If it is something else.
   */
  id(name: string, vocabSize?: number): number | undefined {
    if (this.#field(name) === undefined) return undefined;
    const below = vocabSize ?? MAX.vocabSize;
    const valid = (value: number) => Number.isInteger(value) && value >= 0 && value < below;
    const expected = vocabSize === undefined
      ? "the id of one token"
      : `an id below the vocabulary size ${below}`;
    return this.#read(name, 0, valid, expected);
  }

  /**
   * Refuses a file that asks for something we do not build.
   *
   * @param name Name of a value.
   * @param supported The value that is supported; nothing if the field must be absent, null or empty.
   * @throws {TypeError} If it is another.
   */
  expect(name: string, supported: unknown): void {
    const value = this.#json[name] ?? supported;
    const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (value === supported || supported === undefined && isEmpty) return;
    const expected = supported === undefined ? "no such field" : `only ${quoted(supported)}`;
    throw new TypeError(`${name} is ${quoted(value)}, ${expected} is supported`);
  }

  /**
   * Reads which class of `transformers` the file is for.
   *
   * @returns The first of `architectures`, or nothing if the file has none.
   * @throws {TypeError} If `architectures` is not a list of names.
   */
  architecture(): string | undefined {
    const names = this.#json.architectures ?? [];
    if (Array.isArray(names) && names.slice(0, 1).every((name) => typeof name === "string")) return names[0];
    throw new TypeError(`architectures is ${quoted(names)}, expected a list of names`);
  }

  /**
   * Refuses a file for another class of `transformers`.
   *
   * @param classes Those that are read; a file without `architectures` is for the first.
   * @returns The class.
   * @throws {TypeError} If it is another.
   */
  expectClass(classes: readonly string[]): string {
    const architecture = this.architecture() ?? classes[0];
    if (classes.includes(architecture)) return architecture;
    const names = classes.map((name) => quoted(name));
    throw new TypeError(
      `architectures names ${quoted(architecture)}: expected ${names.slice(0, -1).join(", ")} or ${
        names.at(-1)
      }`,
    );
  }

  /**
   * Reads the names of the classes, if the file is that of a classifier.
   *
   * @returns The names in the order of the classes, or nothing.
   * @throws {TypeError} If classes are missing or have no names.
   */
  labels(): string[] | undefined {
    if (!this.architecture()?.endsWith("ForSequenceClassification")) return undefined;
    const names = this.#json.id2label;
    if (names == null) {
      // transformers leaves the names out where there are none, and the number where it is two
      const classes = this.count("num_labels", 2, MAX.classes);
      return Array.from({ length: classes }, (_, index) => `LABEL_${index}`);
    }
    if (typeof names !== "object" || Array.isArray(names)) {
      throw new TypeError(`id2label is ${quoted(names)}, expected an object with a name for each class`);
    }
    const { length } = Object.keys(names);
    if (length === 0 || length > MAX.classes) {
      throw new TypeError(`id2label names ${length} classes, expected 1 to ${MAX.classes}`);
    }
    return Array.from({ length }, (_, index) => {
      const name = (names as Record<string, unknown>)[index];
      if (typeof name === "string") return name;
      throw new TypeError(`id2label has no name for class ${index}: ${quoted(names)}`);
    });
  }
}
