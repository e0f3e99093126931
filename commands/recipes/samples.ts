/**
 * Generated texts on the screen and in files: those of `generate`, and `sample_generation.txt` at the end of a run.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { decodeSamples } from "../../inference/decode_samples.ts";
import { generate } from "../../inference/generate.ts";
import { defaultPrompt } from "../../inference/prompt.ts";
import { formatSamples, type SampleOptions, sampleTexts } from "../../inference/sample_texts.ts";
import type { ModelsByKind } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { InterruptedError } from "../cli/interrupt.ts";
import { writeOut } from "../cli/terminal.ts";
import { visibleLines } from "../../core/visible.ts";
import { SAMPLE_GENERATION } from "../files/own_names.ts";
import { saveFile } from "../files/save_file.ts";
import type { Session } from "./recipe.ts";

/**
 * Generates texts and prints them, or saves them in a file. One temperature is printed while it is generated; several are,
 * like those in a file, headed by their settings. Gives the number of tokens.
 */
export async function writeSamples(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  options: SampleOptions,
  out: string | undefined,
): Promise<number> {
  const { prompt, temperatures } = options;
  if (out === undefined && temperatures.length === 1) {
    const sampling = { ...options, prompt: tokenizer.encode(prompt), temperature: temperatures[0] };
    return await stream(
      generate(backend, model, sampling),
      { tokenizer, endId: model.config.endId },
      options,
    );
  }
  let text = "", tokens = 0;
  for await (const samples of sampleTexts(backend, model, tokenizer, options)) {
    const section = (text && "\n") + formatSamples([samples], options);
    if (out === undefined) write(section);
    text += section;
    tokens += samples.tokens;
  }
  if (out !== undefined) await saveFile(out, text);
  return tokens;
}

/** Prints the first text while it is generated, and the other samples after it. Gives the number of tokens. */
async function stream(
  read: AsyncIterable<Uint32Array[]>,
  { tokenizer, endId }: { readonly tokenizer: Tokenizer; readonly endId?: number },
  { prompt, samples: count = 1 }: SampleOptions,
): Promise<number> {
  let tokens = 0;
  const counted = async function* () {
    for await (const ids of read) {
      tokens += count * ids[0].length;
      yield ids;
    }
  };
  const heading = (sample: number) => count > 1 ? `--- ${sample + 1} ---\n` : "";
  const others = new Array<string>(count - 1).fill("");
  write(heading(0) + prompt);
  for await (const [first, ...rest] of decodeSamples(counted(), tokenizer, endId)) {
    write(first);
    rest.forEach((text, index) => others[index] += text);
  }
  others.forEach((text, index) => write(`\n\n${heading(index + 1)}${prompt}${text}`));
  write("\n");
  return tokens;
}

/** Text of an untrusted model must not control the terminal; a file gets it unchanged. */
function write(text: string): void {
  writeOut(Deno.stdout.isTerminal() ? visibleLines(text) : text);
}

/** How texts are sampled at the end of a run: few enough tokens for a slow device. */
const FINAL_SAMPLES = { temperatures: [0.5, 0.8, 1.2], maxNewTokens: 200 };

/**
 * Saves texts of a causal model at several temperatures in the folder of its run. A signal ends that with an
 * InterruptedError; any other failure is printed, since everything else of the run is saved by now.
 */
export async function saveFinalSamples(
  { run, folder, interrupt, progress }: Pick<Session, "run" | "folder" | "interrupt" | "progress">,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  prompt: string = defaultPrompt(tokenizer),
): Promise<void> {
  const { step, backend, settings: { seed, steps } } = run, options = { ...FINAL_SAMPLES, prompt, seed };
  const onProgress = (done: number, total: number) => {
    interrupt.throwIfInterrupted();
    progress.advance("sampling", done, total);
  };
  try {
    const samples = await Array.fromAsync(
      sampleTexts(backend, model, tokenizer, { ...options, onProgress }),
    );
    const text = `step ${step} of ${steps}\n\n${formatSamples(samples, options)}`;
    await folder.addFile(SAMPLE_GENERATION, text);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    printDiagnostic(`No samples at several temperatures were saved: ${(error as Error).message}`);
  }
}
