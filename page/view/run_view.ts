/**
 * What is shown of a run: state, figures, chart, samples and generated text.
 *
 * @module
 */
import type { ModelKind } from "../../mod.ts";
import { element, enable, isEnabled, onClick, show, write } from "./elements.ts";
import { duration, exactLoss, lossText, rateText, wholeNumber } from "./format.ts";
import { LossChart } from "./loss_chart.ts";
import { readSampling } from "./look/next_token_view.ts";
import { LossRecord } from "./loss_record.ts";
import type { FromWorker, Reference, ToWorker, WorkerState } from "../protocol.ts";

/** Rows of the table of losses. */
const ROWS = 100;

const TITLES: Record<WorkerState, string> = {
  idle: "Ready",
  opened: "Opened",
  preparing: "Preparing",
  training: "Training",
  paused: "Paused",
  generating: "Generating",
  done: "Done",
};

const FAMILIES = { gpt1: "GPT-1", gpt2: "GPT-2", roberta: "RoBERTa", bert: "BERT" };

/** The view of one run after the other. */
export class RunView {
  readonly #send: (message: ToWorker) => void;
  #record = new LossRecord();
  #chart: LossChart | undefined;
  #steps = 0;
  #state: WorkerState = "idle";
  /** The name of a model that is only looked at. */
  #opened: string | undefined;
  /** Texts generated, each with another seed. */
  #asked = 0;

  /** Connects the buttons; `reset` is called when the run is over. */
  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
    const pause = () => this.#send({ kind: this.#state === "paused" ? "run" : "pause" });
    onClick("pause", pause);
    onClick("step", () => this.#send({ kind: "step" }));
    onClick("reset", () => this.#send({ kind: "reset" }));
    element("ask").addEventListener("submit", (event) => this.#ask(event));
    element("table").addEventListener("toggle", () => this.#fillTable());
    element("logarithmic").addEventListener(
      "change",
      () => this.#chart?.change({ logarithmic: this.#logarithmic }),
    );
  }

  get #logarithmic(): boolean {
    return element("logarithmic", HTMLInputElement).checked;
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    switch (message.kind) {
      case "began":
        return this.#begin(message);
      case "opened":
        return this.#load(message);
      case "state":
        return this.#showState(message.state);
      case "progress":
        return this.#showProgress(message);
      case "rate":
        this.#record.rateChanges = message.rates.slice(1).map(({ step }) => step);
        return this.#chart?.update();
      case "validated":
        this.#record.validate(message);
        write("fact-validation", lossText(message.loss));
        this.#chart?.update();
        return this.#fillTable();
      case "sample":
        return this.#addSample(message.step, message.text);
      case "generated":
        element("answer").append(message.piece);
    }
  }

  #begin(
    { plan, masked, prompt, references }: FromWorker & { kind: "began" },
  ): void {
    const { steps, layers, heads, modelDim, contextLength, batchSize, seed } = plan.choices;
    this.#chart?.close();
    this.#record = new LossRecord();
    this.#steps = steps;
    this.#enter({ task: masked ? "masked" : "causal", mask: "<mask>", prompt, unit: "character" });
    for (const id of ["samples", "losses"]) element(id).replaceChildren();
    for (const name of ["loss", "validation", "speed", "left"]) write(`fact-${name}`, "–");
    write("fact-step", `0 of ${wholeNumber(steps)}`);
    element("progress", HTMLProgressElement).value = 0;
    this.#legend(references);
    this.#chart = new LossChart(element("chart"), this.#record, {
      steps,
      references,
      logarithmic: this.#logarithmic,
    });
    write(
      "facts",
      `${masked ? "Masked model" : "GPT"}, ${layers} layers, ${heads} heads, ${modelDim} wide, ` +
        `${wholeNumber(plan.parameters)} parameters; batches of ${batchSize} × ${contextLength} tokens; ` +
        `${plan.vocabSize} tokens in the vocabulary; seed ${seed}. ${element("reason").textContent}`,
    );
    element("pause").focus();
  }

  /** Shows a model that is only looked at. */
  #load(message: FromWorker & { kind: "opened" }): void {
    const { name, task, mask, prompt, pairs, architecture, classes, step, vocabSize } = message;
    this.#chart?.close();
    this.#enter({ task, mask, prompt, pairs, unit: "token", name });
    element("run").classList.toggle("no-step", step === undefined);
    const kind = `${FAMILIES[architecture]}${classes === undefined ? "" : ` with ${classes} classes`}`;
    write(
      "facts",
      `${kind}, ${message.layers} layers, ${message.heads} heads, ${message.modelDim} wide, ` +
        `${wholeNumber(message.parameters)} parameters; context of ${message.contextLength} tokens; ` +
        `${wholeNumber(vocabSize)} tokens in the vocabulary. ${element("reason").textContent}`,
    );
    element("prompt").focus();
  }

  /** Shows the section of a run, or of a model that is only looked at, which has a name. */
  #enter({ task, mask, prompt, unit, pairs = false, name }: {
    readonly task: ModelKind;
    readonly mask: string | undefined;
    readonly prompt: string;
    readonly unit: string;
    readonly pairs?: boolean;
    readonly name?: string;
  }): void {
    this.#opened = name;
    show("begin", false);
    show("run", true);
    element("run").classList.toggle("opened", name !== undefined);
    element("run").classList.remove("no-step");
    write("reset", name === undefined ? "Reset" : "Close");
    const [title, label, button] = {
      causal: ["Generate", "Prompt", "Generate"],
      masked: ["Fill masks", `Text with ${mask} for each missing ${unit}`, "Fill"],
      classifier: ["Classify", pairs ? "Two texts, each on a line of its own" : "Text", ""],
    }[task];
    write("ask-title", title);
    write("prompt-label", label);
    write("generate", button);
    show("generate", task !== "classifier");
    element("prompt", HTMLTextAreaElement).value = prompt;
    element("answer").replaceChildren();
  }

  #legend(references: readonly Reference[]): void {
    const line = (name: string, className: string) => {
      const item = document.createElement("li");
      item.className = className;
      item.textContent = name;
      return item;
    };
    element("legend").replaceChildren(
      line("training", ""),
      line("validation", "validation"),
      ...references.map(({ name, loss }) => line(`${name} ${lossText(loss)}`, "reference")),
    );
  }

  #showState(state: WorkerState): void {
    this.#state = state;
    write("state", state === "opened" ? this.#opened! : TITLES[state]);
    const what = this.#opened ?? `step ${element("fact-step").textContent}`;
    write("status", state === "idle" ? "" : `${TITLES[state]}, ${what}`);
    const isResting = state === "paused" || state === "done" || state === "opened";
    show("pause", this.#opened === undefined || state === "generating");
    write("pause", state === "paused" ? "Go on" : state === "generating" ? "Stop" : "Pause");
    enable("pause", state !== "done");
    enable("step", state === "paused");
    enable("generate", isResting);
    write("ask-hint", isResting || state === "generating" ? "" : "Pause the training first.");
    if (state !== "idle") return;
    const wasShown = !element("run").hidden;
    show("run", false);
    show("begin", true);
    this.#chart?.close();
    this.#chart = undefined;
    if (wasShown) element("train").focus();
  }

  #showProgress({ losses, tokensPerSecond, secondsLeft }: FromWorker & { kind: "progress" }): void {
    const { step, loss } = losses.at(-1)!;
    this.#record.add(losses);
    write("fact-step", `${wholeNumber(step)} of ${wholeNumber(this.#steps)}`);
    write("fact-loss", lossText(loss));
    write("fact-speed", rateText(tokensPerSecond));
    write("fact-left", duration(secondsLeft));
    element("progress", HTMLProgressElement).value = step / this.#steps;
    this.#chart?.update();
    this.#fillTable();
  }

  /** The table is for those who cannot see the chart, and has all digits. */
  #fillTable(): void {
    if (!element("table", HTMLDetailsElement).open) return;
    const rows = this.#record.latest(ROWS).map(({ step, training, validation }) => {
      const row = document.createElement("tr");
      for (const text of [`${step}`, exactLoss(training), validation === null ? "" : exactLoss(validation)]) {
        row.insertCell().textContent = text;
      }
      return row;
    });
    element("losses").replaceChildren(...rows);
  }

  #addSample(step: number, text: string): void {
    const item = document.createElement("li"), heading = document.createElement("small");
    const body = document.createElement("span");
    heading.textContent = `Step ${wholeNumber(step)}`;
    body.className = "text";
    body.textContent = text;
    item.append(heading, body);
    element("samples").prepend(item);
  }

  #ask(event: Event): void {
    event.preventDefault();
    if (!isEnabled("generate")) return;
    const prompt = element("prompt", HTMLTextAreaElement).value, isMasked = element("sampling").hidden;
    element("answer").textContent = isMasked ? "" : prompt;
    this.#send({ kind: "generate", prompt, ...readSampling(), seed: ++this.#asked });
  }
}
