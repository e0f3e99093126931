/**
 * A lock that at most one process on the same disk holds.
 *
 * It is the operating system's exclusive lock on a small file that names the holder. The system releases the lock when the
 * process ends, however it ends, so the file that a killed process leaves behind blocks no other process. On a file system
 * without such locks (some network file systems) the file itself is the lock, and stays when its process is killed.
 *
 * @module
 */
import { reason } from "../cli/errors.ts";
import { entryAt, isSame, kindOfEntry } from "./disk.ts";

/** Who holds a lock. */
export interface Holder {
  /** The process id. */
  readonly process: number;
  /** The machine it runs on. */
  readonly host: string;
  /** When it took the lock, in ISO 8601. */
  readonly since: string;
}

/** Another process holds the lock. The message names it. */
export class LockedError extends Error {
  /** `"LockedError"`. */
  override readonly name = "LockedError";
  /** What to do, where waiting may not help. */
  readonly advice?: string;

  /**
   * Makes the error.
   *
   * @param message who holds the lock
   * @param advice what to do, where waiting may not help
   */
  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/**
 * A lock that is held.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { Lock, LockedError } from "./lock.ts";
 *
 * const path = `${await Deno.makeTempDir()}/lock`;
 * {
 *   using _ = await Lock.take(path);
 *   await assertRejects(() => Lock.take(path), LockedError, `process ${Deno.pid} on `);
 * }
 * (await Lock.take(path)).release();
 * ```
 */
export class Lock implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #keeping: Promise<void> | undefined;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes a lock that is free, or whose process has ended.
   *
   * @param path the file of the lock; the folder it lies in must be there
   * @returns the lock
   * @throws {LockedError} when another process holds it
   * @throws {Error} when the file cannot be made, or something else has its name
   */
  static async take(path: string): Promise<Lock> {
    while (true) {
      const before = await entryAt(path);
      if (before && !before.isFile) {
        throw new Error(`Cannot lock ${path}: it is ${kindOfEntry(before)}, not the file of a lock`);
      }
      const file = await open(path, before === undefined);
      if (file === undefined) continue;
      const outcome = await tryLock(file, { exclusive: true });
      if (outcome === "refused" || outcome === "unsupported" && before !== undefined) {
        file.close();
        const advice = `if that process is gone, remove ${path}: this disk has no locks`;
        const holder = describeHolder(await readHolder(path));
        throw new LockedError(`${holder} is at work there`, outcome === "refused" ? undefined : advice);
      }
      // The former holder may have removed the file after we opened it and before we locked it.
      const there = await entryAt(path);
      if (there?.isFile && isSame(there, await file.stat())) {
        await writeHolder(file);
        return new Lock(path, file);
      }
      file.close();
    }
  }

  /**
   * Makes sure that the lock is still held. Where its file was removed, another process may have taken a new one; where
   * none has, it is taken again.
   *
   * @throws {LockedError} when another process holds it now
   * @throws {Error} when the file cannot be made again
   */
  keep(): Promise<void> {
    // One look at a time: two that take the lock again would refuse each other.
    return this.#keeping ??= this.#keep().finally(() => this.#keeping = undefined);
  }

  async #keep(): Promise<void> {
    if (this.#file === undefined) return;
    const there = await entryAt(this.#path);
    if (there && isSame(there, await this.#file.stat())) return;
    const renewed = await Lock.take(this.#path);
    this.#file.close();
    this.#file = renewed.#file;
  }

  /** Releases the lock and removes its file. */
  release(): void {
    if (this.#file === undefined) return;
    try {
      if (isSame(Deno.lstatSync(this.#path), this.#file.statSync())) Deno.removeSync(this.#path);
    } catch {
      // A file that cannot be removed blocks no other process.
    }
    this.leave();
  }

  /** Releases the lock and leaves its file, which marks a folder as ours. */
  leave(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Releases the lock and removes its file. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Whether a lock is held, and by whom. */
export interface LockState {
  /** `free`: there is none; `held`: a process holds it; `stale`: the process that held it has ended. */
  readonly state: "free" | "held" | "stale";
  /** Who holds or held it, if that can be read. */
  readonly holder?: Holder;
}

/**
 * Looks at a lock without taking it.
 *
 * @param path the file of the lock
 * @returns what is found
 * @throws {Error} when something else has its name
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Lock, lookAtLock } from "./lock.ts";
 *
 * const path = `${await Deno.makeTempDir()}/lock`;
 * using _ = await Lock.take(path);
 * assertEquals((await lookAtLock(path)).state, "held");
 * assertEquals((await lookAtLock(`${path}2`)).state, "free");
 * ```
 */
export async function lookAtLock(path: string): Promise<LockState> {
  const info = await entryAt(path);
  if (info === undefined) return { state: "free" };
  if (!info.isFile) throw new Error(`${path} is ${kindOfEntry(info)}, not the file of a lock`);
  const holder = await readHolder(path);
  using file = await Deno.open(path, { read: true });
  return { state: await tryLock(file, { exclusive: false }) === "locked" ? "stale" : "held", holder };
}

/**
 * Names the holder of a lock.
 *
 * @param holder who holds it, if that is known
 * @returns such as `process 123 on laptop (since 2026-11-21T14:03:00Z)`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeHolder } from "./lock.ts";
 *
 * assertEquals(describeHolder({ process: 7, host: "laptop", since: "noon" }), "process 7 on laptop (since noon)");
 * assertEquals(describeHolder(undefined), "another process");
 * ```
 */
export function describeHolder(holder: Holder | undefined): string {
  return holder ? `process ${holder.process} on ${holder.host} (since ${holder.since})` : "another process";
}

/** Opens the file, or gives undefined when it was created or removed since `entryAt` was called. */
async function open(path: string, createNew: boolean): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { read: true, write: true, createNew });
  } catch (error) {
    if (createNew && error instanceof Deno.errors.AlreadyExists) return undefined;
    if (!createNew && error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`Cannot lock ${path}: ${reason(error)}`, { cause: error });
  }
}

/** Locks the file. On a file system without locks, the caller decides: whoever created the file holds the lock. */
async function tryLock(
  file: Deno.FsFile,
  { exclusive }: { exclusive: boolean },
): Promise<"locked" | "refused" | "unsupported"> {
  for (let attempt = 0;; attempt++) {
    try {
      // lookAtLock holds the lock for a moment, so try more than once.
      if (await file.tryLock(exclusive)) return "locked";
    } catch {
      return "unsupported";
    }
    if (attempt === 3) return "refused";
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Says in the file who holds it. On a full disk the lock holds without that, and space can be made with `doctor`. */
async function writeHolder(file: Deno.FsFile): Promise<void> {
  const holder: Holder = { process: Deno.pid, host: hostName(), since: new Date().toISOString() };
  try {
    await file.truncate();
    await file.write(new TextEncoder().encode(JSON.stringify(holder) + "\n"));
  } catch {
    return; // whoever is refused is told of "another process"
  }
}

/** The holder that the file names, if it is safe to show: the file may come from an untrusted source. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(1000), count = await file.read(bytes) ?? 0;
    const { process, host, since } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, count)));
    const isText = (text: unknown) => typeof text === "string" && /^[\w.:+-]{1,100}$/.test(text);
    return Number.isSafeInteger(process) && isText(host) && isText(since)
      ? { process, host, since }
      : undefined;
  } catch {
    return undefined;
  }
}

function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "this-machine"; // without the permission to ask
  }
}
