/**
 * The model card of a checkpoint, `README.md`, which the user may edit: to fill in a license, for example. So its last line
 * holds the SHA-256 of the lines above it. A card that still agrees with it is replaced with its checkpoint; any other
 * README.md belongs to the user and is kept.
 *
 * The picture in it, `loss_curve.png`, is added when a run ends. It goes with the card: beside one that the user has edited
 * it is kept, otherwise it is removed when the checkpoint is replaced.
 *
 * Card and picture are not among the files whose checksums `training_state.json` holds, and no command reads them: an edited
 * card does not make a checkpoint a damaged one.
 *
 * @module
 */
import { join } from "node:path";
import { entryAt, readBytes } from "./disk.ts";
import { CARD_NAME, CARD_PICTURE } from "./folder_names.ts";
import { sumOf } from "../checkpoints/sums.ts";

/** The longest card or picture that is taken for ours, in bytes: a card has a few thousand, a picture a hundred thousand. */
const MAX_BYTES = 2 ** 20;

const SEAL = /^([^]*\n)<!-- Written by Miniformer .* SHA-256 of the lines above: ([0-9a-f]{64}) -->\n$/;

/** Adds the line by which a card is found to be unchanged. */
export async function sealCard(text: string): Promise<string> {
  return `${text}\n<!-- Written by Miniformer and replaced with the checkpoint, unless it is edited. ` +
    `SHA-256 of the lines above: ${await sumOf(`${text}\n`)} -->\n`;
}

/** The card in a folder, if there is one that the user has not changed: as it is, and without its last line. */
export async function readOwnCard(
  folder: string,
): Promise<{ readonly card: string; readonly text: string } | undefined> {
  const card = new TextDecoder().decode(await readSmall(join(folder, CARD_NAME)));
  const [, above, sum] = card.match(SEAL) ?? [];
  if (above !== undefined && await sumOf(above) === sum) return { card, text: above.slice(0, -1) };
}

/** The bytes of a file; none where there is no file, or one that is larger than ours or cannot be read. */
async function readSmall(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const entry = await entryAt(path);
  // what cannot be read is not changed either
  if (entry?.isFile && entry.size <= MAX_BYTES) return await readBytes(path).catch(() => undefined);
}

/** The card in a folder and its picture by their names, if there is a card that the user has not changed; otherwise nothing. */
export async function ownCard(folder: string): Promise<Record<string, string | Uint8Array<ArrayBuffer>>> {
  const own = await readOwnCard(folder);
  if (own === undefined) return {};
  const picture = await readSmall(join(folder, CARD_PICTURE));
  return { [CARD_NAME]: own.card, ...picture && { [CARD_PICTURE]: picture } };
}

/** Whether a folder has a README.md that the user has written or edited. */
export async function hasForeignCard(folder: string): Promise<boolean> {
  return await entryAt(join(folder, CARD_NAME)) !== undefined && await readOwnCard(folder) === undefined;
}
