/**
 * Opening and dropping files: the folder of a model, its files or a zip of them, or a text.
 *
 * @module
 */
import type { FromWorker, GivenFile, ToWorker } from "../protocol.ts";
import { element, onClick, show, write } from "./elements.ts";

/** A larger text is not read: the page would take too long to encode it. */
const MAX_TEXT_BYTES = 20e6;

/** A folder with more files is not that of one model. */
const MAX_FILES = 5_000;

/** A single file is a text, unless its name is that of a part of a model. */
const PART_OF_MODEL = /\.(zip|safetensors|json|bin|pt|pth|onnx)$/i;

/** Opens models, and takes texts. */
export class OpenFiles {
  readonly #send: (message: ToWorker) => void;
  readonly #complain: (message: string) => void;
  readonly #setText: (text: string) => void;
  /** Whether the model that is opened lacks the text of its run. */
  #needsText = false;
  #isPreparing = false;

  /** Connects the buttons, and what is dropped; `setText` gets a text to train on. */
  constructor(
    send: (message: ToWorker) => void,
    complain: (message: string) => void,
    setText: (text: string) => void,
  ) {
    this.#send = send;
    this.#complain = complain;
    this.#setText = setText;
    this.#choose("open-folder", "folder-input", (files) => this.#open(files));
    this.#choose("open-files", "files-input", (files) => this.#open(files));
    this.#choose("supply", "supply-input", ([file]) => this.#supply(file));
    onClick("resume", () => send({ kind: "resume" }));
    const mark = (dropping: boolean) => document.body.classList.toggle("dropping", dropping);
    addEventListener("dragover", (event) => {
      event.preventDefault();
      mark(!this.#isTraining);
    });
    addEventListener("dragleave", () => mark(false));
    addEventListener("drop", (event) => {
      event.preventDefault();
      mark(false);
      filesOf(event.dataTransfer!).then((files) => this.#take(files)).catch((error) =>
        complain(error.message)
      );
    });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "state") this.#isPreparing = message.state === "preparing";
    if (message.kind === "opened" || message.kind === "failed") write("open-status", "");
    if (message.kind === "opened") show("resumable", false);
    if (message.kind !== "resumable") return;
    const { about, needs } = message;
    this.#needsText = needs === "text";
    const replaces = needs !== undefined && !element("kept").hidden;
    write(
      "resumable-about",
      replaces ? `${about} Training it replaces the kept run.` : about,
    );
    show("resume", needs === "nothing");
    show("supply", this.#needsText);
    show("resumable", true);
  }

  /** Whether a run is shown or about to be, and no model that is only looked at. */
  get #isTraining(): boolean {
    const run = element("run");
    return this.#isPreparing || !run.hidden && !run.classList.contains("opened");
  }

  /** Makes a button open the dialog of a file input. */
  #choose(button: string, input: string, take: (files: readonly GivenFile[]) => void): void {
    const field = element(input, HTMLInputElement);
    onClick(button, () => field.click());
    field.addEventListener("change", () => {
      const files = Array.from(
        field.files!,
        (blob) => ({ path: blob.webkitRelativePath || blob.name, blob }),
      );
      field.value = ""; // else choosing the same file again would be no change
      if (files.length > 0) take(files);
    });
  }

  /** Takes what was dropped. */
  async #take(files: readonly GivenFile[]): Promise<void> {
    if (files.length === 0 || this.#refuses()) return;
    const [file] = files,
      isText = files.length === 1 && !/\//.test(file.path) && !PART_OF_MODEL.test(file.path);
    if (!isText) this.#open(files);
    else if (element("begin").hidden) this.#supply(file);
    else await this.#train(file);
  }

  /** Refuses what is opened where a run would be lost. */
  #refuses(): boolean {
    const refuses = this.#isTraining;
    if (refuses) {
      this.#complain("A run is shown: download it if you want to keep it, and press Reset to open a model.");
    }
    return refuses;
  }

  #open(files: readonly GivenFile[]): void {
    if (this.#refuses()) return;
    if (files.length > MAX_FILES) {
      return this.#complain(
        `${
          files[0].path.replace(/\/.*/, "")
        } holds more than ${MAX_FILES} files: open the folder of one model.`,
      );
    }
    this.#send({ kind: "open", files });
    write("open-status", "Reading it …");
  }

  #supply(file: GivenFile): void {
    if (!this.#needsText) return this.#complain("The opened model needs no text.");
    if (this.#isSmall(file)) this.#send({ kind: "supply", file });
  }

  /** Reads a text to train on. */
  async #train(file: GivenFile): Promise<void> {
    if (!this.#isSmall(file)) return;
    try {
      this.#setText(new TextDecoder("utf-8", { fatal: true }).decode(await file.blob.arrayBuffer()));
    } catch {
      this.#complain(`${file.path} is not a text in UTF-8: drop a plain text file.`);
    }
  }

  #isSmall({ path, blob: { size } }: GivenFile): boolean {
    if (size <= MAX_TEXT_BYTES) return true;
    const most = MAX_TEXT_BYTES / 1e6;
    this.#complain(`${path} has ${Math.ceil(size / 1e6)} MB, a text may have ${most}: drop a smaller one.`);
    return false;
  }
}

/** The files that were dropped, also those in folders. */
async function filesOf({ items }: DataTransfer): Promise<GivenFile[]> {
  // both must be read before the event ends
  const dropped = Array.from(items, (item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files: GivenFile[] = [];
  for (const { entry, file } of dropped) {
    if (entry?.isDirectory) await addFolder(entry as FileSystemDirectoryEntry, "", files);
    else if (file) files.push({ path: file.name, blob: file });
  }
  return files;
}

/** Adds the files of a folder except hidden ones, and stops when there are too many. */
async function addFolder(folder: FileSystemDirectoryEntry, above: string, files: GivenFile[]): Promise<void> {
  const reader = folder.createReader(), path = `${above}${folder.name}/`;
  const next = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  for (let entries = await next(); entries.length > 0; entries = await next()) {
    for (const entry of entries.filter(({ name }) => !name.startsWith("."))) {
      if (files.length > MAX_FILES) return;
      if (entry.isDirectory) await addFolder(entry as FileSystemDirectoryEntry, path, files);
      else {
        const blob = await new Promise<File>((resolve, reject) =>
          (entry as FileSystemFileEntry).file(resolve, reject)
        );
        files.push({ path: path + entry.name, blob });
      }
    }
  }
}
