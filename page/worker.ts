/**
 * The worker: everything that computes.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "./protocol.ts";
import type { Shelf } from "./compute/kept_run.ts";
import { Trainer } from "./compute/trainer.ts";

/** The global scope of a dedicated worker; the DOM library has only that of a page. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

/** The file of the browser that keeps a run; pages opened from disk have none. */
const fileOf = async (options: { create: boolean }) =>
  await (await navigator.storage.getDirectory()).getFileHandle("run", options);
const shelf: Shelf = {
  async read() {
    return new Uint8Array(await (await (await fileOf({ create: false })).getFile()).arrayBuffer());
  },
  async write(bytes) {
    if (!bytes) return await (await navigator.storage.getDirectory()).removeEntry("run");
    const writable = await (await fileOf({ create: true })).createWritable(); // replaces the file when it is closed
    await writable.write(bytes);
    await writable.close();
  },
};
const trainer = new Trainer((message) => scope.postMessage(message), shelf);
scope.onmessage = ({ data }) => void trainer.receive(data);
