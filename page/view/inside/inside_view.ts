/**
 * The panel "Inside one step": the stages of a line from tokens to loss, then back with the gradients. The values of a stage are
 * requested when it is chosen, and none while the panel is closed.
 *
 * @module
 */
import type { FromWorker, Question } from "../../protocol.ts";
import { element, enable, onClick, show, write } from "../elements.ts";
import { wholeNumber } from "../format.ts";
import { shapeText, StageView, type Step } from "./stage_view.ts";
import { TOKENS } from "./explanations.ts";
import { type ListedStage, listStages, shapeOf } from "./stages.ts";

/** Characters of the first line, and the index from which on its first character that is not a space is masked. */
const FIRST_LINE = 12, FIRST_MASK = 5;

/** A stage, −1 for the tokens, and whether its gradient is shown. */
type Position = readonly [stage: number, backward: boolean];

const input = (id: string) => element(id, HTMLInputElement);

/** The panel. */
export class InsideView {
  readonly #ask: (question: Question) => void;
  readonly #panel = element("inside", HTMLDetailsElement);
  readonly #list = element("inside-list");
  readonly #stage = new StageView();
  #step: Step | undefined;
  #listed: readonly ListedStage[] = [];
  #at = -1;
  #backward = false;

  /** Asks when the panel is opened, and when line or stage change. */
  constructor(ask: (question: Question) => void) {
    this.#ask = ask;
    this.#panel.addEventListener("toggle", () => this.#change());
    for (const id of ["inside-line", "inside-hidden"]) {
      element(id).addEventListener("input", () => this.#change());
    }
    for (const [id, backward] of [["inside-forward", false], ["inside-backward", true]] as const) {
      element(id).addEventListener("change", () => this.#go([this.#at, backward]));
    }
    onClick("inside-previous", () => this.#go(this.#neighbours()[0]));
    onClick("inside-next", () => this.#go(this.#neighbours()[1]));
    this.#list.addEventListener("click", ({ target }) => {
      const button = (target as Element).closest("button");
      if (button) this.#go([Number(button.value), this.#backward]);
    });
    this.#list.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.#go([Math.max(-1, Math.min(this.#at + by, this.#listed.length - 1)), this.#backward]);
      this.#mark().focus();
    });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began") {
      const line = Array.from(message.line).slice(0, FIRST_LINE);
      if (message.masked) {
        const at = line.findIndex((character, index) => index >= FIRST_MASK && /\S/.test(character));
        [input("inside-hidden").value] = line.splice(at, 1, "<mask>");
      }
      input("inside-line").value = line.join("");
      write(
        "inside-loss",
        message.masked
          ? "The loss is the mean over the masks, each compared with its hidden token."
          : "Every token predicts the next one; the loss is the mean over the line.",
      );
      show("inside-masks", message.masked);
      show("inside-stages", false);
      this.#go([-1, false]);
    } else if (message.kind === "inside") {
      this.#step = message;
      this.#show(message);
    } else if (message.kind === "failed" && message.at === "inside") {
      write("inside-hint", message.message);
    }
  }

  #change(): void {
    const line = this.#panel.open ? input("inside-line").value : null;
    this.#ask({ kind: "inside", line, hidden: input("inside-hidden").value, stage: this.#at });
  }

  #go(position: Position | undefined): void {
    if (!position) return;
    [this.#at, this.#backward] = position;
    input(this.#backward ? "inside-backward" : "inside-forward").checked = true;
    if (this.#list.children.length > 0) this.#mark();
    this.#change();
  }

  /** The stages before and after the current one: forward to the loss, then backward through those with a gradient. */
  #neighbours(): [Position | undefined, Position | undefined] {
    const walk = this.#walk(), at = this.#indexIn(walk);
    return [walk[at - 1], walk[at + 1]];
  }

  #walk(): Position[] {
    const { stages } = this.#step!, forward: Position[] = [[-1, false]], backward: Position[] = [];
    for (const [index, { writes }] of stages.entries()) {
      forward.push([index, false]);
      const hasGradient = Object.values(writes).some(({ gradientKernels }) => gradientKernels.length > 0);
      if (hasGradient) backward.unshift([index, true]);
    }
    return [...forward, ...backward];
  }

  /** The index of the current stage; backward, one without a gradient counts as the stage before it. */
  #indexIn(walk: readonly Position[]): number {
    const at = walk.findIndex(([stage, backward]) =>
      backward === this.#backward && (backward ? stage <= this.#at : stage === this.#at)
    );
    return at < 0 ? walk.length - 1 : at;
  }

  #show(step: Step): void {
    const { stages, note } = step;
    this.#listed = listStages(stages);
    write("inside-step", `step ${wholeNumber(step.step)}`);
    write("inside-hint", note);
    show("inside-stages", true);
    this.#fillList(step);
    this.#mark();
    if (step.stage !== this.#at) return; // the answer for this one is still to come
    const walk = this.#walk(), at = this.#indexIn(walk);
    write("inside-at", `${at + 1} of ${walk.length}`);
    enable("inside-previous", at > 0);
    enable("inside-next", at < walk.length - 1);
    const explanation = this.#listed[this.#at] ?? TOKENS;
    this.#stage.show({ step, explanation, stage: stages[this.#at], backward: this.#backward });
  }

  /** Lists the stages, unless they are listed. */
  #fillList({ stages, tokens }: Step): void {
    const all = [{ ...TOKENS, group: "Input" }, ...this.#listed];
    const shapes = [[1, tokens.length], ...stages.map(shapeOf)].map(shapeText);
    const key = all.map(({ title, group }, index) => [title, group, shapes[index]]).join();
    if (this.#list.dataset.key === key) return;
    this.#list.dataset.key = key;
    this.#list.replaceChildren(...all.map(({ title, group }, index) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const heading = document.createElement("span"), shape = document.createElement("small");
      heading.textContent = group;
      if (group !== all[index - 1]?.group) item.append(heading);
      shape.textContent = shapes[index];
      button.type = "button";
      button.value = `${index - 1}`;
      button.append(title, " ", shape);
      item.append(button);
      return item;
    }));
  }

  /** Marks the stage that is chosen in the list, and scrolls the list to it. */
  #mark(): HTMLButtonElement {
    const list = this.#list, buttons = [...list.querySelectorAll("button")];
    for (const [index, button] of buttons.entries()) {
      const isChosen = index === this.#at + 1;
      button.ariaCurrent = isChosen ? "step" : null;
      button.tabIndex = isChosen ? 0 : -1;
    }
    const chosen = buttons[this.#at + 1], { offsetTop: top, offsetHeight: height } = chosen;
    if (top < list.scrollTop + height) list.scrollTop = top - 2 * height;
    if (top + 2 * height > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + 2 * height - list.clientHeight;
    }
    return chosen;
  }
}
