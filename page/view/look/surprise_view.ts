/**
 * The beginning of the validation text, coloured as `deno task evaluate` colours a text: by the loss of each token or, on
 * tales, by what the loss is above the optimum.
 *
 * @module
 */
import { prepareText } from "../../../plots/coloured_text.ts";
import type { FromWorker, Question, SurprisingToken } from "../../protocol.ts";
import { element, show, write } from "../elements.ts";
import { lossText, percentText, wholeNumber } from "../format.ts";
import { tokenLabel } from "./next_token_view.ts";

/** Milliseconds after the last key until a text is coloured. */
const TYPING_PAUSE = 300;

/** What is said until a token is chosen. */
const HINT = "Point at a token, or choose one with the arrow keys.";

/** The coloured text. */
export class SurpriseView {
  #tokens: readonly SurprisingToken[] = [];
  #chosen = -1;
  #timer: number | undefined;

  /** Says more about the token that is pointed at, or chosen with the arrow keys; and asks for a text that is typed. */
  constructor(ask: (question: Question) => void) {
    const text = element("surprise"), own = element("surprise-text", HTMLTextAreaElement);
    own.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => ask({ kind: "surprise", text: own.value }), TYPING_PAUSE);
    });
    text.addEventListener("pointermove", ({ target }) => {
      const index = [...text.children].indexOf(target as Element);
      if (index >= 0 && index !== this.#chosen) this.#choose(index);
    });
    text.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      this.#choose(Math.max(0, Math.min(this.#chosen + move, this.#tokens.length - 1)));
    });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began" || message.kind === "opened") {
      this.#tokens = [];
      show("surprise-panel", false);
      const isOwn = message.kind === "opened";
      write("surprise-name", isOwn ? "a text" : "the validation text");
      if (isOwn) element("surprise-text", HTMLTextAreaElement).value = message.text;
    }
    if (message.kind === "failed" && message.at === "surprise") write("surprise-about", message.message);
    if (message.kind !== "surprise") return;
    this.#tokens = message.tokens;
    const { tokens, legend, meaning } = prepareText(message.tokens, message.tokens.length);
    element("surprise").replaceChildren(...tokens.map(({ text, level }, index) => {
      const span = coloured(text, level);
      span.title = this.#about(index);
      return span;
    }));
    element("surprise-legend").replaceChildren(...legend.map(({ label, level }) => coloured(label, level)));
    write("surprise-step", `step ${wholeNumber(message.step)}, `);
    write("surprise-meaning", meaning);
    write("surprise-about", HINT);
    show("surprise-panel", true);
    if (this.#chosen >= 0) this.#choose(this.#chosen);
  }

  #about(index: number): string {
    const { text, loss, optimal, skill } = this.#tokens[index], name = `“${tokenLabel(text)}”`;
    if (Number.isNaN(loss)) return `${name}: not predicted`;
    const model = `${name}: p ${percentText(Math.exp(-loss))}, loss ${lossText(loss)}`;
    if (optimal === undefined) return model;
    return `${model}; optimum p ${percentText(Math.exp(-optimal))}, excess ${
      lossText(loss - optimal)
    }; ${skill}`;
  }

  #choose(index: number): void {
    const spans = element("surprise").children;
    spans[this.#chosen]?.classList.remove("chosen");
    this.#chosen = index;
    spans[index]?.classList.add("chosen");
    write("surprise-about", this.#tokens[index] ? this.#about(index) : "");
  }
}

function coloured(text: string, level: number): HTMLSpanElement {
  const span = document.createElement("span");
  span.className = level < 0 ? "unknown" : `level${level}`;
  span.textContent = text;
  return span;
}
