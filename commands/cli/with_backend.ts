/**
 * The device that a command runs on.
 *
 * @module
 */
import { chooseBackend, type DeviceChoice, type OpenedBackend } from "../../core/open_backend.ts";

/**
 * Opens a device, uses it, and closes it in any case.
 *
 * @param device which one; the best there is unless given
 * @param body what to do with it
 * @throws {Error} when there is no such device; errors of the body pass through
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withBackend } from "./with_backend.ts";
 *
 * await withBackend("cpu", ({ backend }) => assertEquals(backend.name, "cpu"));
 * ```
 */
export async function withBackend(
  device: DeviceChoice | undefined,
  body: (opened: OpenedBackend) => void | Promise<void>,
): Promise<void> {
  const opened = await chooseBackend(device ?? "auto");
  try {
    await body(opened);
  } finally {
    opened.backend.close();
  }
}
