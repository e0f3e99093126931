/**
 * The worker: everything that computes.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "./protocol.ts";
import { browserShelf } from "./compute/browser_shelf.ts";
import { Trainer } from "./compute/trainer.ts";

/** The global scope of a dedicated worker; the DOM library has only that of a page. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

const trainer = new Trainer((message) => scope.postMessage(message), browserShelf());
scope.onmessage = ({ data }) => void trainer.receive(data);
