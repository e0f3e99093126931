/**
 * Starts the worker, from the web server or from disk.
 *
 * A page opened from disk may not start a worker from a file. It loads the same file as a script instead, which then only
 * defines a function, and starts a worker from the text of that function.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../protocol.ts";
import { WORKER_FILE, WORKER_FUNCTION } from "../names.ts";

/** The worker, as the page sees it. */
export interface Connection {
  send(message: ToWorker): void;
}

/** Starts the worker. `receive` gets its answers, `fail` what ends it. */
export async function connect(
  receive: (message: FromWorker) => void,
  fail: (message: string) => void,
): Promise<Connection> {
  if (location.protocol !== "file:") forbidOtherWorkers();
  const worker = new Worker(location.protocol === "file:" ? await addressFromDisk() : WORKER_FILE);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => receive(data);
  worker.onerror = (event) => {
    event.preventDefault();
    fail(
      `The worker that computes has ended: ${event.message || "it could not be started"}; reload the page`,
    );
  };
  return { send: (message) => worker.postMessage(message) };
}

/** Forbids workers from a Blob, which the policy of index.html has to allow for pages opened from disk. */
function forbidOtherWorkers(): void {
  const rule = document.createElement("meta");
  rule.httpEquiv = "Content-Security-Policy";
  rule.content = `worker-src 'self'`;
  document.head.append(rule);
}

async function addressFromDisk(): Promise<string> {
  const script = document.createElement("script");
  script.src = WORKER_FILE;
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () =>
      reject(new Error(`${WORKER_FILE} is missing: it must be in the folder of index.html`));
    document.head.append(script);
  });
  const program = (globalThis as unknown as Record<string, unknown>)[WORKER_FUNCTION];
  return URL.createObjectURL(new Blob([`(${program})();`], { type: "text/javascript" }));
}
