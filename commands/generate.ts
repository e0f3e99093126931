/**
 * `generate`: text after a prompt, shown while it is generated. Standard output holds the text and nothing else; settings
 * and speed are printed to standard error.
 *
 * @module
 */
import { dirname } from "@std/path";
import { defaultPrompt } from "../inference/prompt.ts";
import { describeSampling } from "../inference/sample_texts.ts";
import { findModel } from "./files/block_file.ts";
import { openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, MAX, modelFlags } from "./cli/common_flags.ts";
import { printDiagnostic, UsageError } from "./cli/errors.ts";
import { allowWriting } from "./cli/permissions.ts";
import { RUNS } from "./files/own_names.ts";
import { readText } from "./texts/files.ts";
import { checkGenerationMemory, memoryLimits } from "./cost/memory.ts";
import { writeSamples } from "./recipes/samples.ts";
import { BATCH_SIZE, FACTOR, POSITIVE_FACTOR, SEED } from "./settings/run_flags.ts";
import { counted, formatCount, formatDuration } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";

/** The command. */
export const generate: Command = defineCommand({
  name: "generate",
  summary: "Generate text with a trained model",
  examples: [
    'generate --checkpoint runs/tales --prompt "One sunny day"',
    "generate --checkpoint runs/my_novel --temperature 0.7 --top_k 40 --top_p 0.9 --max_new_tokens 500 --seed 7",
    "generate --temperature 0.5,0.8,1.2 --num_samples 2 --out runs/sample_generation.txt",
  ],
  flags: {
    ...modelFlags("a GPT", "tales"),
    prompt: { kind: "text", description: "what the text begins with", otherwise: "an empty line" },
    promptFile: { kind: "text", description: "a file with the prompt", placeholder: "FILE" },
    maxNewTokens: {
      kind: "integer",
      description: "maximum number of tokens to generate",
      atLeast: 1,
      atMost: MAX.newTokens,
      default: 200,
    },
    numSamples: { ...BATCH_SIZE, description: "texts to generate at each temperature", default: 1 },
    temperature: {
      ...FACTOR,
      kind: "numbers",
      description: "divides the logits: below 1 sharper, above 1 flatter, 0 greedy (always the likeliest " +
        "token); several with commas between them",
      default: [0.8],
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
    out: {
      kind: "text",
      description: "a file (.txt) for the texts, each below its settings",
      placeholder: "FILE",
      otherwise: "they are printed",
    },
    ...deviceFlag,
  },
  async run(
    {
      checkpoint,
      block,
      prompt,
      promptFile,
      numSamples: samples,
      temperature: temperatures,
      device,
      threads,
      out,
      ...options
    },
  ) {
    if (prompt !== undefined && promptFile !== undefined) {
      throw new UsageError("--prompt and --prompt-file exclude each other: give one of them");
    }
    if (out !== undefined) {
      if (!out.endsWith(".txt")) {
        throw new RangeError(`Cannot write ${out}: expected a name that ends in .txt`);
      }
      await allowWriting(dirname(out), [RUNS]);
    }
    const found = await findModel({ checkpoint, block }, "tales");
    await withBackend({ device, threads }, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "causal");
      const text = (promptFile === undefined ? prompt : await readText(promptFile)) ||
        defaultPrompt(tokenizer);
      const { length } = tokenizer.encode(text);
      const size = { samples, prompt: length, tokens: length + options.maxNewTokens };
      const advice = "give a smaller --num-samples or --max-new-tokens";
      checkGenerationMemory(model.config, size, await memoryLimits(backend), advice);
      printDiagnostic(`${found.path} on ${backend.device}: ${describeSampling(temperatures, options)}`);
      const settings = { ...options, samples, prompt: text, temperatures }, start = performance.now();
      const tokens = await writeSamples(backend, model, tokenizer, settings, out);
      const seconds = (performance.now() - start) / 1000;
      const time = seconds < 10 ? `${Number(seconds.toPrecision(2))}s` : formatDuration(seconds);
      const speed = `${counted(tokens, "token")} in ${time} (${formatCount(tokens / seconds)} tok/s)`;
      printDiagnostic(out === undefined ? speed : `${speed}, saved in ${out}`);
    });
  },
});
