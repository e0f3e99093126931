/**
 * `generate`: text after a prompt, shown as it is written.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { generate as generateTokens } from "../inference/generate.ts";
import { findCheckpoint, newestRun, openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { checkpointFlag, deviceFlag, MOST } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { readText } from "./texts/files.ts";
import { checkGenerating, memoryLimits } from "./recipes/memory.ts";
import { defaultPrompt } from "../inference/prompt.ts";
import { writeOut } from "./cli/terminal.ts";
import { visibleLines } from "./cli/visible.ts";
import { withBackend } from "./cli/with_backend.ts";

/** The command. */
export const generate: Command = defineCommand({
  name: "generate",
  summary: "Write text with a trained model",
  examples: [
    'generate --checkpoint runs/tales --prompt "One sunny day"',
    "generate --checkpoint runs/my_novel --temperature 0.7 --top_k 40 --top_p 0.9 --max_new_tokens 500 --seed 7",
  ],
  flags: {
    ...checkpointFlag("a GPT"),
    prompt: { kind: "text", description: "what the text begins with", otherwise: "an empty line" },
    promptFile: { kind: "text", description: "a file with the prompt", placeholder: "FILE" },
    maxNewTokens: {
      kind: "integer",
      description: "tokens to write at most",
      atLeast: 1,
      atMost: MOST.newTokens,
      default: 200,
    },
    numSamples: {
      kind: "integer",
      description: "texts to write",
      atLeast: 1,
      atMost: MOST.batchSize,
      default: 1,
    },
    temperature: {
      kind: "number",
      description: "below 1 more careful, above 1 more surprising, 0 always the likeliest token",
      atLeast: 0,
      atMost: MOST.factor,
      default: 0.8,
    },
    topK: {
      kind: "integer",
      description: "draw from the k likeliest tokens only; 0: from all",
      atLeast: 0,
      atMost: MOST.vocabSize,
      default: 0,
    },
    topP: {
      kind: "number",
      description: "draw from the likeliest tokens that make up this probability only",
      above: 0,
      atMost: 1,
      default: 1,
    },
    repetitionPenalty: {
      kind: "number",
      description: "above 1, tokens that were used become less likely",
      above: 0,
      atMost: MOST.factor,
      default: 1,
    },
    seed: {
      kind: "integer",
      description: "the same seed gives the same text",
      atLeast: 0,
      atMost: 2 ** 52,
      default: 1,
    },
    ...deviceFlag,
  },
  async run({ checkpoint, prompt, promptFile, numSamples, device, ...options }) {
    if (prompt !== undefined && promptFile !== undefined) {
      throw new UsageError("--prompt and --prompt-file both say how to begin: give one");
    }
    const found = await findCheckpoint(checkpoint ?? await newestRun());
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "causal");
      const text = (promptFile === undefined ? prompt : await readText(promptFile)) ||
        defaultPrompt(tokenizer);
      const ids = tokenizer.encode(text);
      const size = { samples: numSamples, tokens: ids.length + options.maxNewTokens };
      checkGenerating(model.config, size, await memoryLimits(backend));
      const stream = generateTokens(backend, model, { ...options, prompt: ids, samples: numSamples });
      await show(stream, tokenizer, text, numSamples);
    });
  },
});

/** Shows the first text as it is written, and the others, which are written beside it, afterwards. */
async function show(
  stream: AsyncIterable<Uint32Array[]>,
  tokenizer: Tokenizer,
  prompt: string,
  samples: number,
): Promise<void> {
  // What a model from elsewhere writes must not control the terminal; a file gets it as it is.
  const show = Deno.stdout.isTerminal() ? (text: string) => writeOut(visibleLines(text)) : writeOut;
  const heading = (sample: number) => samples > 1 ? `${sample > 0 ? "\n" : ""}--- ${sample + 1} ---\n` : "";
  const writers = Array.from({ length: samples }, () => new SampleWriter(tokenizer));
  show(heading(0) + prompt);
  for await (const parts of stream) {
    parts.forEach((ids, sample) => writers[sample].push(ids));
    show(writers[0].take());
    if (writers.every(({ ended }) => ended)) break;
  }
  writers.forEach((writer, sample) => {
    show((sample > 0 ? heading(sample) + prompt : "") + writer.finish() + "\n");
  });
}

/** Turns the tokens of one sample into text, up to the token that ends a text. */
class SampleWriter {
  /** Whether the text has ended. */
  ended = false;
  readonly #stream: ReturnType<Tokenizer["decodeStream"]>;
  readonly #end: number | undefined;
  #text = "";

  constructor(tokenizer: Tokenizer) {
    this.#stream = tokenizer.decodeStream();
    this.#end = tokenizer.idOf("<|endoftext|>") ?? tokenizer.idOf("</s>");
  }

  push(ids: Uint32Array): void {
    if (this.ended) return;
    const end = this.#end === undefined ? -1 : ids.indexOf(this.#end);
    this.ended = end >= 0;
    this.#text += this.#stream.push(this.ended ? ids.subarray(0, end) : ids);
  }

  /** The text since the last time. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** The rest of the text. */
  finish(): string {
    return this.take() + this.#stream.end();
  }
}
