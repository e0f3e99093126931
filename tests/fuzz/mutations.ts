/**
 * Changes to files that know what a file is made of: JSON is changed value by value, a safetensors file in its header and
 * in its numbers, a table line by line; and any file byte by byte.
 */

import type { Choices } from "./random.ts";

/** Stands for text that `JSON.stringify` does not write; replaced afterwards. */
const RAW: Readonly<Record<string, string>> = {
  "@deep@": "[".repeat(20_000) + "]".repeat(20_000),
  "@deepObject@": '{"a":'.repeat(20_000) + "1" + "}".repeat(20_000),
  "@infinite@": "1e999",
  "@negative@": "-0",
  "@exact@": "9007199254740993",
};

/** Names that plain objects have already, and names that files use. */
const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  "",
  "0",
  "-1",
  "type",
  "ids",
];

const TEXTS = [
  "",
  "x",
  "__proto__",
  "\u0000\u001b[31m\u2028",
  "\ud800",
  "y".repeat(100_000),
  "é".repeat(300),
  "../../etc/passwd",
  "NaN",
  "line\nbreak",
];

const NUMBERS = [0, 1, -1, 2, 0.5, 255, 65_536, 1e6, 1e8, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -1e300];

/** Any value at all. */
function anyValue(choices: Choices): unknown {
  switch (choices.below(7)) {
    case 0:
      return choices.of([null, true, false]);
    case 1:
    case 2:
      return choices.of(NUMBERS);
    case 3:
      return choices.of(TEXTS);
    case 4:
      return choices.of(Object.keys(RAW));
    case 5:
      return choices.of([[], [[]], [null], [1, "a"], Array(1000).fill(0)]);
    default:
      return choices.of([{}, { a: 1 }, { type: "BPE" }, { id: 0, content: "a" }]);
  }
}

/** An object without a prototype, so that every name is a name. */
function ownNames(value: object): Record<string, unknown> {
  return Object.assign(Object.create(null), value);
}

/** Changes one value somewhere in a parsed JSON file. */
function changeValue(value: unknown, choices: Choices): unknown {
  if (typeof value !== "object" || value === null || choices.once(20)) {
    return choices.once(3) && typeof value === "number"
      ? value + choices.of([-1, 1, 0.5])
      : anyValue(choices);
  }
  const keys = Object.keys(value), key = choices.of(keys.length > 0 ? keys : ["0"]);
  if (Array.isArray(value)) {
    const copy = [...value], at = Number(key);
    const change = choices.below(6);
    if (change === 0) copy.splice(at, 1);
    else if (change === 1) copy.splice(at, 0, copy[choices.below(copy.length || 1)]);
    else if (change === 2) copy.push(anyValue(choices));
    else copy[at] = changeValue(copy[at], choices);
    return copy;
  }
  const copy = ownNames(value), change = choices.below(8);
  if (change === 0) delete copy[key];
  else if (change === 1) copy[choices.of(NAMES)] = anyValue(choices);
  else if (change === 2) {
    copy[choices.of(NAMES)] = copy[key];
    delete copy[key];
  } else if (change === 3) copy[key] = copy[choices.of(keys.length > 0 ? keys : ["0"])];
  else copy[key] = changeValue(copy[key], choices);
  return copy;
}

/** Changes JSON text in one to three places. */
function changeJson(text: string, choices: Choices): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text; // of an earlier mutation
  }
  for (let left = 1 + choices.below(3); left > 0; left--) value = changeValue(value, choices);
  let json: string;
  try {
    json = JSON.stringify(value) ?? "null";
  } catch {
    return text; // too deep: an earlier mutation nested it
  }
  return json.replace(/"(@[a-zA-Z]+@)"/g, (all, name) => Object.hasOwn(RAW, name) ? RAW[name] : all);
}

const LINES = [
  "",
  "\t",
  "a",
  "a b c",
  "\u0000",
  '"',
  '"a',
  'a"b',
  ",",
  ",,,,",
  "\r",
  "\u2028",
  "constructor\t__proto__",
];

/** Changes text line by line. */
function changeLines(text: string, choices: Choices): string {
  const lines = text.split("\n"), at = choices.below(lines.length);
  switch (choices.below(7)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, choices.of([...LINES, ...TEXTS]));
      break;
    case 2:
      lines.splice(at, 0, lines[choices.below(lines.length)]);
      break;
    case 3:
      lines[at] = lines[at].slice(0, choices.below(lines[at].length + 1)) + choices.of([...LINES, ...TEXTS]) +
        lines[at].slice(choices.below(lines[at].length + 1));
      break;
    case 4:
      lines[at] = changeJson(lines[at], choices);
      break;
    case 5:
      lines[at] = lines[at].split("").reverse().join("");
      break;
    default:
      return lines.join(choices.of(["\r\n", "\r", "\n\n", "\t", ","]));
  }
  return lines.join("\n");
}

/** Changes any bytes. */
function changeBytes(bytes: Uint8Array, choices: Choices): Uint8Array<ArrayBuffer> {
  const copy = [...bytes], at = choices.below(copy.length || 1);
  switch (choices.below(6)) {
    case 0:
      copy.length = at;
      break;
    case 1:
      copy.splice(at, 1 + choices.below(8));
      break;
    case 2:
      copy.splice(at, 0, ...Array.from({ length: 1 + choices.below(8) }, () => choices.below(256)));
      break;
    case 3:
      copy.splice(at, 0, ...copy.slice(at, at + 1 + choices.below(64)));
      break;
    case 4:
      copy[at] = choices.of([0, 0x22, 0x5b, 0x7b, 0x7f, 0x80, 0xc0, 0xff]);
      break;
    default:
      copy[at] ^= 1 << choices.below(8);
  }
  return Uint8Array.from(copy);
}

/** Changes a safetensors file: its header, the length before it, or its numbers. */
function changeSafetensors(bytes: Uint8Array, choices: Choices): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? 0 : Number(view.getBigUint64(0, true));
  if (8 + length > bytes.length || length === 0) return changeBytes(bytes, choices);
  const data = bytes.slice(8 + length);
  if (choices.once(3) && data.length >= 4) {
    const numbers = new DataView(data.buffer), at = 4 * choices.below(data.length >> 2);
    numbers.setUint32(at, choices.of([0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0, 1]), true);
    return joined(bytes.subarray(0, 8 + length), data);
  }
  const header = new TextEncoder().encode(
    changeJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)), choices),
  );
  const start = new Uint8Array(8),
    claimed = choices.once(8) ? choices.of([0, 1, 2 ** 31, 2 ** 40]) : header.length;
  new DataView(start.buffer).setBigUint64(0, BigInt(claimed), true);
  return joined(start, header, data);
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Changes a file according to its name, one to three times. */
export function changeFile(name: string, bytes: Uint8Array, choices: Choices): Uint8Array<ArrayBuffer> {
  let changed = bytes.slice();
  for (let left = choices.of([1, 1, 1, 2, 3]); left > 0; left--) {
    const asText = (change: (text: string, choices: Choices) => string) =>
      new TextEncoder().encode(change(new TextDecoder().decode(changed), choices));
    if (choices.once(6)) changed = changeBytes(changed, choices);
    else if (name.endsWith(".safetensors")) changed = changeSafetensors(changed, choices);
    else if (name.endsWith(".json")) changed = asText(changeJson);
    else if (/\.(txt|tsv|csv|jsonl)$/.test(name)) changed = asText(changeLines);
    else changed = changeBytes(changed, choices);
  }
  return changed;
}
