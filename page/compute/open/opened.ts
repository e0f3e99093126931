/**
 * A model that was opened on the page, to look at, and what resuming its run needs if it has one.
 *
 * @module
 */
import { type Backend, type CheckpointFiles, restoreTraining } from "../../../mod.ts";
import { lenientJson, trainingStateName } from "../../../checkpoints/checkpoint_files.ts";
import { splitSource, talesSource } from "../corpus.ts";
import { type LanguageSettings, VALIDATION_FRACTION } from "../../../checkpoints/runs/language_settings.ts";
import type { LookSource } from "../look/looks.ts";
import type { Choices, FromWorker, GivenFile, Plan } from "../../protocol.ts";
import { planSettings, Session } from "../session.ts";
import { FoundModel } from "./found_model.ts";
import { OpenedRun } from "./opened_run.ts";
import { type OpenedModel, openModel } from "./opened_model.ts";

/** Characters of the validation text of a run by which its model is looked at. */
const SHOWN = 4_000;

/** A model from elsewhere that was opened. */
export class Opened {
  readonly #name: string;
  readonly #opened: OpenedModel;
  readonly #run: OpenedRun | undefined;
  /** Why the run cannot be resumed. */
  readonly #refusal: string | undefined;

  private constructor(
    name: string,
    opened: OpenedModel,
    { run, refusal }: { run?: OpenedRun; refusal?: string },
  ) {
    this.#name = name;
    this.#opened = opened;
    this.#run = run;
    this.#refusal = refusal;
  }

  /** Finds a model among files, and puts it on a device. */
  static async open(files: readonly GivenFile[], backend: Backend): Promise<Opened> {
    const model = await FoundModel.find(files), { name } = model;
    return await withAttempt(`Cannot open ${name}`, async () => {
      const checkpoint = await model.read(await model.chosen());
      const found: { run?: OpenedRun; refusal?: string } = await OpenedRun.read(model).then(
        (run) => ({ run }),
        (error) => ({ refusal: error.message }),
      );
      const text = found.run?.validation ?? talesOf(checkpoint);
      const opened = openModel(backend, name, checkpoint, text && beginningOf(text));
      return new Opened(name, opened, found);
    });
  }

  /** What is looked at. */
  get source(): LookSource {
    return this.#opened.source;
  }

  /** The message that describes the model to the page. */
  get message(): OpenedModel["message"] {
    return this.#opened.message;
  }

  /** Frees its memory; it cannot be looked at afterwards. */
  close(): void {
    this.#opened.close();
  }

  /** Posts whether the run can be resumed, and what is missing. */
  describe(post: (message: FromWorker) => void): void {
    if (this.#refusal !== undefined) {
      post({ kind: "resumable", about: `Its training cannot be resumed here: ${this.#refusal}.` });
    }
    if (!this.#run) return;
    const { step, settings: { steps }, about: { text, device }, source, backendName } = this.#run;
    const done = `It has been trained for ${step} of ${steps} steps on ${text}`;
    if (!source) {
      return post({ kind: "resumable", about: `${done}. To resume, choose that text.`, needs: "text" });
    }
    const { name } = this.source.backend;
    const change = name === backendName
      ? ""
      : ` On another device (it was ${device}) numbers differ in their last digits.`;
    post({ kind: "resumable", about: `${done}.${change}`, needs: "nothing" });
  }

  /** Takes the text that the run was trained on. */
  async supply({ path, blob }: GivenFile, post: (message: FromWorker) => void): Promise<void> {
    this.#run?.supply(path, new Uint8Array(await blob.arrayBuffer()));
    this.describe(post);
  }

  /** Resumes the run from its newest checkpoint. */
  async resume(): Promise<{ readonly session: Session; readonly plan: Plan }> {
    const run = this.#run;
    if (!run?.source) throw new Error(`Cannot resume ${this.#name}: its text is missing`);
    return await withAttempt(`Cannot resume ${this.#name}`, async () => {
      const { settings } = run, { files, corpus, log } = await run.open();
      const plan = planSettings(settings, choicesFrom(settings), corpus);
      const session = new Session(this.source.backend, plan, corpus, { settings });
      restoreTraining(session.run, files);
      session.log.content = log;
      return { session, plan };
    });
  }
}

/** The validation text of a model of the tales, also without its run. */
function talesOf(files: CheckpointFiles): string | undefined {
  const { source } = lenientJson(files[trainingStateName(files)]);
  const data = (source as { data?: unknown } | undefined)?.data,
    isOfTales = Array.isArray(data) && data.length === 0;
  return isOfTales ? splitSource(talesSource(), VALIDATION_FRACTION)[1].join("") : undefined;
}

/** The beginning of a text, from its first new paragraph or line on if that is near: the text may begin in the middle of one. */
function beginningOf(text: string): string {
  const start = Math.max(...["\n\n", "\n"].map((end) => {
    const at = text.slice(0, SHOWN / 4).indexOf(end);
    return at < 0 ? 0 : at + end.length;
  }));
  return text.slice(start, start + SHOWN);
}

/** Settings as choices, which are only shown: the name of the preset need not be one of the page's. */
function choicesFrom(settings: LanguageSettings): Choices {
  const { layers, heads, modelDim, contextLength, batchSize, steps, learningRate, seed } = settings;
  const preset = settings.preset as Choices["preset"];
  return { preset, layers, heads, modelDim, contextLength, batchSize, steps, learningRate, seed };
}

/** Puts what failed in front of an error's message, unless that already says it. */
async function withAttempt<Result>(attempt: string, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith("Cannot ")) throw error;
    const advice = /\.safetensors: .*(truncated|header)/.test(message)
      ? "; copy or download the folder again"
      : "";
    throw new Error(`${attempt}: ${message}${advice}`, { cause: error });
  }
}
