/**
 * The form in which a run is chosen: text, model and device.
 *
 * @module
 */
import type { DeviceChoice, Objective } from "../../mod.ts";
import { chosen, element, enable, isEnabled, show, write } from "./elements.ts";
import { byteText, capitalized, wholeNumber } from "./format.ts";
import type { Choices, FromWorker, Plan, ToWorker } from "../protocol.ts";
import {
  choicesOf,
  type FieldName,
  FIELDS,
  type PresetName,
  presetNames,
  summaryOf,
  usualPreset,
} from "../choices.ts";

/** Milliseconds after the last key until the choices are planned. */
const TYPING_PAUSE = 200;

/** The most characters of a dropped text that its field shows: the browser takes 0.4 s for a million. */
const SHOWN = 20_000;

/** The form. */
export class BeginForm {
  readonly #send: (message: ToWorker) => void;
  readonly #form = element("begin", HTMLFormElement);
  readonly #preset = element("preset", HTMLSelectElement);
  readonly #ownText = element("own-text", HTMLTextAreaElement);
  readonly #inputs = new Map<FieldName, HTMLInputElement>();
  /** The user's own text; the field may show only its beginning. */
  #text = "";
  #timer: number | undefined;
  /** The preset that suits the text, whatever has been chosen instead. */
  #usual: PresetName | undefined;

  /** Prepares the form; `begin` is called with the choices when it is submitted. */
  constructor(send: (message: ToWorker) => void, begin: (choices: Choices) => void) {
    this.#send = send;
    for (const [name, field] of Object.entries(FIELDS)) this.#addField(name as FieldName, field);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!isEnabled("train")) return;
      enable("train", false); // until the next plan: a second click must not begin a second run
      begin(this.#choices());
    });
    this.#form.addEventListener("change", ({ target }) => this.#changed(target as HTMLElement));
    this.#form.addEventListener("input", ({ target }) => {
      if (target === this.#ownText) {
        this.#text = this.#ownText.value;
        this.#later(() => this.#changeText());
      }
      if ((target as HTMLInputElement).type === "number") this.#later(() => this.#plan());
    });
    this.#text = this.#ownText.value; // which the browser keeps when the page is reloaded
    this.#changeText();
    this.#openDevice();
  }

  /** Prepares the next run, after one that has ended. */
  reopen(): void {
    this.#openDevice();
    this.#plan();
  }

  #openDevice(): void {
    this.#send({ kind: "device", device: element("device", HTMLSelectElement).value as DeviceChoice });
  }

  /** Takes a text that was dropped on the page. */
  setText(text: string): void {
    this.#form.querySelector<HTMLInputElement>('[name="text"][value="own"]')!.checked = true;
    this.#text = text;
    this.#ownText.value = text.slice(0, SHOWN);
    this.#changeText();
  }

  /** Shows what a device, a plan or a refusal means for the form. */
  receive(message: FromWorker): void {
    if (message.kind === "device") write("reason", `${message.device}. ${capitalized(message.reason)}.`);
    if (message.kind === "planned") this.#showPlan(message.plan);
    if (message.kind !== "failed") return;
    if (message.at === "device") write("reason", message.message);
    if (message.at === "text" || message.at === "plan") this.#refuse(message.message);
  }

  /** Shows why these choices cannot be trained, in place of what they amount to. */
  #refuse(message: string): void {
    write("refusal", message);
    write("plan", "");
    enable("train", false);
  }

  #addField(name: FieldName, { label, least, most }: (typeof FIELDS)[FieldName]): void {
    const input = document.createElement("input"), line = document.createElement("label");
    Object.assign(input, { type: "number", id: name, min: `${least}`, max: `${most}` });
    input.step = name === "learningRate" ? "any" : "1";
    line.append(label, input);
    element("fields").append(line);
    this.#inputs.set(name, input);
  }

  #objective(): Objective {
    return chosen(this.#form, "objective") as Objective;
  }

  #choices(): Choices {
    const values = [...this.#inputs].map(([name, { valueAsNumber }]) => [name, valueAsNumber]);
    return { preset: this.#preset.value as PresetName, ...Object.fromEntries(values) };
  }

  #changed(target: HTMLElement): void {
    if (target.id === "device") this.#openDevice();
    else if (target === this.#preset) this.#fill();
    else if ((target as HTMLInputElement).name === "objective") this.#listPresets();
    else if ((target as HTMLInputElement).name === "text") this.#changeText();
  }

  /** Sends the text, and chooses the preset that suits its length. */
  #changeText(): void {
    const isOwn = chosen(this.#form, "text") === "own", text = this.#text;
    show("own", isOwn);
    write("train", isOwn ? "Train on your text" : "Train on the tales");
    const isCut = text.length > SHOWN && text.length > this.#ownText.value.length;
    const part = isCut
      ? `; the first ${wholeNumber(SHOWN)} are shown, and editing them discards the rest`
      : "";
    write("own-length", `${wholeNumber(text.length)} characters${part}`);
    enable("train", false);
    write("refusal", "");
    write("plan", isOwn && text === "" ? "Paste a text, or drop a file on this page." : "Reading the text …");
    if (isOwn && text === "") return;
    this.#send({ kind: "text", text: isOwn ? text : null });
    this.#listPresets();
  }

  /** Chooses the preset that suits objective and text. Where it is the one that suited before, all fields stay as they are. */
  #listPresets(): void {
    const objective = this.#objective(), isOwn = chosen(this.#form, "text") === "own";
    const usual = usualPreset(objective, isOwn ? this.#text.length : undefined);
    if (usual === this.#usual) return this.#plan();
    this.#usual = usual;
    this.#preset.replaceChildren(...presetNames(objective).map((name) => new Option(name)));
    this.#preset.value = usual;
    this.#fill();
  }

  /** Fills the fields with the values of the preset. */
  #fill(): void {
    const preset = this.#preset.value as PresetName, choices = choicesOf(preset);
    for (const [name, input] of this.#inputs) input.value = `${choices[name]}`;
    write("summary", `${capitalized(summaryOf(preset))}.`);
    this.#plan();
  }

  #plan(): void {
    this.#send({ kind: "plan", choices: this.#choices() });
  }

  #later(action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, TYPING_PAUSE);
  }

  #showPlan({ parameters, characters, choices, bytes, notes }: Plan): void {
    const { steps, batchSize, contextLength } = choices, isMasked = this.#objective() === "mlm";
    const facts = `${isMasked ? "Masked model" : "GPT"} with ${wholeNumber(parameters)} parameters, ` +
      `a text of ${wholeNumber(characters)} characters, ${wholeNumber(steps)} steps of ` +
      `${batchSize} × ${contextLength} tokens, ${byteText(bytes)} of memory.`;
    write("refusal", "");
    write("plan", [facts, ...notes.map((note) => `${note}.`)].join(" "));
    enable("train", true);
  }
}
