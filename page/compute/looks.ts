/**
 * Looks inside a model while it trains: what it expects next, how much a text surprises it, its skills, its attention.
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
  defaultPrompt,
  expectKind,
  fillMask,
  kindOf,
  maskTokens,
  type ModelsByKind,
  readTales,
  scoreTales,
  taleFigures,
  type TaleText,
  type Tokenizer,
  tokenLosses,
} from "../../mod.ts";
import { logitsOfWindows } from "../../inference/without_cache.ts";
import { samplingProbabilities } from "../../kernels/sample.ts";
import { lookInside } from "./inside.ts";
import type { FromWorker, Question, SurprisingToken, TokenChance } from "../protocol.ts";

/** What is looked at. */
export interface LookSource {
  readonly backend: Backend;
  readonly model: ModelsByKind["causal" | "masked"];
  readonly tokenizer: Tokenizer;
  /** The validation text. */
  readonly validation: Uint32Array;
  /** The step it is at. */
  step(): number;
}

/** Tokens in the list of the next ones. */
const CHANCES = 12;

/** Tokens of the text that is coloured, and characters of the tales by which skills are measured. */
const COLOURED = 600, MEASURED = 4_000;

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
  readonly #tales: TaleText | undefined;
  /** The newest question of each kind. */
  readonly #questions = new Map<Question["kind"], Question>();
  readonly #unanswered = new Set<Question["kind"]>();
  /** The last logits, of which a slider only changes what is made of them. */
  #logits: { readonly step: number; readonly prompt: string; readonly values: Float32Array } | undefined;
  #renewedAt = -1;

  /** @param post Where the answers go. */
  constructor(source: LookSource, post: (message: FromWorker) => void) {
    this.#source = source;
    this.#post = post;
    this.#tales = this.#masked ? undefined : talesOf(source);
  }

  get #masked(): boolean {
    return kindOf(this.#source.model.config) === "masked";
  }

  /** A line to begin with, which the model can read. */
  get line(): string {
    const { tokenizer, validation } = this.#source;
    const pieces = Array.from(validation.subarray(0, FIRST_LINE), (id) => tokenizer.decode([id]));
    return this.#tales?.text.slice(0, FIRST_LINE) ?? pieces.join("");
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
      await this.#answerOne(this.#questions.get(kind)!);
    }
  }

  /** Looks at everything again, unless the model has not changed. */
  async renew(): Promise<void> {
    const step = this.#source.step();
    if (this.#renewedAt === step) return;
    this.#renewedAt = step;
    for (const kind of this.#questions.keys()) this.#unanswered.add(kind);
    await this.answer();
    if (!this.#masked) await this.#readText();
    await this.answer(); // what was asked meanwhile
  }

  async #answerOne(question: Question): Promise<void> {
    try {
      this.#post(await this.#look(question));
    } catch (error) {
      this.#post({ kind: "failed", at: question.kind, message: (error as Error).message });
    }
  }

  async #look(question: Question): Promise<FromWorker> {
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
    const { tokenizer } = this.#source, step = this.#source.step(), { temperature, topK, topP } = question;
    if (this.#masked) return { kind: "distribution", step, tokens: await this.#candidates(question.prompt) };
    if (this.#logits?.step !== step || this.#logits.prompt !== question.prompt) {
      this.#logits = { step, prompt: question.prompt, values: await this.#logitsAfter(question.prompt) };
    }
    const { values } = this.#logits, model = samplingProbabilities(values, UNCHANGED);
    const sampled = samplingProbabilities(values, { temperature, topK, topP, repetitionPenalty: 1 });
    const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b).slice(0, CHANCES);
    const tokens = order.map((id) => ({
      token: tokenizer.decode([id]),
      probability: model[id],
      sampled: sampled[id],
    }));
    return { kind: "distribution", step, tokens };
  }

  async #logitsAfter(prompt: string): Promise<Float32Array> {
    const { backend, model, tokenizer } = this.#source;
    const ids = tokenizer.encode(prompt || defaultPrompt(tokenizer)).slice(-model.config.contextLength);
    const logits = backend.scope(() => logitsOfWindows(model as ModelsByKind["causal"], [ids]));
    return Float32Array.from(await backend.read(logits));
  }

  async #candidates(prompt: string): Promise<TokenChance[]> {
    const { backend, model, tokenizer } = this.#source, { config } = model as ModelsByKind["masked"];
    const { maskId } = maskTokens(tokenizer, expectKind(config, "masked").padId);
    const ids = tokenizer.encode(prompt, { addSpecialTokens: true });
    const topK = Math.min(CHANCES, config.vocabSize);
    const [first] = await fillMask(backend, model as ModelsByKind["masked"], ids, { maskId, topK });
    return first.candidates.map(({ id, probability }) => {
      return { token: tokenizer.decode([id]), probability, sampled: probability };
    });
  }

  async #attend(line: string): Promise<FromWorker> {
    const { backend, model, tokenizer } = this.#source, step = this.#source.step();
    const ids = tokenizer.encode(line, { addSpecialTokens: this.#masked })
      .slice(0, Math.min(LINE_LENGTH, model.config.contextLength));
    const maps = await attentionMaps(backend, attentionStack(model), ids);
    return { kind: "attention", step, line, tokens: Array.from(ids, (id) => tokenizer.decode([id])), maps };
  }

  /** Reads the beginning of the validation text: the loss on each token and, of tales, the skills. */
  async #readText(): Promise<void> {
    const { backend, tokenizer, validation } = this.#source, step = this.#source.step();
    const model = this.#source.model as ModelsByKind["causal"], options = { batchSize: 4 };
    let tokens: SurprisingToken[];
    if (this.#tales) {
      const scored = await scoreTales(backend, model, tokenizer, this.#tales, options);
      const { skills, all } = taleFigures(scored), characters = [...scored.text].slice(0, COLOURED);
      tokens = characters.map((text, index) => {
        const { probability, skill } = scored.positions[index];
        return { text, loss: scored.losses[index], optimal: -Math.log(probability), skill };
      });
      this.#post({ kind: "skills", step, rows: [...skills, { skill: "all", ...all }] });
    } else {
      const ids = validation.slice(0, COLOURED), losses = await tokenLosses(backend, model, ids, options);
      tokens = Array.from(ids, (id, index) => ({ text: tokenizer.decode([id]), loss: losses[index] }));
    }
    this.#post({ kind: "surprise", step, tokens });
  }
}

/** The beginning of the validation text, where it is one of tales. */
function talesOf({ tokenizer, validation }: LookSource): TaleText | undefined {
  if (!(tokenizer instanceof CharTokenizer)) return undefined;
  const tales = readTales(tokenizer.decode(validation.subarray(0, MEASURED)));
  return tales !== undefined && tales.positions.length > 1 ? tales : undefined;
}
