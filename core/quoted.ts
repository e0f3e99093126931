/**
 * Values read from files, quoted in error messages.
 *
 * A value from an untrusted file can be megabytes long, nested thousands of levels deep, or full of control characters
 * that rewrite the terminal. The functions here turn it into a short text on one line.
 *
 * `tokenizers/quoted.ts` is a copy, because tokenizers import nothing from other folders; a test compares the two.
 *
 * @module
 */

/** Longest text that is quoted whole, in UTF-16 units. */
const MAX_LENGTH = 80;

/** Most entries of an array or an object that are quoted. */
const MAX_ENTRIES = 4;

/** Deepest level of arrays and objects that is quoted. */
const MAX_DEPTH = 2;

/** C0 and C1 controls, line and paragraph separators, and bidirectional controls. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Replaces characters that a terminal interprets with escapes.
 *
 * @example
 * ```ts
 * import { escaped } from "./quoted.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escaped("red\x1b[31m"), "red\\u001b[31m");
 * ```
 *
 * @param text Any text.
 * @returns The text on one line; ESC, for instance, becomes `\u001b`.
 */
export function escaped(text: string): string {
  return text.toWellFormed().replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Writes a name without quotes.
 *
 * @example
 * ```ts
 * import { shortened } from "./quoted.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shortened("blocks.0.norm1.bias"), "blocks.0.norm1.bias");
 * assertEquals(shortened("x".repeat(1000)).length, 80);
 * ```
 *
 * @param name A name of any length.
 * @returns The name with escapes; a name of more than 80 UTF-16 units is cut and ends with `…`.
 */
export function shortened(name: string): string {
  return cut(escaped(cut(name)));
}

function cut(text: string): string {
  return text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH - 1) + "…" : text;
}

/**
 * Writes a value of a file as JSON, bounded in length and depth.
 *
 * @example
 * ```ts
 * import { quoted } from "./quoted.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quoted({ layers: [1, [2, [3]]] }), '{"layers":[1,[…]]}');
 * assertEquals(quoted([1, 2, 3, 4, 5, 6]), "[1,2,3,4,…]");
 * ```
 *
 * @param value A value of a parsed file.
 * @returns Its JSON form, with `…` for what is left out; `missing` for undefined.
 */
export function quoted(value: unknown): string {
  return typeof value === "string" ? quotedTo(value, 0) : cut(quotedTo(value, MAX_DEPTH));
}

function quotedTo(value: unknown, depth: number): string {
  if (typeof value === "string") return `"${shortened(value).replaceAll('"', '\\"')}"`;
  if (value === undefined) return "missing";
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === 0) return Array.isArray(value) ? "[…]" : "{…}";
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const entry of value.slice(0, MAX_ENTRIES)) parts.push(quotedTo(entry, depth - 1));
    if (value.length > MAX_ENTRIES) parts.push("…");
    return `[${parts.join(",")}]`;
  }
  for (const key in value) {
    if (parts.length === MAX_ENTRIES) {
      parts.push("…");
      break;
    }
    parts.push(`"${shortened(key)}":${quotedTo((value as Record<string, unknown>)[key], depth - 1)}`);
  }
  return `{${parts.join(",")}}`;
}
