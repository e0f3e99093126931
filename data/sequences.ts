/**
 * Sequences of a fixed length: packed from running text, or one for each text, with padding.
 *
 * @module
 */

/**
 * Sequences padded to one length.
 *
 * @category Data
 */
export interface PaddedRows {
  /** (B, T), row-major. */
  readonly inputs: Uint32Array;
  /** Length of each row without padding, (B); 1 for a row that is all padding, so that it has a last token. */
  readonly lengths: Uint32Array;
}

/**
 * Pads sequences.
 *
 * @example
 * ```ts
 * import { padSequences } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { inputs, lengths } = padSequences([Uint32Array.of(0, 7, 2)], { batchSize: 2, contextLength: 4, padId: 1 });
 * assertEquals(inputs, Uint32Array.of(0, 7, 2, 1, 1, 1, 1, 1));
 * assertEquals(lengths, Uint32Array.of(3, 1));
 * ```
 *
 * @param sequences At most B of them, of at most T tokens.
 * @param options B, T and the id of the padding token.
 * @returns The rows.
 * @category Data
 */
export function padSequences(
  sequences: readonly Uint32Array[],
  options: { batchSize: number; contextLength: number; padId: number },
): PaddedRows {
  const { batchSize, contextLength, padId } = options;
  const inputs = new Uint32Array(batchSize * contextLength).fill(padId);
  const lengths = new Uint32Array(batchSize).fill(1);
  for (const [row, sequence] of sequences.entries()) {
    inputs.set(sequence, row * contextLength);
    lengths[row] = sequence.length;
  }
  return { inputs, lengths };
}

/**
 * Checks that sequences fit into the context of a model, or truncates them.
 *
 * @example The last token, such as `</s>`, is kept
 * ```ts
 * import { fitSequences } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const [cut] = fitSequences([Uint32Array.of(0, 5, 6, 7, 2)], { contextLength: 4, truncate: true });
 * assertEquals(cut, Uint32Array.of(0, 5, 6, 2));
 * ```
 *
 * @param sequences Sequences of at least one token.
 * @param options T, and whether to truncate longer sequences; their last token is kept.
 * @returns The sequences; those that fit are the same arrays.
 * @throws {RangeError} If one is empty, or too long and not to be truncated; the message gives their number and length.
 * @category Data
 */
export function fitSequences(
  sequences: readonly Uint32Array[],
  options: { contextLength: number; truncate?: boolean },
): Uint32Array[] {
  const { contextLength, truncate = false } = options;
  const empty = sequences.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new RangeError(`Sequence ${empty + 1} is empty: expected at least one token`);
  const long = sequences.filter(({ length }) => length > contextLength);
  if (long.length > 0 && !truncate) {
    const most = long.reduce((most, { length }) => Math.max(most, length), 0);
    throw new RangeError(
      `${long.length} of ${sequences.length} texts have more tokens than the ${contextLength} of the context, ` +
        `up to ${most}: truncate them, or use a longer context`,
    );
  }
  return sequences.map((sequence) => {
    if (sequence.length <= contextLength) return sequence;
    const cut = sequence.slice(0, contextLength);
    cut[contextLength - 1] = sequence[sequence.length - 1];
    return cut;
  });
}

/**
 * Packs documents into full sequences, as RoBERTa is trained (FULL-SENTENCES): the documents are concatenated, each ended
 * by `</s>`, and cut into chunks that get `<s>` in front. A chunk may cross the boundary between documents.
 *
 * @example
 * ```ts
 * import { packDocuments } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const documents = [Uint32Array.of(5, 6, 7), Uint32Array.of(8)];
 * const packed = packDocuments(documents, { contextLength: 4, beginId: 0, endId: 2 });
 * assertEquals(packed, [Uint32Array.of(0, 5, 6, 7), Uint32Array.of(0, 2, 8, 2)]);
 * ```
 *
 * @param documents Token ids of each, without special tokens.
 * @param options T, at least 2, and the ids of `<s>` and `</s>`.
 * @returns Sequences of T tokens; the last one may be shorter.
 * @throws {RangeError} If there are no tokens, or the length leaves no room for any.
 * @category Data
 */
export function packDocuments(
  documents: Iterable<Uint32Array>,
  options: { contextLength: number; beginId: number; endId: number },
): Uint32Array[] {
  const { contextLength, beginId, endId } = options, packed: Uint32Array[] = [];
  if (!Number.isInteger(contextLength) || contextLength < 2) {
    throw new RangeError(
      `Cannot pack into sequences of ${contextLength} tokens: expected an integer of 2 or more`,
    );
  }
  let row = Uint32Array.of(beginId), length = contextLength;
  const append = (tokens: Uint32Array) => {
    for (let from = 0; from < tokens.length;) {
      if (length === contextLength) {
        row = new Uint32Array(contextLength);
        row[0] = beginId;
        length = 1;
        packed.push(row);
      }
      const part = tokens.subarray(from, from + contextLength - length);
      row.set(part, length);
      length += part.length;
      from += part.length;
    }
  };
  for (const document of documents) {
    if (document.length === 0) continue;
    append(document);
    append(Uint32Array.of(endId));
  }
  if (packed.length === 0) throw new RangeError("Cannot pack documents without any tokens");
  packed[packed.length - 1] = row.slice(0, length);
  return packed;
}
