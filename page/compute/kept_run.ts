/**
 * The newest state of a run, kept so that it can be resumed after the page was closed: the choices, the text, what has been
 * shown, and the numbers as they are in memory. Only the same page reads it; {@linkcode packRun} writes what others can read.
 *
 *     4 bytes       length of the description, little-endian
 *     description   JSON in UTF-8
 *     floats        the parameters, then each array of the optimizer
 *
 * @module
 */
import { type Backend, loadTokenizer, objectiveOf, type Tensor } from "../../mod.ts";
import type { LanguageSettings } from "../../checkpoints/runs/language_settings.ts";
import { encodeSource, encodeWith, ownSource, talesSource } from "./corpus.ts";
import type { Choices, FromWorker, Plan } from "../protocol.ts";
import type { LogContent } from "./run_log.ts";
import { planRun, planSettings, Session } from "./session.ts";
import { settingsOf } from "./settings.ts";

/** A place for one kept run, such as a file of the browser. */
export interface Shelf {
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Replaces what is there, whole or not at all; undefined removes it. It throws the reason why not. */
  write(bytes: Uint8Array<ArrayBuffer> | undefined): Promise<void>;
}

/** The most megabytes of a run that is kept: writing a larger one would take longer than training until the next time. */
const MAX_MEGABYTES = 200;

/** What is kept besides the floats. */
interface Description {
  readonly choices: Choices;
  /** The settings that the choices meant; in another version of the page the same choices may mean others. */
  readonly settings: string;
  /** A text of the user's own; null for the tales. */
  readonly text: string | null;
  readonly device: "cpu" | "wasm" | "webgpu";
  readonly step: number;
  readonly log: LogContent;
  /** Of a run from elsewhere, whose settings the choices cannot express: the files of its tokenizer. */
  readonly tokenizer?: Readonly<Record<string, string>>;
}

/** A run that was kept. */
export interface KeptRun extends Omit<Description, "settings"> {
  readonly settings: LanguageSettings;
  readonly floats: Uint8Array<ArrayBuffer>;
}

const tensorsOf = ({ run: { store, optimizer } }: Session): Tensor[] => [
  store.values,
  ...Object.values(optimizer.state),
];

/** The state of a run as bytes. It throws where they are too many. */
export async function encodeRun(session: Session): Promise<Uint8Array<ArrayBuffer>> {
  const { run, choices, corpus, log } = session, { source } = corpus, tensors = tensorsOf(session);
  const megabytes = Math.ceil(4 * tensors.reduce((sum, { size }) => sum + size, 0) / 1e6);
  if (megabytes > MAX_MEGABYTES) {
    throw new RangeError(`it takes ${megabytes} MB, and at most ${MAX_MEGABYTES} MB are kept`);
  }
  const description: Description = {
    choices,
    settings: JSON.stringify(session.begunWith),
    text: source.optimalLoss === undefined ? source.text : null,
    device: run.backend.name as Description["device"],
    step: run.step,
    log: log.content,
    ...session.isContinued ? { tokenizer: corpus.tokenizer.toHuggingFace() } : {},
  };
  const json = new TextEncoder().encode(JSON.stringify(description));
  const parts: BlobPart[] = [Uint32Array.of(json.length), json];
  for (const tensor of tensors) parts.push(Float32Array.from(await run.backend.read(tensor)));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Reads a run that was kept; undefined where there is none that this version of the page can resume. */
export function decodeRun(bytes: Uint8Array<ArrayBuffer> | undefined): KeptRun | undefined {
  try {
    const end = 4 + new DataView(bytes!.buffer).getUint32(0, true);
    const description: Description = JSON.parse(new TextDecoder().decode(bytes!.subarray(4, end)));
    const { tokenizer, choices } = description;
    const isSame = tokenizer !== undefined || JSON.stringify(settingsOf(choices)) === description.settings;
    const settings: LanguageSettings = JSON.parse(description.settings);
    return isSame ? { ...description, settings, floats: bytes!.slice(end) } : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the kept run again, as it was then. */
export function takeUp(backend: Backend, kept: KeptRun): { readonly session: Session; readonly plan: Plan } {
  const { choices, settings, text, tokenizer } = kept;
  const source = text === null ? talesSource() : tokenizer ? { text } : ownSource(text);
  const corpus = tokenizer
    ? encodeWith(source, loadTokenizer(tokenizer), settings)
    : encodeSource(source, objectiveOf(settings));
  const plan = tokenizer ? planSettings(settings, choices, corpus) : planRun(choices, corpus);
  const session = new Session(backend, plan, corpus, tokenizer && { settings });
  restoreRun(session, kept);
  return { session, plan };
}

/** Sets a new run with the same choices back to what was kept. */
function restoreRun(session: Session, { floats, step, log }: KeptRun): void {
  const values = new Float32Array(floats.buffer), tensors = tensorsOf(session);
  if (values.length !== tensors.reduce((sum, { size }) => sum + size, 0)) {
    throw new Error("The run that was kept is damaged: begin a new one");
  }
  let offset = 0;
  for (const tensor of tensors) {
    session.run.backend.write(tensor, values.subarray(offset, offset + tensor.size));
    offset += tensor.size;
  }
  session.run.step = step;
  session.log.content = log;
  for (const { learningRate } of session.log.rates) session.run.changeLearningRate(learningRate);
}

/** Keeps a run while it trains. The shelf has room for one. */
export class Keeping {
  readonly #post: (message: FromWorker) => void;
  readonly #shelf: Shelf | undefined;
  /** The run that the shelf holds, if this worker trains it. */
  #shelved: Session | undefined;
  /** The run that the shelf does not take. */
  #refused: Session | undefined;

  /**
   * @param post Gets the reason why a run is not kept.
   * @param shelf The place; without one nothing is kept.
   */
  constructor(post: (message: FromWorker) => void, shelf: Shelf | undefined) {
    this.#post = post;
    this.#shelf = shelf;
  }

  /** Keeps the newest state of a run. Where that is refused the page is told once, and the run continues all the same. */
  async keep(session: Session): Promise<void> {
    if (!this.#shelf || this.#refused === session) return;
    try {
      await this.#shelf.write(await encodeRun(session));
      this.#shelved = session;
    } catch (error) {
      this.#refused = session;
      this.#post({ kind: "unkept", reason: (error as Error).message });
    }
  }

  /** The run that is kept, if there is one. */
  async read(): Promise<KeptRun | undefined> {
    return decodeRun(await this.#shelf?.read().catch(() => undefined));
  }

  /** Notes that a run was made of the one that is kept. */
  adopt(session: Session): void {
    this.#shelved = session;
  }

  /** Keeps a run no longer that has ended; another one that is kept stays. */
  async end(session: Session | undefined): Promise<void> {
    if (session && session === this.#shelved) await this.#shelf?.write(undefined).catch(() => {});
    this.#shelved = this.#refused = undefined;
  }
}
