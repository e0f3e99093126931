/**
 * Pictures as files: the end of the name says whether SVG or PNG is written.
 *
 * @module
 */
import { toPng } from "../../plots/png.ts";
import { saveFile } from "./save_file.ts";

/** The ends of names that {@linkcode savePicture} takes. */
export const PICTURE_NAME = /\.(svg|png)$/;

/** Saves an SVG picture whole or not at all, as PNG where the name of the file ends in `.png`. */
export async function savePicture(path: string, svg: string): Promise<void> {
  await saveFile(path, path.endsWith(".png") ? await toPng(svg) : svg);
}
