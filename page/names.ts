/**
 * Names that the page and its build agree on.
 *
 * @module
 */

/** The file of the worker. */
export const WORKER_FILE = "worker.js";

/** The global function that is the worker's program, where a page has loaded the file as a script. */
export const WORKER_FUNCTION = "miniformerWorker";
