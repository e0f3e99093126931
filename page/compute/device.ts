/**
 * The device that computes, as the page chooses it.
 *
 * @module
 */
import { type Backend, chooseBackend, type DeviceChoice, type OpenedBackend } from "../../mod.ts";
import type { FromWorker } from "../protocol.ts";

/** One device at a time; closing it frees its memory. */
export class Device {
  readonly #post: (message: FromWorker) => void;
  #opened: OpenedBackend | undefined;

  /** @param post Gets a message about each device that is opened. */
  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  /** Opens a device in place of the last one; where WebGPU is missing, the one that `auto` would take. */
  async open(choice: DeviceChoice): Promise<Backend> {
    this.close();
    try {
      this.#opened = await chooseBackend(choice);
    } catch (error) {
      if (choice !== "webgpu") throw error;
      const { backend } = await chooseBackend("wasm");
      this.#opened = { backend, reason: "this browser offers no WebGPU adapter" };
    }
    const { backend, reason } = this.#opened;
    this.#post({ kind: "device", name: backend.name, device: backend.device, reason });
    return backend;
  }

  /** The device that is open, or the one that `auto` takes. */
  async backend(): Promise<Backend> {
    return this.#opened?.backend ?? await this.open("auto");
  }

  /** Closes it. */
  close(): void {
    this.#opened?.backend.close();
    this.#opened = undefined;
  }
}
