/**
 * Reading and writing the parts of `config.json` that all model families share.
 *
 * @module
 */

/** A parsed `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/**
 * Reads a size.
 *
 * @param json The file.
 * @param name Its name there.
 * @param fallback What it is if the file does not say.
 * @returns A positive integer.
 * @throws {TypeError} If it is something else.
 */
export function readCount(json: ConfigJson, name: string, fallback: number): number {
  const value = json[name] ?? fallback;
  if (!Number.isInteger(value) || (value as number) < 1) {
    throw new TypeError(`${name} is ${JSON.stringify(value)}, expected a positive integer`);
  }
  return value as number;
}

/**
 * Refuses a file that asks for something we do not build.
 *
 * @param json The file.
 * @param expected Name, what it is if the file does not say, and what it may be, the usual first.
 * @throws {TypeError} If a value is none of those; the message names it.
 */
export function expectValues(
  json: ConfigJson,
  expected: readonly (readonly [name: string, fallback: unknown, allowed: readonly unknown[]])[],
): void {
  for (const [name, fallback, allowed] of expected) {
    const value = json[name] ?? fallback;
    if (!allowed.includes(value)) {
      throw new TypeError(
        `${name} is ${JSON.stringify(value)}, only ${JSON.stringify(allowed[0])} is supported`,
      );
    }
  }
}

/**
 * Reads the names of the classes, if the file is that of a classifier.
 *
 * @param json The file.
 * @returns The names in the order of the classes, or nothing.
 * @throws {TypeError} If classes are missing or have no names.
 */
export function readLabels(json: ConfigJson): string[] | undefined {
  const [architecture] = (json.architectures ?? []) as unknown[];
  if (!String(architecture).endsWith("ForSequenceClassification")) return undefined;
  if (json.id2label == null) {
    // transformers leaves the names out where there are none, and the number where it is two
    return Array.from({ length: readCount(json, "num_labels", 2) }, (_, index) => `LABEL_${index}`);
  }
  const names = json.id2label as Record<string, unknown>;
  return Array.from({ length: Object.keys(names).length }, (_, index) => {
    const name = names[index];
    if (typeof name !== "string") {
      throw new TypeError(`id2label has no name for class ${index}: ${JSON.stringify(names)}`);
    }
    return name;
  });
}

/**
 * Writes the names of the classes.
 *
 * @param labels The names in the order of the classes.
 * @returns The two tables of `config.json`.
 */
export function labelTables(labels: readonly string[]): Record<string, unknown> {
  return {
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/** Where the values of a parameter stand in a Hugging Face file. */
export interface HuggingFaceTensor {
  /** The tensors that hold it: several, if what is one matrix here is cut by columns there. */
  readonly names: readonly string[];
  /** Whether they are stored (out, in), we store (in, out). */
  readonly transposed: boolean;
}
