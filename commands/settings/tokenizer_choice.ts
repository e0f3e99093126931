/**
 * The tokenizer of a new run on a user's text, where no flag names one: characters, unless the validation text has too many
 * that the training text lacks. A GPT of characters cannot read these, and further texts of the kind would have them, too.
 *
 * @module
 */
import type { Objective } from "../../models/families.ts";
import { lengthOf } from "./presets.ts";
import type { TrainFlags } from "./train_flags.ts";

/** New characters are accepted where they are fewer than one in so many of the validation text. */
const CHARACTERS_PER_UNSEEN = 10_000;

/** Sizes of a vocabulary of byte pairs, of which 256 are the bytes, by the length of the text. */
const VOCAB_SIZES = { short: 320, medium: 512, long: 1024 };

/** Byte pairs and the size of their vocabulary, where too many characters of the validation text are new; else nothing. */
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
  if (unseen === 0 || CHARACTERS_PER_UNSEEN * unseen < characters) return undefined;
  const length = training.reduce((sum, text) => sum + text.length, 0);
  const vocabSize = VOCAB_SIZES[lengthOf(length)];
  const note =
    `--tokenizer bpe --vocab-size ${vocabSize}, since the training text lacks ${unseen} of the ${characters} ` +
    "characters of the validation text; a model with --tokenizer char refuses texts that have such characters";
  return { tokenizer: "bpe", vocabSize, note };
}
