/**
 * `tokenizer train`: a byte-level BPE vocabulary from a corpus of any size.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import type { BpeTokenizer } from "../../tokenizers/bpe/bpe_tokenizer.ts";
import { type BpeTrainingProgress, trainBpe } from "../../tokenizers/bpe/bpe_trainer.ts";
import { CAUSAL_SPECIAL_TOKENS, MASKED_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import type { Utf8Options } from "../../tokenizers/utf8_text.ts";
import { wholeLines } from "../../tokenizers/whole_lines.ts";
import { type Command, defineCommand } from "../cli/command.ts";
import { MAX, replaceInvalidFlag } from "../cli/common_flags.ts";
import { reason, UsageError } from "../cli/errors.ts";
import { findFiles, textChunks } from "../texts/files.ts";
import { refuseForeign, saveFolder } from "../../files/folders.ts";
import { Lock } from "../files/lock.ts";
import { expectFile } from "../files/open_file.ts";
import { pathsOf, TOKENIZER_FILES, TOKENIZERS } from "../files/own_names.ts";
import { allowWriting } from "../cli/permissions.ts";
import { ProgressLine } from "../cli/progress.ts";
import { formatCount, print } from "../cli/terminal.ts";

/** The special tokens at the beginning of the vocabulary, by the value of the flag. */
const SPECIAL_TOKENS: Readonly<Record<string, readonly string[]>> = {
  causal: CAUSAL_SPECIAL_TOKENS,
  masked: MASKED_SPECIAL_TOKENS,
  none: [],
};

const COUNT = { kind: "integer", atLeast: 1, atMost: MAX.count } as const;

/** The command. */
export const trainTokenizer: Command = defineCommand({
  name: "tokenizer train",
  summary: "Train a byte-level BPE tokenizer",
  usage: "--data FILE... --out FOLDER [flags]",
  examples: [
    "tokenizer train --data corpus.txt --vocab-size 8192 --out tokenizers/mine",
    "tokenizer train --data books articles/*.md --special-tokens masked --out tokenizers/mine",
  ],
  flags: {
    data: {
      kind: "list",
      description: "texts: files, folders, globs",
      placeholder: "FILE...",
      required: true,
    },
    out: { kind: "text", description: "where to save it", short: "o", placeholder: "FOLDER", required: true },
    vocabSize: {
      ...{ ...COUNT, atMost: MAX.vocabSize, default: 8192 },
      description: "size of the vocabulary, including special tokens and the 256 bytes",
    },
    specialTokens: {
      kind: "choice",
      description:
        "causal: <|endoftext|>, for generating text; masked: RoBERTa's five, for filling masks; none: without any",
      choices: ["causal", "masked", "none"],
      default: "causal",
    },
    minFrequency: { ...COUNT, description: "how often a pair must occur to be merged", default: 2 },
    maxTokenLength: {
      ...COUNT,
      description: "maximum number of bytes in a token",
      atLeast: 2,
      otherwise: "no limit",
    },
    addPrefixSpace: {
      kind: "boolean",
      description: "put a space before a text, so that its first word is encoded like any other",
      default: false,
    },
    ...replaceInvalidFlag,
  },
  async run({ data, out, specialTokens, replaceInvalid, ...options }) {
    await refuseOut(out); // before the work
    await allowWriting(dirname(pathsOf(out).folder), [TOKENIZERS]);
    const files = await findFiles(data);
    const sizes = await Promise.all(files.map(async (path) => (await expectFile(path)).size));
    const start = performance.now(), bytes = sizes.reduce((sum, size) => sum + size, 0);
    const line = new ProgressLine();
    let last: BpeTrainingProgress | undefined;
    const tokenizer = await trainBpe(linesOf(files, { replaceInvalid }), {
      ...options,
      specialTokens: SPECIAL_TOKENS[specialTokens],
      lines: true,
      onProgress(progress) {
        last = progress;
        // Bytes are known beforehand, characters are counted: their numbers are nearly the same in most texts.
        if (progress.stage === "counting") line.advance("reading", progress.textLength, bytes);
        else line.advance("merging pairs", progress.vocabSize, options.vocabSize);
      },
    }).finally(() => line.finish());
    await saveTokenizer(out, tokenizer);
    const { textLength, exhausted } = last!;
    if (exhausted) {
      print(
        `The text is too short: no pair is left that occurs ${options.minFrequency} times or more, so the vocabulary has ` +
          `${tokenizer.vocabSize} tokens, not ${options.vocabSize}. Give more text` +
          (options.minFrequency > 1 ? ", or --min-frequency 1." : "."),
      );
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    print(
      `${out}: ${tokenizer.vocabSize} tokens from ${formatCount(textLength)} characters in ${seconds} s.\n` +
        `Inspect it: deno task tokenizer inspect --tokenizer ${out} --data ${data[0]}`,
    );
  },
});

/** Refuses a folder in which the tokenizer could not be saved. */
async function refuseOut(out: string): Promise<void> {
  if (["", ".", "..", "/"].includes(basename(pathsOf(out).folder))) {
    throw new UsageError(`--out is "${out}": expected a folder with a name, which is replaced as a whole`);
  }
  await refuseForeign(out, new Set(TOKENIZER_FILES)).catch((error) => {
    throw new Error(`Cannot save ${out}: ${reason(error)}`, { cause: error });
  });
}

/** Saves a tokenizer while holding the lock of its folder. */
async function saveTokenizer(out: string, tokenizer: BpeTokenizer): Promise<void> {
  const { folder, lock: path } = pathsOf(out);
  await Deno.mkdir(dirname(folder), { recursive: true });
  using _lock = await Lock.take(path).catch((error) => {
    throw new Error(`Cannot save ${out}: ${(error as Error).message}`, { cause: error });
  });
  await saveFolder(out, tokenizer.toHuggingFace());
}

/** Files in pieces of whole lines; the end of a file ends its last line. */
async function* linesOf(files: readonly string[], options: Utf8Options): AsyncGenerator<string> {
  for (const path of files) yield* wholeLines(textChunks(path, options));
}
