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

/** Another process holds the lock. The message names it, and says what to do. */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

/** A lock that is held until {@linkcode Lock.release}, or the end of its scope. */
export class Lock implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #keeping: Promise<void> | undefined;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes a lock that is free, or whose process has ended; otherwise a {@linkcode LockedError} ends with the advice. The
   * folder of its file must be there, and nothing else may have its name.
   */
  static async take(path: string, advice?: string): Promise<Lock> {
    while (true) {
      const before = await entryAt(path);
      if (before && !before.isFile) {
        throw new Error(`Cannot lock ${path}: it is ${kindOfEntry(before)}, not the file of a lock`);
      }
      const file = await open(path, before === undefined);
      if (file === undefined) continue;
      const outcome = await tryLock(file, { exclusive: true });
      // Without locks, whoever has created the file holds it.
      if (outcome === "refused" || outcome === "unsupported" && before !== undefined) {
        file.close();
        // Without locks, waiting may not help.
        const what = outcome === "refused"
          ? advice
          : `if that process is gone, remove ${path}: this disk has no locks`;
        throw new LockedError(`${await readHolder(path)} is using it${what ? `; ${what}` : ""}`);
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
   */
  keep(): Promise<void> {
    // One check at a time: two that take the lock again would refuse each other.
    return this.#keeping ??= this.#keep().finally(() => this.#keeping = undefined);
  }

  async #keep(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const there = await entryAt(this.#path);
    if (this.#file === undefined) return; // released in the meantime, so the file is closed
    if (there && isSame(there, file.statSync())) return;
    const renewed = await Lock.take(this.#path);
    if (this.#file === undefined) return renewed.release(); // likewise: nothing would release the new lock
    file.close();
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

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Whether a lock is held, and by which process. */
export interface LockState {
  /** `free`: there is none; `held`: a process holds it; `stale`: the process that held it has ended. */
  readonly state: "free" | "held" | "stale";
  /** Such as `process 123 on laptop (since 2026-11-21T14:03:00Z)`, or `another process`. */
  readonly holder?: string;
}

/** The state of a lock, which is not taken. */
export async function inspectLock(path: string): Promise<LockState> {
  const info = await entryAt(path);
  if (info === undefined) return { state: "free" };
  if (!info.isFile) throw new Error(`${path} is ${kindOfEntry(info)}, not the file of a lock`);
  const holder = await readHolder(path);
  using file = await Deno.open(path, { read: true });
  return { state: await tryLock(file, { exclusive: false }) === "locked" ? "stale" : "held", holder };
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

async function tryLock(
  file: Deno.FsFile,
  { exclusive }: { exclusive: boolean },
): Promise<"locked" | "refused" | "unsupported"> {
  for (let attempt = 0;; attempt++) {
    try {
      // inspectLock holds the lock for a moment, so try more than once.
      if (await file.tryLock(exclusive)) return "locked";
    } catch {
      return "unsupported";
    }
    if (attempt === 3) return "refused";
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Names the holder in the file. On a full disk the lock holds without that, and space can be made with `doctor`. */
async function writeHolder(file: Deno.FsFile): Promise<void> {
  const holder = `process ${Deno.pid} on ${hostName()} (since ${new Date().toISOString()})`;
  try {
    await file.truncate();
    await file.write(new TextEncoder().encode(holder));
  } catch {
    return; // the message for other processes then says "another process"
  }
}

/** The holder that the file names, if it is safe to show: the file may come from an untrusted source. */
async function readHolder(path: string): Promise<string> {
  const bytes = new Uint8Array(300);
  try {
    using file = await Deno.open(path);
    const holder = new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
    if (/^process \d+ on [\w.-]+ \(since [\w.:+-]+\)$/.test(holder)) return holder;
  } catch {
    // removed meanwhile
  }
  return "another process";
}

function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "this-machine"; // without the permission to ask
  }
}
