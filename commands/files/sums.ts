/**
 * Checksums of a checkpoint, by which a flipped bit or an exchanged file is noticed when it is read.
 *
 * `training_state.json` holds the SHA-256 of every file saved with it, and one of itself: of its content without the
 * checksums, as JSON without spaces. A folder without that file, such as one from the Hugging Face Hub, is not checked.
 *
 * @module
 */
import { TRAINING_STATE, trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import type { FileContent, FolderFiles } from "./folders.ts";

/** Files of every checkpoint of a run: each has a checksum, as the state itself has. */
const ALWAYS_SAVED = ["config.json", "model.safetensors", "tokenizer.json", "optimizer.safetensors"];

/**
 * Adds checksums to the files of a checkpoint.
 *
 * @param files the files, with `training_state.json`
 * @returns the same files; `training_state.json` is a promise, because the checksums are computed in the background
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { checkSums, withSums } from "./sums.ts";
 *
 * const sealed = withSums({ "config.json": "{}", "training_state.json": '{ "step": 5 }' });
 * const files = { ...sealed, "training_state.json": await sealed["training_state.json"] };
 * await checkSums("runs/mine/last", files);
 * const damaged = { ...files, "config.json": "{ }" };
 * await assertRejects(() => checkSums("runs/mine/last", damaged), Error, "config.json is not what was saved there");
 * ```
 */
export function withSums(files: Readonly<Record<string, FileContent>>): FolderFiles {
  const seal = async (): Promise<string> => {
    const { sha256: _, ...state } = JSON.parse(files[TRAINING_STATE] as string);
    const names = Object.keys(files).filter((name) => name !== TRAINING_STATE).sort();
    const sums = names.map(async (name) => [name, await sumOf(files[name])] as const);
    const own = [TRAINING_STATE, await sumOf(JSON.stringify(state))];
    const sha256 = Object.fromEntries([...await Promise.all(sums), own]);
    return JSON.stringify({ ...state, sha256 }, null, 2) + "\n";
  };
  return { ...files, [TRAINING_STATE]: seal() };
}

/**
 * Checks files against the checksums that were saved with them.
 *
 * @param path the folder they were read from, for the message
 * @param files the files that were read; others may have been left out
 * @throws {Error} when a file is not what was saved
 */
export async function checkSums(
  path: string,
  files: Readonly<Record<string, FileContent>>,
): Promise<void> {
  const state = trainingStateName(files), { sha256, content } = parseState(files[state]);
  if (sha256 === undefined) return;
  const expected = new Map(Object.entries(typeof sha256 === "object" && sha256 !== null ? sha256 : {}));
  const actual = Object.entries({ ...files, [state]: content });
  const wrong = await Promise.all(
    actual.map(async ([name, content]) =>
      expected.has(name)
        ? expected.get(name) !== await sumOf(content)
        : [...ALWAYS_SAVED, state].includes(name)
    ),
  );
  const at = wrong.indexOf(true);
  if (at < 0) return;
  throw new Error(
    `Cannot use ${path}: ${
      actual[at][0]
    } is not what was saved there (its SHA-256 differs), so it was damaged or ` +
      `changed; restore it, or remove ${state} to use the folder as it is, without resuming`,
  );
}

/** The checksums, and the content that the state's own is of. A missing or broken state is reported when it is used. */
function parseState(state: FileContent | undefined): { sha256?: unknown; content: string } {
  if (state === undefined) return { content: "" };
  try {
    const text = typeof state === "string" ? state : new TextDecoder().decode(state);
    const { sha256, ...rest } = Object(JSON.parse(text));
    return { sha256, content: JSON.stringify(rest) };
  } catch {
    return { content: "" }; // no JSON, or nested too deeply to be written
  }
}

export async function sumOf(content: FileContent): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
