/**
 * The next token after the prompt, or the one at its first mask: the model's probabilities as bars, and before them those
 * that sampling draws with.
 *
 * @module
 */
import { visible } from "../../../core/visible.ts";
import type { ModelKind } from "../../../mod.ts";
import type { FromWorker, Question, TokenChance } from "../../protocol.ts";
import { element, show, write } from "../elements.ts";
import { percentText, wholeNumber } from "../format.ts";

const input = (id: string) => element(id, HTMLInputElement);

/** What the sliders say. The last position of top-k stands for all tokens, which the library calls 0. */
export function readSampling(): { temperature: number; topK: number; topP: number } {
  const topK = input("top-k").valueAsNumber, isAll = topK === Number(input("top-k").max);
  return {
    temperature: input("temperature").valueAsNumber,
    topK: isAll ? 0 : topK,
    topP: input("top-p").valueAsNumber,
  };
}

/** A token as it is shown in a list or a label. */
export const tokenLabel = (token: string): string => visible(token).replaceAll(" ", "␣");

/** The list of the next tokens. */
export class NextTokenView {
  readonly #ask: (question: Question) => void;
  /** Whether tokens are drawn from the probabilities. */
  #isDrawn = true;
  #isClassifier = false;

  /** Asks whenever the prompt or a slider changes. */
  constructor(ask: (question: Question) => void) {
    this.#ask = ask;
    element("ask").addEventListener("input", () => this.#change());
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began") {
      this.#begin(message.masked ? "masked" : "causal", message.plan.vocabSize, "<mask>");
    } else if (message.kind === "opened") {
      this.#begin(message.task, message.vocabSize, message.mask);
    } else if (message.kind === "distribution") {
      write("next-step", `step ${wholeNumber(message.step)}`);
      write("next-hint", "");
      element("chances").replaceChildren(...message.tokens.map((chance) => this.#row(chance)));
    } else if (message.kind === "failed" && message.at === "distribution") {
      write("next-hint", message.message);
    }
  }

  #begin(task: ModelKind, vocabSize: number, mask?: string): void {
    this.#isDrawn = task === "causal";
    input("top-k").max = `${vocabSize}`;
    input("top-k").value = input("top-k").max;
    for (const id of ["sampling", "sampled-heading"]) show(id, this.#isDrawn);
    this.#isClassifier = task === "classifier";
    write("next-title", this.#isClassifier ? "Classes" : this.#isDrawn ? "Next token" : `The first ${mask}`);
    write("chances-heading", this.#isClassifier ? "Class" : "Token");
    write("next-step", "");
    element("chances").replaceChildren();
    this.#change();
  }

  #change(): void {
    const { temperature, topK, topP } = readSampling();
    write("temperature-value", temperature === 0 ? "0, greedy" : `${temperature}`);
    write("top-k-value", topK === 0 ? "all" : `${topK}`);
    write("top-p-value", `${topP}`);
    const prompt = element("prompt", HTMLTextAreaElement).value;
    this.#ask({ kind: "distribution", prompt, temperature, topK, topP });
  }

  #row({ token, probability, sampled, score }: TokenChance): HTMLTableRowElement {
    const row = document.createElement("tr"), name = document.createElement("th");
    name.scope = "row";
    name.textContent = this.#isClassifier ? visible(token) : tokenLabel(token);
    row.append(name);
    const bars = row.insertCell();
    bars.className = "bars";
    for (const share of [probability, sampled]) {
      const bar = document.createElement("span");
      bar.style.width = `${100 * share}%`;
      bars.append(bar);
    }
    row.insertCell().textContent = score ?? percentText(probability);
    if (!this.#isDrawn) return row;
    row.insertCell().textContent = sampled === 0 ? "excluded" : percentText(sampled);
    row.classList.toggle("excluded", sampled === 0);
    return row;
  }
}
