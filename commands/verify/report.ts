/**
 * What `verify` prints: on which versions and which device, and a line for each model.
 *
 * @module
 */
import { VERSION } from "../cli/command.ts";
import { formatFacts } from "../cli/terminal.ts";

/** What results may depend on, if on anything. */
export function versions(): Readonly<Record<"miniformer" | "deno" | "v8" | "processor" | "system", string>> {
  const { deno, v8 } = Deno.version, { arch, os } = Deno.build;
  return { miniformer: VERSION, deno, v8, processor: arch, system: os };
}

/** The columns of names. */
const INDENT = 20;

/** Versions, processor and device in lines. */
export function describeMachine(device: string): string {
  const { miniformer, deno, v8, processor, system } = versions();
  return formatFacts([
    ["versions", `miniformer ${miniformer}, Deno ${deno}, V8 ${v8}`],
    ["processor", `${processor} (${system})`],
    ["device", device],
  ], INDENT);
}

/** The result for a model in a line: its SHA-256, and what it equals or where it differs. */
export function resultLine(name: string, sha256: string, result: string): string {
  return `${name.padEnd(INDENT - 1)} ${sha256}  ${result}`;
}

/** A line of text under a name. */
export function conclusionLine(name: string, text: string): string {
  return formatFacts([[name, text]], INDENT);
}
