/**
 * The model card of a checkpoint, `README.md`, which the user may edit: to fill in a license, for example. So its last line
 * holds the SHA-256 of the lines above it. A card that still agrees with it is replaced with its checkpoint; any other
 * README.md belongs to the user and is kept.
 *
 * The card is not among the files whose checksums `training_state.json` holds, and no command reads it: an edited card does
 * not make a checkpoint a damaged one.
 *
 * @module
 */
import { join } from "@std/path";
import { entryAt, readBytes } from "./disk.ts";
import { CARD_NAME } from "./own_names.ts";
import { sumOf } from "./sums.ts";

/** The longest card that is taken for ours, in bytes: those that are written have a few thousand. */
const MAX_BYTES = 2 ** 20;

const SEAL = /^([^]*\n)<!-- Written by Miniformer .* SHA-256 of the lines above: ([0-9a-f]{64}) -->\n$/;

/** Adds the line by which a card is found to be unchanged. */
export async function sealCard(text: string): Promise<string> {
  return `${text}\n<!-- Written by Miniformer and replaced with the checkpoint, unless it is edited. ` +
    `SHA-256 of the lines above: ${await sumOf(`${text}\n`)} -->\n`;
}

/** The card in a folder by its name, if there is one that the user has not changed; otherwise nothing. */
export async function ownCard(folder: string): Promise<Record<string, string>> {
  const path = join(folder, CARD_NAME), info = await entryAt(path);
  if (!info?.isFile || info.size > MAX_BYTES) return {};
  const bytes = await readBytes(path).catch(() => new Uint8Array()); // what cannot be read is not changed either
  const text = new TextDecoder().decode(bytes), [, above, sum] = text.match(SEAL) ?? [];
  return above !== undefined && await sumOf(above) === sum ? { [CARD_NAME]: text } : {};
}

/** Whether a folder has a README.md that the user has written or edited. */
export async function hasForeignCard(folder: string): Promise<boolean> {
  return await entryAt(join(folder, CARD_NAME)) !== undefined && !(CARD_NAME in await ownCard(folder));
}
