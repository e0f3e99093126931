/**
 * What a model gives for a prompt: the likeliest next tokens, tokens in place of a mask, or classes.
 *
 * @module
 */
import {
  classify,
  defaultPrompt,
  expectKind,
  fillMask,
  kindOf,
  maskTokens,
  type ModelsByKind,
  problemOf,
} from "../../../mod.ts";
import { logitsOfWindow } from "../../../inference/without_cache.ts";
import { samplingProbabilities } from "../../../kernels/sample.ts";
import type { Question, TokenChance } from "../../protocol.ts";
import type { LookSource } from "./looks.ts";

/** Tokens in the list of the next ones. */
const CHANCES = 12;

/** Classes of a text that are listed. */
const MOST_CLASSES = 50;

/** The model's own distribution. */
const UNCHANGED = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };

/** The likeliest answers of one model. */
export class Chances {
  readonly #source: LookSource;
  /** The last logits: when a slider moves, only sampling from them is computed again. */
  #logits: { readonly step: number; readonly prompt: string; readonly values: Float32Array } | undefined;

  /** @param source The model. */
  constructor(source: LookSource) {
    this.#source = source;
  }

  /** The likeliest tokens after a prompt, or in place of its first mask, or the classes of it. */
  async of(question: Question & { kind: "distribution" }): Promise<TokenChance[]> {
    const kind = kindOf(this.#source.model.config);
    if (kind === "masked") return await this.#candidates(question.prompt);
    return kind === "causal" ? await this.#next(question) : await this.#classes(question.prompt);
  }

  async #next(
    { prompt, temperature, topK, topP }: Question & { kind: "distribution" },
  ): Promise<TokenChance[]> {
    const step = this.#source.step();
    if (this.#logits?.step !== step || this.#logits.prompt !== prompt) {
      this.#logits = { step, prompt, values: await this.#logitsAfter(prompt) };
    }
    const { values } = this.#logits, model = samplingProbabilities(values, UNCHANGED);
    const sampled = samplingProbabilities(values, { temperature, topK, topP, repetitionPenalty: 1 });
    const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b).slice(0, CHANCES);
    return order.map((id) => ({ token: this.#nameOf(id), probability: model[id], sampled: sampled[id] }));
  }

  /** A token as text. A model may have rows for ids that its tokenizer does not use. */
  #nameOf(id: number): string {
    try {
      return this.#source.tokenizer.decode([id]);
    } catch {
      return `id ${id}`;
    }
  }

  async #logitsAfter(prompt: string): Promise<Float32Array> {
    const { backend, model, tokenizer } = this.#source;
    const ids = tokenizer.encode(prompt || defaultPrompt(tokenizer)).slice(-model.config.contextLength);
    const logits = backend.scope(() => logitsOfWindow(model as ModelsByKind["causal"], ids));
    return Float32Array.from(await backend.read(logits));
  }

  async #candidates(prompt: string): Promise<TokenChance[]> {
    const { backend, model, tokenizer } = this.#source, { config } = model as ModelsByKind["masked"];
    const { maskId } = maskTokens(tokenizer, expectKind(config, "masked").padId);
    const ids = tokenizer.encode(prompt, { addSpecialTokens: true });
    const topK = Math.min(CHANCES, config.vocabSize);
    const [first] = await fillMask(backend, model as ModelsByKind["masked"], ids, { maskId, topK });
    return first.candidates.map(({ id, probability }) => {
      return { token: this.#nameOf(id), probability, sampled: probability };
    });
  }

  /** The classes of a text, the likeliest first. */
  async #classes(prompt: string): Promise<TokenChance[]> {
    const { backend, tokenizer, pairs } = this.#source, { config } = this.#source.model;
    const model = this.#source.model as ModelsByKind["classifier"],
      { labels } = expectKind(config, "classifier");
    const [text, pair] = pairs ? prompt.split(/\n(.*)/s, 2) : [prompt];
    const ids = tokenizer.encode(text, { addSpecialTokens: true, pair });
    const [{ probabilities }] = await classify(backend, model, [ids]);
    const isNumber = problemOf(expectKind(config, "classifier")) === "regression";
    const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
    return order.slice(0, MOST_CLASSES).map((label) => {
      const value = probabilities[label], probability = isNumber ? 0 : value;
      return {
        token: labels[label],
        probability,
        sampled: probability,
        ...isNumber ? { score: value.toFixed(4) } : {},
      };
    });
  }
}
