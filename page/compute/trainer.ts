/**
 * What the worker does with each message. It needs no browser: `tests/page_trainer_test.ts` runs it in Deno.
 *
 * @module
 */
import { chooseBackend, objectiveOf, type OpenedBackend, train } from "../../mod.ts";
import { usualInterval } from "../../checkpoints/runs/intervals.ts";
import { type Corpus, encodeSource, ownSource, type Source, talesSource } from "./corpus.ts";
import { Looks } from "./looks.ts";
import type { Choices, FromWorker, Plan, ToWorker, WorkerState } from "../protocol.ts";
import { decodeRun, encodeRun, type KeptRun, restoreRun, type Shelf } from "./kept_run.ts";
import { planRun, Session } from "./session.ts";
import { hasSample, settingsOf } from "./settings.ts";
import { packRun } from "./take_away.ts";

/** Milliseconds of training between two answers to the page. */
const ANSWER_INTERVAL = 40;

/** The most steps between two answers: the losses of no more are kept. */
const MAX_STEPS = 256;

/** Steps of a kept run in one message: the page would take too long to read all of them at once. */
const SHOWN_AT_ONCE = 5000;

/** Holds the text, the device and the run. */
export class Trainer {
  readonly #post: (message: FromWorker) => void;
  /** The messages are worked off one after the other. */
  #queue: Promise<void> = Promise.resolve();
  /** Whether the run should stop after the current step, or the text that is generated after the current piece. */
  #interrupted = false;
  #source: Source | undefined;
  #corpora: Partial<Record<"causal" | "mlm", Corpus>> = {};
  #opened: OpenedBackend | undefined;
  #session: Session | undefined;
  #looks: Looks | undefined;
  readonly #shelf: Shelf | undefined;

  /**
   * @param post Where the answers go.
   * @param shelf Where the newest state of a run is kept; nowhere unless given.
   */
  constructor(post: (message: FromWorker) => void, shelf?: Shelf) {
    this.#post = post;
    this.#shelf = shelf;
  }

  /** Takes a message; the promise resolves when it has been worked off. */
  receive(message: ToWorker): Promise<void> {
    if (message.kind === "distribution" || message.kind === "attention" || message.kind === "inside") {
      this.#looks?.ask(message); // a training that is running answers it sooner than the queue
      return this.#queue = this.#queue.then(() => this.#looks?.answer());
    }
    if (message.kind === "rate") return this.#changeRate(message.learningRate);
    if (message.kind === "pause" || message.kind === "reset") this.#interrupted = true;
    else if (message.kind !== "plan") this.#interrupted = false;
    return this.#queue = this.#queue.then(() => this.#answer(message)).catch((error) => {
      this.#post({ kind: "failed", at: message.kind, message: (error as Error).message });
      if (this.#session) this.#show(this.#resting());
      else if (message.kind === "begin" || message.kind === "restore") this.#show("idle");
    });
  }

  async #answer(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case "text":
        this.#corpora = {};
        this.#source = undefined;
        this.#source = message.text === null ? talesSource() : ownSource(message.text);
        return;
      case "open":
        return await this.#open(message.device);
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
    }
  }

  #show(state: WorkerState): void {
    this.#post({ kind: "state", state });
  }

  /** The state when nothing is running. */
  #resting(): WorkerState {
    const { run } = this.#session!;
    return run.step === run.settings.steps ? "done" : "paused";
  }

  #corpusOf(choices: Choices): Corpus {
    const objective = objectiveOf(settingsOf(choices));
    if (!this.#source) {
      throw new Error("There is no text to train on: choose the tales or a text of your own");
    }
    return this.#corpora[objective] ??= encodeSource(this.#source, objective);
  }

  /** Opens a device; where WebGPU is missing, the one that `auto` would take. */
  async #open(device: (ToWorker & { kind: "open" })["device"]): Promise<void> {
    this.#opened?.backend.close();
    this.#opened = undefined;
    try {
      this.#opened = await chooseBackend(device);
    } catch (error) {
      if (device !== "webgpu") throw error;
      const { backend } = await chooseBackend("wasm");
      this.#opened = { backend, reason: "this browser offers no WebGPU adapter" };
    }
    const { backend, reason } = this.#opened;
    this.#post({ kind: "opened", name: backend.name, device: backend.device, reason });
  }

  async #begin(choices: Choices): Promise<void> {
    this.#show("preparing");
    const corpus = this.#corpusOf(choices), plan = planRun(choices, corpus);
    if (!this.#opened) await this.#open("auto");
    this.#prepare(plan, corpus);
    await this.#train(Infinity);
  }

  /** Makes the model of a run, and tells the page about it. */
  #prepare(plan: Plan, corpus: Corpus): Session {
    const session = this.#session = new Session(this.#opened!.backend, plan, corpus);
    const looks = this.#looks = new Looks(session.looked, this.#post), { references, masked } = session;
    this.#post({ kind: "began", plan, masked, prompt: corpus.prompt, line: looks.line, references });
    return session;
  }

  /** Trains until the last step, a number of steps from now, or an interruption, which comes between two steps. */
  async #train(count: number): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const { run, tokensPerStep } = session,
      { steps } = run.settings,
      last = Math.min(steps, run.step + count);
    if (run.step >= last) return;
    this.#show("training");
    const interval = usualInterval(steps);
    const isDue = (step: number) => step % interval === 0 || step === steps;
    let readAt = run.step + 1, begun = performance.now();
    const pauseAfter = (step: number) =>
      step >= readAt || step === last || isDue(step) || hasSample(step, steps);
    for await (const reports of train(run, { interval: MAX_STEPS, pauseAfter })) {
      const { step } = run, perStep = (performance.now() - begun) / reports.length;
      this.#post({
        kind: "progress",
        losses: reports.map(({ step, loss }) => ({ step, loss })),
        learningRate: reports.at(-1)!.learningRate,
        tokensPerSecond: 1000 * tokensPerStep / perStep,
        secondsLeft: (steps - step) * perStep / 1000,
      });
      const loss = isDue(step) ? await session.validate() : undefined;
      session.log.add(reports, performance.now() - begun, loss);
      if (loss !== undefined) this.#post({ kind: "validated", step, loss });
      if (hasSample(step, steps)) {
        const sample = { step, text: await session.sample() };
        session.log.samples.push(sample);
        this.#post({ kind: "sample", ...sample });
      }
      if (loss !== undefined) await this.#keep(session);
      await (hasSample(step, steps) ? this.#looks?.renew() : this.#looks?.answer());
      if (this.#interrupted || step === last) break;
      readAt = step + Math.max(1, Math.min(Math.floor(ANSWER_INTERVAL / perStep), MAX_STEPS));
      begun = performance.now();
    }
    if (!isDue(run.step)) await this.#keep(session);
    this.#show(this.#resting());
    await this.#looks?.renew();
  }

  /** Keeps the newest state of the run; where the browser refuses, the run goes on without. */
  async #keep(session: Session): Promise<void> {
    const bytes = this.#shelf && await encodeRun(session);
    await this.#shelf?.write(bytes).catch(() => {});
  }

  /** The run that is kept, if there is one. */
  async #kept(): Promise<KeptRun | undefined> {
    return decodeRun(await this.#shelf?.read().catch(() => undefined));
  }

  async #find(): Promise<void> {
    const kept = await this.#kept();
    if (!kept) return;
    this.#post({ kind: "found", own: kept.text !== null, step: kept.step, steps: kept.choices.steps });
  }

  /** Takes the kept run up where it was, and shows again what was shown of it. */
  async #restore(): Promise<void> {
    const kept = await this.#kept();
    if (!kept) throw new Error("The run that was kept is no longer there: begin a new one");
    this.#show("preparing");
    const { choices, text, log: { records, samples, milliseconds }, step } = kept;
    const source = text === null ? talesSource() : ownSource(text);
    const corpus = encodeSource(source, objectiveOf(settingsOf(choices))), plan = planRun(choices, corpus);
    await this.#open(kept.device);
    const session = this.#prepare(plan, corpus);
    restoreRun(session, kept);
    const perStep = milliseconds / step;
    for (let first = 0; first < records.length; first += SHOWN_AT_ONCE) {
      const part = records.slice(first, first + SHOWN_AT_ONCE);
      this.#post({
        kind: "progress",
        losses: part.map(({ step, loss }) => ({ step, loss })),
        learningRate: part.at(-1)!.learningRate,
        tokensPerSecond: 1000 * session.tokensPerStep / perStep,
        secondsLeft: (choices.steps - step) * perStep / 1000,
      });
    }
    for (const { step, validationLoss: loss } of records) {
      if (loss !== undefined) this.#post({ kind: "validated", step, loss });
    }
    this.#post({ kind: "rate", rates: session.rates });
    for (const sample of samples) this.#post({ kind: "sample", ...sample });
    this.#show(this.#resting());
    await this.#looks?.renew();
  }

  async #generate({ prompt, ...sampling }: ToWorker & { kind: "generate" }): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#show("generating");
    for await (const piece of session.answer(prompt, sampling)) {
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
      const isWhole = session.log.records.at(-1)?.step === session.run.step; // not where a step has failed
      if (this.#session === session && isWhole) await this.#keep(session).catch(() => {});
    }));
  }

  /** Gives the run to the page as a zip. */
  async #pack(): Promise<void> {
    if (!this.#session) return;
    const { name, bytes, commands } = await packRun(this.#session);
    const zip = new Blob([bytes], { type: "application/zip" }); // which the page gets without copying the bytes
    this.#post({ kind: "packed", name, zip, commands });
  }

  /** Ends the run, which is no longer kept. The device is opened anew, which gives its memory back. */
  async #reset(): Promise<void> {
    if (this.#session) await this.#shelf?.write(undefined).catch(() => {});
    this.#session = this.#looks = undefined;
    this.#opened?.backend.close();
    this.#opened = undefined;
    this.#show("idle");
  }
}
