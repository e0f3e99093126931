/**
 * The file of the browser that keeps a run. All tabs of the page have the same one, so only one of them may write it: the
 * first that does, until its run ends or it is closed.
 *
 * @module
 */
import type { Shelf } from "./kept_run.ts";

/** The name of the file, and of the lock that its writer holds. */
const NAME = "run";

/** The file of this browser; pages opened from disk have none. */
export function browserShelf(): Shelf {
  /** Gives the file back to the other tabs. */
  let release: (() => void) | undefined;
  const folder = async () => {
    try {
      return await navigator.storage.getDirectory();
    } catch {
      throw new Error("this browser keeps no files of this page");
    }
  };
  return {
    async read() {
      const file = await (await folder()).getFileHandle(NAME);
      return new Uint8Array(await (await file.getFile()).arrayBuffer());
    },
    async write(bytes) {
      const place = await folder();
      release ??= await acquire(NAME);
      if (!release) throw new Error("another tab of this page keeps its run");
      if (bytes) return await replace(await place.getFileHandle(NAME, { create: true }), bytes);
      await place.removeEntry(NAME);
      release();
      release = undefined;
    },
  };
}

/** Takes a lock unless another tab holds it; the result gives it back. */
function acquire(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks.request(
      name,
      { ifAvailable: true },
      (lock) => lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined),
    ).catch(reject);
  });
}

/** Replaces a file, whole or not at all. */
async function replace(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    const writable = await file.createWritable(); // the file changes when it is closed
    await writable.write(bytes);
    await writable.close();
  } catch (error) {
    const { name, message } = error as Error;
    throw new Error(name === "QuotaExceededError" ? "the browser has no room for it" : message);
  }
}
