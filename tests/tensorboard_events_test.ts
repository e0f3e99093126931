import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EVENTS_NAME } from "../commands/files/own_names.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { encodeEvents, type MetricsRecord } from "../mod.ts";
import { inFolder } from "./_command.ts";

const recordAt = (step: number, more: Partial<MetricsRecord> = {}): MetricsRecord => ({
  ...{
    step,
    epoch: step / 10,
    loss: 4 - step / 100,
    gradientNorm: 1.5,
    learningRate: 1e-3,
    seconds: step / 4,
  },
  ...more,
});

/**
 * The event file of a record of step 300, as TensorBoard 2.21.0 reads it: its `EventAccumulator` finds all five scalars,
 * its `masked_crc32c` gives the same checksums, and its `Event` serializes to the same bytes.
 */
const GOLDEN = "1800000000000000a37f4b220900000060b813da411a0d627261696e2e4576656e743a32" +
  "4a7029a27b000000000000001bf7cfce090000c072b813da4110ac022a6d" +
  "0a110a0a747261696e2f6c6f7373150000803f0a160a0f747261696e2f677261645f6e6f726d150000c03f" +
  "0a1a0a13747261696e2f6c6561726e696e675f72617465156f12833a0a120a0b747261696e2f65706f6368150000f041" +
  "0a100a096576616c2f6c6f737315000020403bd9520e";

/** The times and steps of the events in a file, the header without a step. */
function eventsIn(bytes: Uint8Array): { time: number; step: number | undefined }[] {
  const events = [], view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true)), from = at + 12;
    let step: number | undefined;
    if (bytes[from + 9] === 2 << 3) {
      step = 0;
      for (let i = from + 10, scale = 1;; i++, scale *= 128) {
        step += (bytes[i] & 127) * scale;
        if (bytes[i] < 128) break;
      }
    }
    events.push({ time: view.getFloat64(from + 1, true), step });
    at = from + length + 4;
  }
  return events;
}

Deno.test("an event file has the bytes that TensorBoard reads", () => {
  const bytes = encodeEvents([recordAt(300, { validationLoss: 2.5 })], { start: 1.75e9, header: true });
  assertEquals(bytes.toHex(), GOLDEN);
});

Deno.test("steps beyond 32 bits keep their value", () => {
  const [event] = eventsIn(encodeEvents([recordAt(2 ** 40 + 5)], { start: 0 }));
  assertEquals(event.step, 2 ** 40 + 5);
});

Deno.test("the event file of a resumed run holds each step once, and times without the pause", () =>
  inFolder(async (cwd) => {
    const folder = `${cwd}/mine`, path = `${folder}/${EVENTS_NAME}`;
    {
      using run = await RunFolder.create(folder, "");
      await run.startEvents({ requested: true });
      await run.log([recordAt(1), recordAt(2)]);
      await run.save("last", 2, {});
      await run.log([recordAt(3)]);
    }
    await Deno.writeFile(path, Uint8Array.of(7, 7), { append: true }); // a process killed while it wrote
    using resumed = await RunFolder.open(folder);
    await resumed.rewind({ path: `${folder}/last`, step: 2, files: {} });
    await resumed.startEvents({ requested: false });
    const now = Date.now() / 1000;
    await resumed.log([recordAt(3), recordAt(4)]);
    const events = eventsIn(await Deno.readFile(path)), [header] = events;
    assertEquals(events.map(({ step }) => step), [undefined, 1, 2, 3, 4]);
    assert(events[2].time <= now, "what was logged before lies in the past");
    const seconds = events.slice(1).map(({ time }) => (time - header.time).toFixed(3));
    assertEquals(seconds, ["0.250", "0.500", "0.750", "1.000"]);
  }));

Deno.test("a link in place of the event file is not followed", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    const path = `${run.path}/${EVENTS_NAME}`, victim = `${cwd}/mine.txt`;
    await Deno.writeTextFile(victim, "mine");
    await Deno.symlink(victim, path);
    await run.startEvents({ requested: true }); // replaces the link
    await Deno.remove(path);
    await Deno.symlink(victim, path);
    await run.log([recordAt(2)]);
    assertStringIncludes(run.failure!.message, "it is a symbolic link, not a file");
    assertEquals(await Deno.readTextFile(victim), "mine");
  }));
