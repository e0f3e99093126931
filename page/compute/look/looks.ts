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
  kindOf,
  type Model,
  type ModelKind,
  type ModelsByKind,
  readTales,
  scoreTales,
  taleFigures,
  type TaleText,
  type Tokenizer,
  tokenLosses,
} from "../../../mod.ts";
import { Chances } from "./chances.ts";
import { lookInside } from "./inside.ts";
import type { FromWorker, Question, SurprisingToken } from "../../protocol.ts";

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

/** Tokens of the text that is coloured. */
export const COLOURED = 600;

/** Characters of the tales by which skills are measured. */
const MEASURED = 4_000;

/** The most tokens of a line with attention maps: a page keeps many of them. */
const LINE_LENGTH = 48;

/** The tokens of the line to begin with. */
const FIRST_LINE = 40;

/** Looks at one model. */
export class Looks {
  readonly #source: LookSource;
  readonly #post: (message: FromWorker) => void;
  readonly #kind: ModelKind;
  readonly #chances: Chances;
  /** The text that is coloured, and its derivation if it is one of tales. */
  #text: { readonly ids: Uint32Array; readonly tales: TaleText | undefined };
  /** The newest question of each kind. */
  readonly #questions = new Map<Question["kind"], Question>();
  readonly #unanswered = new Set<Question["kind"]>();
  #renewedAt = -1;

  /** @param post Where the answers go. */
  constructor(source: LookSource, post: (message: FromWorker) => void) {
    this.#source = source;
    this.#post = post;
    this.#kind = kindOf(source.model.config);
    this.#chances = new Chances(source);
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
        return {
          kind: "distribution",
          step: this.#source.step(),
          tokens: await this.#chances.of(question),
        };
    }
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
