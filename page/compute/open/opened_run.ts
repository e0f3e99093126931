/**
 * Resuming a run that was trained elsewhere: whether that is possible here, and with which settings and text. A resumed run
 * computes what `deno task train --resume` would.
 *
 * @module
 */
import { type CheckpointFiles, loadConfig, loadTrainingState } from "../../../mod.ts";
import { FORMER_TRAINING_STATE, lenientJson, TRAINING_STATE } from "../../../checkpoints/checkpoint_files.ts";
import type { LanguageSettings } from "../../../checkpoints/runs/language_settings.ts";
import type { RunState, TextSource } from "../../../checkpoints/runs/run_state.ts";
import type { MetricsRecord } from "../../../mod.ts";
import { updateRule } from "../../../training/optimizers.ts";
import {
  type Corpus,
  encodeWith,
  fingerprintOfSource,
  type Source,
  splitSource,
  talesSource,
} from "../corpus.ts";
import type { LogContent } from "../run_log.ts";
import { configOf } from "../session.ts";
import type { FoundModel } from "./found_model.ts";
import { tokenizerOf } from "./opened_model.ts";

/** The name of the text in a zip of this page. */
const TEXT_NAME = "text.txt";

/** The settings of a run of `deno task train`. */
type Settings = LanguageSettings & { readonly patience?: number; readonly maskRule?: string };

type State = RunState<Settings, TextSource>;

/** A run that can be resumed once its text is known. */
export class OpenedRun {
  readonly #model: FoundModel;
  readonly #state: State;
  /** Steps that it has done. */
  readonly step: number;
  /** Its text. */
  source: Source | undefined;

  private constructor(model: FoundModel, state: State, step: number) {
    this.#model = model;
    this.#state = state;
    this.step = step;
  }

  /** Reads the state of a run and, if it is there, its text; undefined if this is not a run. It throws where the run cannot be resumed. */
  static async read(model: FoundModel): Promise<OpenedRun | undefined> {
    const folder = model.newest, content: CheckpointFiles = {};
    if (!model.has(`${folder}optimizer.safetensors`)) return undefined;
    for (const name of [TRAINING_STATE, FORMER_TRAINING_STATE]) {
      const bytes = await model.readIfThere(folder + name);
      if (bytes) content[name] = bytes;
    }
    if (Object.keys(content).length === 0) return undefined;
    const { step, ...state } = loadTrainingState(content);
    const run = new OpenedRun(model, state as unknown as State, step);
    run.#expectPossible();
    await run.#findText();
    return run;
  }

  /** The settings of the run. */
  get settings(): LanguageSettings {
    return this.#state.settings;
  }

  /** The backend that it was trained with. */
  get backendName(): string {
    return this.#state.backend?.name;
  }

  /** What it was trained on, and by which device. */
  get about(): { readonly text: string; readonly device: string } {
    const { source: { data }, backend } = this.#state;
    return {
      text: data.length === 0 ? "the tales" : data[0].replace(/.*[/\\]/, ""),
      device: backend?.device ?? "another",
    };
  }

  /** Refuses a run that the page cannot resume. */
  #expectPossible(): void {
    const { command = "train", settings, source } = this.#state;
    if (command !== "train") throw new Error(`it was trained by deno task ${command}, which resumes it`);
    checkSettings(settings);
    if (!Array.isArray(source?.data) || !Array.isArray(source.validation)) {
      throw new Error("its training_state.json does not say which text it was trained on");
    }
    if (source.data.length > 1 || source.validation.length > 0) {
      throw new Error("it was trained on several files; resume it with deno task train --resume");
    }
    if (settings.patience) {
      throw new Error("it was trained with --patience; resume it with deno task train --resume");
    }
    if (this.step >= settings.steps) throw new Error(`it has done all of its ${settings.steps} steps`);
  }

  /** Takes the tales, or the text that came with the run. */
  async #findText(): Promise<void> {
    const { source: { data } } = this.#state;
    if (data.length === 0) {
      const tales = talesSource();
      if (!this.#isText(tales)) {
        throw new Error("it was trained on the tales of another version of Miniformer");
      }
      this.source = tales;
      return;
    }
    for (const name of new Set([TEXT_NAME, data[0].replace(/.*[/\\]/, "")])) {
      const bytes = await this.#model.readOfRun(name);
      if (bytes && this.#accepts(bytes)) return;
    }
  }

  /** Takes a text that may be the one it was trained on. It throws where it is another one. */
  supply(name: string, bytes: Uint8Array): void {
    if (this.#accepts(bytes)) return;
    throw new Error(
      `${name} is not the text that the run was trained on (${this.about.text} as it was then): choose that one`,
    );
  }

  #accepts(bytes: Uint8Array): boolean {
    try {
      const text = new TextDecoder("utf-8", { fatal: !this.settings.replaceInvalid }).decode(bytes);
      const isText = text !== "" && this.#isText({ text });
      if (isText) this.source = { text };
      return isText;
    } catch {
      return false;
    }
  }

  #isText(source: Source): boolean {
    return fingerprintOfSource(source, this.settings.validationFraction) === this.#state.textFingerprint;
  }

  /** The beginning of its validation text; undefined where its text is not known. */
  get validation(): string | undefined {
    return this.source && splitSource(this.source, this.settings.validationFraction)[1].join("");
  }

  /** Reads what a session needs, and checks that it fits the settings of the run. */
  async open(): Promise<
    { readonly files: CheckpointFiles; readonly corpus: Corpus; readonly log: LogContent }
  > {
    const { settings } = this, { tokenizerFingerprint, best, epochLoss } = this.#state;
    const files = await this.#model.read(this.#model.newest, { training: true }),
      tokenizer = tokenizerOf(files);
    if (tokenizer.fingerprint !== (tokenizerFingerprint ?? tokenizer.fingerprint)) {
      throw new Error("its tokenizer.json is not the tokenizer it was trained with");
    }
    const config = loadConfig(files), saved = new Map<string, unknown>(Object.entries(config));
    for (const [name, value] of Object.entries(configOf(settings, tokenizer))) {
      if (saved.get(name) === value) continue;
      throw new Error(
        `config.json says that ${name} is ${saved.get(name)}, the run was started with ${value}`,
      );
    }
    const corpus = encodeWith(this.source!, tokenizer, settings);
    const records = await this.#records();
    const milliseconds = 1000 * (records.at(-1)?.seconds ?? 0);
    return { files, corpus, log: { records, samples: [], rates: [], best, epochLoss, milliseconds } };
  }

  /** The records of its steps; empty if there are none. */
  async #records(): Promise<MetricsRecord[]> {
    const bytes = await this.#model.readOfRun("metrics.jsonl").catch(() => undefined);
    const lines = bytes ? new TextDecoder().decode(bytes).split("\n") : [], records: MetricsRecord[] = [];
    for (const line of lines) {
      const record = lenientJson(line) as Partial<MetricsRecord>,
        { step = NaN, loss, learningRate, seconds } = record;
      const isRecord = step > (records.at(-1)?.step ?? 0) && step <= this.step &&
        [step, loss, learningRate, seconds].every((value) => typeof value === "number");
      if (isRecord) records.push(record as MetricsRecord);
    }
    return records;
  }
}

/** Settings that a run cannot do without. */
const NUMBERS = [
  ...["layers", "heads", "modelDim", "feedForwardDim", "contextLength", "dropoutRate", "initialStd"],
  ...["batchSize", "accumulation", "steps", "seed", "validationFraction", "clipNorm", "weightDecay"],
  ...["learningRate", "minLearningRate", "warmupSteps"],
];

/** Refuses settings that no command writes. */
function checkSettings(settings: Settings): void {
  const values = new Map<string, unknown>(Object.entries(settings ?? {}));
  const isFinite = (value: unknown) => typeof value === "number" && value >= 0 && Number.isFinite(value);
  const wrong = NUMBERS.find((name) => !isFinite(values.get(name))) ??
    [...values].find(([, value]) => typeof value === "number" && !isFinite(value))?.[0] ??
    (["cosine", "linear", "constant"].includes(settings.schedule) ? undefined : "schedule") ??
    (["huggingface", "fairseq", undefined].includes(settings.maskRule) ? undefined : "maskRule");
  if (wrong !== undefined) {
    const value = JSON.stringify(values.get(wrong));
    throw new Error(
      `its training_state.json ${
        value ? `has the wrong setting ${wrong}: ${value}` : `lacks the setting ${wrong}`
      }`,
    );
  }
  updateRule(settings.optimizer);
}
