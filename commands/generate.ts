/**
 * `generate`: text after a prompt, shown while it is generated. Standard output holds the text and nothing else.
 *
 * @module
 */
import { decodeSamples } from "../inference/decode_samples.ts";
import { generate as generateTokens } from "../inference/generate.ts";
import { findModel } from "./files/block_file.ts";
import { openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, MAX, modelFlags } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { readText } from "./texts/files.ts";
import { checkGenerationMemory, memoryLimits } from "./recipes/memory.ts";
import { defaultPrompt } from "../inference/prompt.ts";
import { BATCH_SIZE, FACTOR, POSITIVE_FACTOR, SEED } from "./settings/run_flags.ts";
import { writeOut } from "./cli/terminal.ts";
import { visibleLines } from "../core/visible.ts";
import { withBackend } from "./cli/with_backend.ts";

/** The command. */
export const generate: Command = defineCommand({
  name: "generate",
  summary: "Generate text with a trained model",
  examples: [
    'generate --checkpoint runs/tales --prompt "One sunny day"',
    "generate --checkpoint runs/my_novel --temperature 0.7 --top_k 40 --top_p 0.9 --max_new_tokens 500 --seed 7",
  ],
  flags: {
    ...modelFlags("a GPT"),
    prompt: { kind: "text", description: "what the text begins with", otherwise: "an empty line" },
    promptFile: { kind: "text", description: "a file with the prompt", placeholder: "FILE" },
    maxNewTokens: {
      kind: "integer",
      description: "maximum number of tokens to generate",
      atLeast: 1,
      atMost: MAX.newTokens,
      default: 200,
    },
    numSamples: { ...BATCH_SIZE, description: "texts to generate", default: 1 },
    temperature: {
      ...FACTOR,
      description:
        "divides the logits: below 1 sharper, above 1 flatter, 0 greedy (always the likeliest token)",
      default: 0.8,
    },
    topK: {
      kind: "integer",
      description: "sample from the k likeliest tokens only; 0: from all",
      atLeast: 0,
      atMost: MAX.vocabSize,
      default: 0,
    },
    topP: {
      kind: "number",
      description: "sample from the likeliest tokens that add up to this probability only",
      above: 0,
      atMost: 1,
      default: 1,
    },
    repetitionPenalty: {
      ...POSITIVE_FACTOR,
      description: "above 1, tokens that occurred before become less likely",
      default: 1,
    },
    seed: { ...SEED, description: "the same seed gives the same text", default: 1 },
    ...deviceFlag,
  },
  async run({ checkpoint, block, prompt, promptFile, numSamples, device, ...options }) {
    if (prompt !== undefined && promptFile !== undefined) {
      throw new UsageError("--prompt and --prompt-file exclude each other: give one of them");
    }
    const found = await findModel({ checkpoint, block });
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "causal");
      const text = (promptFile === undefined ? prompt : await readText(promptFile)) ||
        defaultPrompt(tokenizer);
      const ids = tokenizer.encode(text);
      const size = { samples: numSamples, tokens: ids.length + options.maxNewTokens };
      checkGenerationMemory(model.config, size, await memoryLimits(backend));
      const tokens = generateTokens(backend, model, { ...options, prompt: ids, samples: numSamples });
      await show(decodeSamples(tokens, tokenizer), text, numSamples);
    });
  },
});

/** Shows the first text while it is generated, and the other samples after it. */
async function show(samples: AsyncIterable<string[]>, prompt: string, count: number): Promise<void> {
  // Text of an untrusted model must not control the terminal; a file gets it unchanged.
  const write = Deno.stdout.isTerminal() ? (text: string) => writeOut(visibleLines(text)) : writeOut;
  const heading = (sample: number) => count > 1 ? `--- ${sample + 1} ---\n` : "";
  const others = new Array<string>(count - 1).fill("");
  write(heading(0) + prompt);
  for await (const [first, ...rest] of samples) {
    write(first);
    rest.forEach((text, index) => others[index] += text);
  }
  others.forEach((text, index) => write(`\n\n${heading(index + 1)}${prompt}${text}`));
  write("\n");
}
