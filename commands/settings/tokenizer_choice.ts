/**
 * The tokenizer of a new run on a text of one's own, where no flag names one: characters, unless the validation text shows
 * that other texts of its kind will have characters that the training text lacks. A GPT of characters cannot read these.
 *
 * @module
 */
import type { Objective } from "../../models/families.ts";
import { lengthOf } from "./presets.ts";
import type { TrainFlags } from "./train_flags.ts";

/** Of how many characters of the validation text one may be new, at most. */
const RARE = 10_000;

/** Tokens of a vocabulary of byte pairs, of which 256 are bytes, by the length of the text. */
const VOCAB_SIZES = { short: 320, medium: 512, long: 1024 };

/** Chooses byte pairs, with a vocabulary for the length of the text, where characters of the validation text are new. */
export function suitingTokenizer(
  { tokenizer, preset }: Partial<Pick<TrainFlags, "tokenizer" | "preset">>,
  objective: Objective,
  { training, validation }: { readonly training: readonly string[]; readonly validation: readonly string[] },
): { readonly tokenizer: "bpe"; readonly vocabSize: number; readonly note: string } | undefined {
  // presets have characters, and a masked model of characters reads new ones as <unk>
  if (tokenizer !== undefined || preset !== undefined || objective === "mlm") return undefined;
  const seen = new Uint8Array(0x110000);
  for (const text of training) for (const character of text) seen[character.codePointAt(0)!] = 1;
  let unseen = 0, characters = 0;
  for (const text of validation) {
    for (const character of text) {
      characters++;
      if (!seen[character.codePointAt(0)!]) unseen++;
    }
  }
  if (unseen === 0 || RARE * unseen < characters) return undefined;
  const length = training.reduce((sum, { length }) => sum + length, 0),
    vocabSize = VOCAB_SIZES[lengthOf(length)];
  const note =
    `--tokenizer bpe --vocab-size ${vocabSize}, since the training text lacks ${unseen} of the ${characters} ` +
    "characters of the validation text; with --tokenizer char a model refuses texts with such characters";
  return { tokenizer: "bpe", vocabSize, note };
}
