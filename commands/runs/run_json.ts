/**
 * `run.json`, which records how a run came about: its settings, and for each time it was started or resumed the command
 * line, versions, device and speed. `--config` takes it as it is.
 *
 * @module
 */
import { join } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { readIfThere } from "./run_records.ts";
import { saveFile } from "../files/save_file.ts";
import type { RunState } from "./run_state.ts";
import type { RunSettings } from "../settings/settings.ts";

/** One time that a run was started or resumed. */
interface SessionRecord {
  readonly started: string;
  readonly commandLine: readonly string[];
  readonly miniformer: string;
  readonly deno: string;
  readonly device: string;
  readonly firstStep: number;
  lastStep?: number;
  seconds?: number;
  tokensPerSecond?: number;
}

/** Writes `run.json` when a session starts, and again when it ends. */
export class RunJson {
  readonly #path: string;
  readonly #content: Record<string, unknown>;
  readonly #sessions: readonly SessionRecord[];
  readonly #tokensPerStep: number;
  readonly #begun: number = performance.now();

  private constructor(
    path: string,
    content: Record<string, unknown>,
    sessions: readonly SessionRecord[],
    { batchSize, contextLength, accumulation }: RunSettings,
  ) {
    this.#path = path;
    this.#content = content;
    this.#sessions = sessions;
    this.#tokensPerStep = batchSize * contextLength * accumulation;
  }

  /**
   * Records that a session starts.
   *
   * @param folder the folder of the run
   * @param state the state of the run
   * @param options `config`: values of flags that repeat the run; `step`: the steps done
   * @returns the file, to be finished when the session ends
   * @throws {Error} when it cannot be written
   */
  static async start(
    folder: string,
    { command, settings, backend }: RunState,
    { config, step }: { readonly config: Readonly<Record<string, unknown>>; readonly step: number },
  ): Promise<RunJson> {
    const path = join(folder, "run.json");
    const session: SessionRecord = {
      started: new Date().toISOString(),
      commandLine: Deno.args,
      miniformer: denoJson.version,
      deno: Deno.version.deno,
      device: backend.device,
      firstStep: step,
    };
    const sessions = step > 0 ? earlierSessions(await readIfThere(path).catch(() => "")) : [];
    const file = new RunJson(path, { command, settings: config }, [...sessions, session], settings);
    await file.#save();
    return file;
  }

  /**
   * Records how a session ended.
   *
   * @param step its last step
   * @throws {Error} when the file cannot be written
   */
  async finish(step: number): Promise<void> {
    const session = this.#sessions.at(-1)!, seconds = (performance.now() - this.#begun) / 1000;
    session.lastStep = step;
    session.seconds = Math.round(1000 * seconds) / 1000;
    session.tokensPerSecond = Math.round((step - session.firstStep) * this.#tokensPerStep / seconds);
    await this.#save();
  }

  async #save(): Promise<void> {
    await saveFile(
      this.#path,
      JSON.stringify({ ...this.#content, sessions: this.#sessions }, null, 2) + "\n",
    );
  }
}

/** The sessions that the file holds; none where it is damaged, since nothing depends on them. */
function earlierSessions(text: string): SessionRecord[] {
  try {
    const { sessions } = JSON.parse(text);
    return Array.isArray(sessions) ? sessions : [];
  } catch {
    return [];
  }
}
