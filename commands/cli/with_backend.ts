/**
 * The device that a command runs on.
 *
 * @module
 */
import { chooseBackend, type DeviceChoice, type OpenedBackend } from "../../core/open_backend.ts";

/** Opens a device, the best there is unless one is chosen, and closes it after use in any case. */
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
