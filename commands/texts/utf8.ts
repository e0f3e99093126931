/**
 * Text files of any size, read piece by piece.
 *
 * @module
 */
import { decodeUtf8, InvalidUtf8Error, type Utf8Options } from "../../tokenizers/utf8_text.ts";
import { cannotRead } from "../cli/errors.ts";
import { openFile } from "../files/open_file.ts";

/** The text of a file in pieces of about a million characters that never split one, without a byte order mark. */
export async function* textChunks(path: string, options?: Utf8Options): AsyncGenerator<string> {
  try {
    yield* decodeUtf8(pieces(path), options);
  } catch (error) {
    if (!(error instanceof InvalidUtf8Error)) throw error;
    const advice = error.byte === undefined ? "" : ", or give --replace-invalid to read such bytes as U+FFFD";
    throw new Error(`Cannot read ${path}: ${error.message}${advice}`, { cause: error });
  }
}

async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  using file = await openFile(path);
  const buffer = new Uint8Array(2 ** 20);
  for (;;) {
    const count = await file.read(buffer).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}
