/**
 * What the worker does with each message. It needs no browser: `tests/page_trainer_test.ts` runs it in Deno.
 *
 * @module
 */
import { DeviceLostError, objectiveOf } from "../../mod.ts";
import { answer } from "./answer.ts";
import { Opened } from "./open/opened.ts";
import { type Corpus, encodeSource, ownSource, type Source, talesSource } from "./corpus.ts";
import { Device } from "./device.ts";
import { Looks, type LookSource } from "./look/looks.ts";
import type { Choices, FromWorker, Plan, Question, ToWorker, WorkerState } from "../protocol.ts";
import { Keeping, type Shelf, takeUp } from "./kept_run.ts";
import { firstPrompt } from "./prompt.ts";
import { planRun, Session } from "./session.ts";
import { settingsOf } from "./settings.ts";
import { packRun } from "./take_away.ts";
import { showAgain, trainSteps } from "./training_loop.ts";

/** Answered between two steps, and sooner than the other messages. */
const QUESTIONS: Readonly<Record<Question["kind"], true>> = {
  distribution: true,
  attention: true,
  inside: true,
  surprise: true,
};

/** Holds the text, the device and the run, or the model that was opened. */
export class Trainer {
  readonly #post: (message: FromWorker) => void;
  /** Resolves when the messages so far have been processed, one after the other. */
  #queue: Promise<void> = Promise.resolve();
  /** Whether the run should stop after the current step, or the text that is generated after the current piece. */
  #interrupted = false;
  #source: Source | undefined;
  #corpora: Partial<Record<"causal" | "mlm", Corpus>> = {};
  readonly #device: Device;
  #session: Session | undefined;
  #opened: Opened | undefined;
  #looks: Looks | undefined;
  readonly #keeping: Keeping;

  /**
   * @param post Where the answers go.
   * @param shelf Where the newest state of a run is kept; nowhere unless given.
   */
  constructor(post: (message: FromWorker) => void, shelf?: Shelf) {
    this.#post = post;
    this.#device = new Device(post);
    this.#keeping = new Keeping(post, shelf);
  }

  /** Takes a message; the promise resolves when it has been processed. */
  receive(message: ToWorker): Promise<void> {
    if (isQuestion(message)) {
      this.#looks?.ask(message); // a training that is running answers it sooner than the queue
      return this.#queue = this.#queue.then(() => this.#looks?.answer());
    }
    if (message.kind === "rate") return this.#changeRate(message.learningRate);
    if (message.kind === "pause" || message.kind === "reset") this.#interrupted = true;
    else if (message.kind !== "plan") this.#interrupted = false;
    return this.#queue = this.#queue.then(() => this.#answer(message)).catch((error) => {
      if (this.#session || this.#opened) this.#show(this.#resting());
      else if (message.kind === "begin" || message.kind === "restore") this.#show("idle");
      this.#post({ kind: "failed", at: message.kind, message: messageOf(error) });
    });
  }

  async #answer(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case "text":
        this.#corpora = {};
        this.#source = undefined;
        this.#source = message.text === null ? talesSource() : ownSource(message.text);
        return;
      case "device":
        await this.#device.open(message.device);
        return;
      case "plan":
        if (this.#source) {
          this.#post({ kind: "planned", plan: planRun(message.choices, this.#corpusOf(message.choices)) });
        }
        return;
      case "begin":
        return await this.#begin(message.choices);
      case "run":
        return await this.#train(Infinity);
      case "step":
        return await this.#train(1);
      case "generate":
        return await this.#generate(message);
      case "reset":
        return await this.#reset();
      case "find":
        return await this.#find();
      case "restore":
        return await this.#restore();
      case "pack":
        return await this.#pack();
      case "open":
        return await this.#open(message.files);
      case "supply":
        return await this.#opened?.supply(message.file, this.#post);
      case "resume":
        return await this.#resume();
    }
  }

  #show(state: WorkerState): void {
    this.#post({ kind: "state", state });
  }

  /** The state when nothing is running. */
  #resting(): WorkerState {
    if (!this.#session) return "opened";
    const { run } = this.#session;
    return run.step === run.settings.steps ? "done" : "paused";
  }

  #corpusOf(choices: Choices): Corpus {
    const objective = objectiveOf(settingsOf(choices));
    if (!this.#source) {
      throw new Error("There is no text to train on: choose the tales or a text of your own");
    }
    return this.#corpora[objective] ??= encodeSource(this.#source, objective);
  }

  async #begin(choices: Choices): Promise<void> {
    this.#show("preparing");
    const corpus = this.#corpusOf(choices), plan = planRun(choices, corpus);
    this.#enter(new Session(await this.#device.backend(), plan, corpus), plan);
    await this.#train(Infinity);
  }

  /** Makes a run the one that is shown, and posts its description to the page. */
  #enter(session: Session, plan: Plan): void {
    const { corpus, references, masked, looked } = this.#session = session;
    this.#opened?.close();
    this.#opened = undefined;
    const looks = this.#looks = new Looks(looked, this.#post);
    const prompt = firstPrompt(looked, corpus.source.text);
    this.#post({ kind: "began", plan, masked, prompt, line: looks.line, references });
  }

  /** Shows a run that was trained before, paused. */
  async #continue(session: Session, plan: Plan): Promise<void> {
    this.#enter(session, plan);
    showAgain(session, this.#post);
    this.#show(this.#resting());
    await this.#looks?.renew();
  }

  /** Trains until the last step, a number of steps from now, or an interruption. */
  async #train(count: number): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const { run } = session, last = Math.min(run.settings.steps, run.step + count);
    if (run.step >= last) return;
    this.#show("training");
    await trainSteps(session, {
      post: this.#post,
      looks: this.#looks,
      last,
      keep: () => this.#keeping.keep(session),
      isInterrupted: () => this.#interrupted,
    });
    this.#show(this.#resting());
    await this.#looks?.renew();
  }

  async #find(): Promise<void> {
    const kept = await this.#keeping.read();
    if (!kept) return;
    this.#post({ kind: "found", own: kept.text !== null, step: kept.step, steps: kept.choices.steps });
  }

  /** Resumes the kept run, paused, and shows again what was shown of it. */
  async #restore(): Promise<void> {
    const kept = await this.#keeping.read();
    if (!kept) throw new Error("The run that was kept is no longer there: begin a new one");
    this.#show("preparing");
    const { session, plan } = takeUp(await this.#device.open(kept.device), kept);
    this.#keeping.adopt(session);
    await this.#continue(session, plan);
  }

  /** Opens a model that was trained elsewhere. Where that fails, everything stays as it was. */
  async #open(files: (ToWorker & { kind: "open" })["files"]): Promise<void> {
    const opened = await Opened.open(files, await this.#device.backend());
    const looks = this.#looks = new Looks(opened.source, this.#post);
    this.#session = undefined;
    this.#opened?.close();
    this.#opened = opened;
    this.#post({ ...opened.message, line: looks.line });
    opened.describe(this.#post);
    this.#show("opened");
    await looks.renew();
  }

  /** Resumes the run of the opened model. */
  async #resume(): Promise<void> {
    if (!this.#opened) return;
    this.#show("preparing");
    const { session, plan } = await this.#opened.resume();
    await this.#continue(session, plan);
  }

  async #generate({ prompt, ...sampling }: ToWorker & { kind: "generate" }): Promise<void> {
    const source: LookSource | undefined = this.#session?.looked ?? this.#opened?.source;
    if (!source) return;
    this.#show("generating");
    for await (const piece of answer(source, prompt, sampling)) {
      this.#post({ kind: "generated", piece });
      await this.#looks?.answer();
      if (this.#interrupted) break;
    }
    this.#show(this.#resting());
  }

  /** Changes the learning rate at once, since messages come between two steps, and keeps a run that is paused. */
  async #changeRate(learningRate: number): Promise<void> {
    const session = this.#session;
    if (!session) return;
    try {
      session.changeRate(learningRate);
      this.#post({ kind: "rate", rates: session.rates });
    } catch (error) {
      return this.#post({ kind: "failed", at: "rate", message: (error as Error).message });
    }
    await (this.#queue = this.#queue.then(async () => {
      const isConsistent = session.log.records.at(-1)?.step === session.run.step; // not where a step has failed
      if (this.#session === session && isConsistent) await this.#keeping.keep(session);
    }));
  }

  /** Gives the run to the page as a zip. */
  async #pack(): Promise<void> {
    if (!this.#session) return;
    const { name, bytes, commands } = await packRun(this.#session);
    const zip = new Blob([bytes], { type: "application/zip" }); // which the page gets without copying the bytes
    this.#post({ kind: "packed", name, zip, commands });
  }

  /**
   * Ends the run, which is no longer kept; another one that is kept stays. The device is opened anew, which gives its memory
   * back.
   */
  async #reset(): Promise<void> {
    await this.#keeping.end(this.#session);
    this.#session = this.#opened = this.#looks = undefined;
    this.#device.close();
    this.#show("idle");
  }
}

/** What to say of an error. A device that is lost does not come back; the kept run can be resumed on another one. */
const messageOf = (error: Error): string =>
  error instanceof DeviceLostError
    ? `${error.message.replace(/\.$/, "")}; reload the page to resume the run that was kept`
    : error.message;

const isQuestion = (message: ToWorker): message is Question => Object.hasOwn(QUESTIONS, message.kind);
