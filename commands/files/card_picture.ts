/**
 * The picture of the losses beside the model card of a checkpoint, see `files/card.ts`.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { readOwnCard, sealCard } from "../../files/card.ts";
import { entryAt } from "./disk.ts";
import { CARD_NAME, CARD_PICTURE } from "./own_names.ts";
import { saveFile } from "./save_file.ts";

/** The heading in a card, without and with the picture below it. */
const RESULTS = "\n## Results\n", SHOWN = `${RESULTS}\n![Training and validation loss](${CARD_PICTURE})\n`;

/**
 * Puts the picture of the losses beside the card of a checkpoint, and shows it there, unless the user has edited that card.
 *
 * The picture comes first, so that no card shows one that is missing. Files that are being written lie beside the checkpoint:
 * what a killed process leaves inside it would be kept there as a file of the user.
 */
export async function addPicture(folder: string, picture: Uint8Array): Promise<void> {
  const own = (await entryAt(folder))?.isDirectory ? await readOwnCard(folder) : undefined;
  if (!own?.text.includes(RESULTS)) return;
  const text = own.text.includes(SHOWN) ? own.text : own.text.replace(RESULTS, SHOWN);
  const partIn = dirname(folder);
  await saveFile(join(folder, CARD_PICTURE), picture, { partIn });
  await saveFile(join(folder, CARD_NAME), await sealCard(text), { partIn });
}
