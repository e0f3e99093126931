/**
 * Looks inside a model while it trains: the next token, the loss on each token of a text, skills, attention, one step.
 *
 * A question of the page is answered between two steps, and only the newest of its kind; the answers are renewed after
 * each validation and when the training stops. Nothing here changes the run.
 *
 * @module
 */
import {
  attentionMaps,
  attentionStack,
  type Backend,
  CharTokenizer,
  classify,
  defaultPrompt,
  expectKind,
  fillMask,
  kindOf,
  maskTokens,
  type Model,
  type ModelKind,
  type ModelsByKind,
  problemOf,
  readTales,
  scoreTales,
  taleFigures,
  type TaleText,
  type Tokenizer,
  tokenLosses,
} from "../../mod.ts";
import { logitsOfWindow } from "../../inference/without_cache.ts";
import { samplingProbabilities } from "../../kernels/sample.ts";
import { lookInside } from "./inside.ts";
import type { FromWorker, Question, SurprisingToken, TokenChance } from "../protocol.ts";

/** A model to look at. */
export interface LookSource {
  readonly backend: Backend;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** Whether a classifier reads pairs: two texts, each on a line. */
  readonly pairs?: boolean;
  /** The validation text. */
  readonly validation: Uint32Array;
  /** The step it is at. */
  step(): number;
}

/** Tokens in the list of the next ones. */
const CHANCES = 12;

/** Classes of a text that are listed. */
const MOST_CLASSES = 50;

/** Tokens of the text that is coloured. */
export const COLOURED = 600;

/** Characters of the tales by which skills are measured. */
const MEASURED = 4_000;

/** The most tokens of a line with attention maps: a page keeps many of them. */
const LINE_LENGTH = 48;

/** The tokens of the line to begin with. */
const FIRST_LINE = 40;

/** The model's own distribution. */
const UNCHANGED = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };

/** Looks at one model. */
export class Looks {
  readonly #source: LookSource;
  readonly #post: (message: FromWorker) => void;
  readonly #kind: ModelKind;
  /** The text that is coloured, and its derivation if it is one of tales. */
  #text: { readonly ids: Uint32Array; readonly tales: TaleText | undefined };
  /** The newest question of each kind. */
  readonly #questions = new Map<Question["kind"], Question>();
  readonly #unanswered = new Set<Question["kind"]>();
  /** The last logits: when a slider moves, only sampling from them is computed again. */
  #logits: { readonly step: number; readonly prompt: string; readonly values: Float32Array } | undefined;
  #renewedAt = -1;

  /** @param post Where the answers go. */
  constructor(source: LookSource, post: (message: FromWorker) => void) {
    this.#source = source;
    this.#post = post;
    this.#kind = kindOf(source.model.config);
    this.#text = this.#read(source.validation);
  }

  #read(ids: Uint32Array): { readonly ids: Uint32Array; readonly tales: TaleText | undefined } {
    return { ids, tales: this.#kind === "causal" ? talesOf(this.#source, ids) : undefined };
  }

  /** A line to begin with, which the model can read. */
  get line(): string {
    const { tokenizer, validation } = this.#source;
    const pieces = Array.from(validation.subarray(0, FIRST_LINE), (id) => tokenizer.decode([id]));
    return this.#text.tales?.text.slice(0, FIRST_LINE) ?? pieces.join("");
  }

  /** Notes a question, which {@linkcode answer} answers. */
  ask(question: Question): void {
    if (question.kind === "inside" && question.line === null) {
      this.#questions.delete("inside");
      this.#unanswered.delete("inside");
      return;
    }
    this.#questions.set(question.kind, question);
    this.#unanswered.add(question.kind);
  }

  /** Answers what has been asked since the last time. */
  async answer(): Promise<void> {
    for (const kind of [...this.#unanswered]) {
      this.#unanswered.delete(kind);
      const question = this.#questions.get(kind); // none where it was withdrawn meanwhile
      if (question) await this.#answerOne(question);
    }
  }

  /** Looks at everything again, unless the model has not changed. */
  async renew(): Promise<void> {
    const step = this.#source.step();
    if (this.#renewedAt === step) return;
    this.#renewedAt = step;
    for (const kind of this.#questions.keys()) this.#unanswered.add(kind);
    await this.answer();
    const isColoured = this.#kind === "causal" && this.#text.ids.length > 1;
    if (isColoured && !this.#questions.has("surprise")) await this.#colour();
    await this.answer(); // what was asked meanwhile
  }

  async #answerOne(question: Question): Promise<void> {
    try {
      if (question.kind === "surprise") {
        this.#text = this.#read(this.#source.tokenizer.encode(question.text));
        return await this.#colour();
      }
      this.#post(await this.#look(question));
    } catch (error) {
      this.#post({ kind: "failed", at: question.kind, message: (error as Error).message });
    }
  }

  async #look(question: Exclude<Question, { kind: "surprise" }>): Promise<FromWorker> {
    switch (question.kind) {
      case "attention":
        return await this.#attend(question.line);
      case "inside":
        return await lookInside(this.#source, question);
      case "distribution":
        return await this.#expect(question);
    }
  }

  /** The most likely tokens after a prompt, or in place of its first mask. */
  async #expect(question: Question & { kind: "distribution" }): Promise<FromWorker> {
    const step = this.#source.step(), { temperature, topK, topP } = question;
    if (this.#kind !== "causal") {
      const find = this.#kind === "masked" ? this.#candidates : this.#classes;
      return { kind: "distribution", step, tokens: await find.call(this, question.prompt) };
    }
    if (this.#logits?.step !== step || this.#logits.prompt !== question.prompt) {
      this.#logits = { step, prompt: question.prompt, values: await this.#logitsAfter(question.prompt) };
    }
    const { values } = this.#logits, model = samplingProbabilities(values, UNCHANGED);
    const sampled = samplingProbabilities(values, { temperature, topK, topP, repetitionPenalty: 1 });
    const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b).slice(0, CHANCES);
    const tokens = order.map((id) => ({
      token: this.#nameOf(id),
      probability: model[id],
      sampled: sampled[id],
    }));
    return { kind: "distribution", step, tokens };
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

  async #attend(line: string): Promise<FromWorker> {
    const { backend, model, tokenizer } = this.#source, step = this.#source.step();
    const ids = tokenizer.encode(line, { addSpecialTokens: this.#kind !== "causal" })
      .slice(0, Math.min(LINE_LENGTH, model.config.contextLength));
    const maps = await attentionMaps(backend, attentionStack(model), ids);
    return { kind: "attention", step, line, tokens: Array.from(ids, (id) => tokenizer.decode([id])), maps };
  }

  /** Reads the beginning of the text: the loss on each token and, of tales, the skills. */
  async #colour(): Promise<void> {
    const { backend, tokenizer } = this.#source, step = this.#source.step(), { tales } = this.#text;
    const model = this.#source.model as ModelsByKind["causal"], options = { batchSize: 4 };
    let tokens: SurprisingToken[];
    if (tales) {
      const scored = await scoreTales(backend, model, tokenizer, tales, options);
      const { skills, all } = taleFigures(scored), characters = [...scored.text].slice(0, COLOURED);
      tokens = characters.map((text, index) => {
        const { probability, skill } = scored.positions[index];
        return { text, loss: scored.losses[index], optimal: -Math.log(probability), skill };
      });
      this.#post({ kind: "skills", step, rows: [...skills, { skill: "all", ...all }] });
    } else {
      const ids = this.#text.ids.slice(0, COLOURED), losses = await tokenLosses(backend, model, ids, options);
      tokens = Array.from(ids, (id, index) => ({ text: tokenizer.decode([id]), loss: losses[index] }));
    }
    this.#post({ kind: "surprise", step, tokens });
  }
}

/** The beginning of a text, where it is one of tales. */
function talesOf({ tokenizer }: LookSource, ids: Uint32Array): TaleText | undefined {
  if (!(tokenizer instanceof CharTokenizer)) return undefined;
  const tales = readTales(tokenizer.decode(ids.subarray(0, MEASURED)));
  return tales !== undefined && tales.positions.length > 1 ? tales : undefined;
}
