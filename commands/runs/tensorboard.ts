/**
 * The records of a run as an event file for TensorBoard: `tensorboard --logdir runs`.
 *
 * An event file is a sequence of frames (TFRecord), all numbers little-endian:
 *
 *     length (uint64)   masked CRC-32C of the length (uint32)   data   masked CRC-32C of the data (uint32)
 *
 * The data of a frame is a protobuf message. Of its definitions only these fields are used:
 *
 *     Event    { double wall_time = 1;  int64 step = 2;  string file_version = 3;  Summary summary = 5; }
 *     Summary  { repeated Value value = 1; }
 *     Value    { string tag = 1;  float simple_value = 2; }
 *
 * A field begins with its number and wire type, `number << 3 | type`: 0 varint, 1 eight bytes, 2 length and bytes, 5 four
 * bytes.
 *
 * `metrics.jsonl` is what a run keeps; this file follows from it. It is written anew when a run is resumed, because
 * TensorBoard would show steps twice that were appended again.
 *
 * Reference: TensorFlow, `core/lib/io/record_writer.h`, `core/util/event.proto`, `core/framework/summary.proto`.
 *
 * @module
 */
import { join } from "@std/path";
import { appendText } from "../files/disk.ts";
import { saveFile } from "../files/save_file.ts";
import type { MetricsRecord } from "./metrics_record.ts";

/** The name of the event file; TensorBoard reads every file with `tfevents` in its name. */
export const EVENTS_NAME = "events.out.tfevents.miniformer";

/** Fields of a record and what they are called in TensorBoard: Hugging Face's names, so that runs can be compared. */
const TAGS: Readonly<Record<string, string>> = {
  loss: "train/loss",
  gradientNorm: "train/grad_norm",
  learningRate: "train/learning_rate",
  epoch: "train/epoch",
  tokensPerSecond: "train/tokens_per_second",
  validationLoss: "eval/loss",
  accuracy: "eval/accuracy",
  macroF1: "eval/f1",
};

/**
 * The event file of a run.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { EventFile, EVENTS_NAME } from "./tensorboard.ts";
 *
 * const folder = await Deno.makeTempDir(), record = { epoch: 0.1, loss: 3, gradientNorm: 1, learningRate: 1e-3 };
 * const events = await EventFile.create(folder, []);
 * await events.append([{ ...record, step: 1, seconds: 0.2 }]);
 * assert((await Deno.stat(`${folder}/${EVENTS_NAME}`)).size > 40);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class EventFile {
  readonly #path: string;
  readonly #start: number;

  private constructor(path: string, start: number) {
    this.#path = path;
    this.#start = start;
  }

  /**
   * Writes the event file of a new or resumed run. A file that is there is replaced.
   *
   * @param folder the folder of the run
   * @param records what the run has logged so far, without steps that resuming computes again
   * @returns the file, to append to
   * @throws {Error} when it cannot be written
   */
  static async create(folder: string, records: readonly MetricsRecord[]): Promise<EventFile> {
    // Records count the seconds of training. Times in the file follow them, so pauses between resumed parts take none.
    const start = Date.now() / 1000 - (records.at(-1)?.seconds ?? 0), path = join(folder, EVENTS_NAME);
    await saveFile(path, encodeEvents(records, { start, header: true }));
    return new EventFile(path, start);
  }

  /**
   * Appends records.
   *
   * @param records the records since the last time
   * @throws {Error} when they cannot be written
   */
  async append(records: readonly MetricsRecord[]): Promise<void> {
    await appendText(this.#path, encodeEvents(records, { start: this.#start }));
  }
}

/**
 * Encodes records as an event file or as a part of one. Numbers are stored in float32.
 *
 * @param records the records
 * @param options `start`: when the training began, in seconds since 1970; `header`: whether the file begins here
 * @returns the bytes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeEvents } from "./tensorboard.ts";
 *
 * const header = encodeEvents([], { start: 0, header: true });
 * assertEquals(new TextDecoder().decode(header.subarray(23, 36)), "brain.Event:2");
 * ```
 */
export function encodeEvents(
  records: readonly MetricsRecord[],
  { start, header = false }: { start: number; header?: boolean },
): Uint8Array {
  const events = records.map((record) => {
    const values = Object.entries(TAGS).flatMap(([field, tag]) => {
      const value = (record as unknown as Record<string, unknown>)[field];
      if (typeof value !== "number") return [];
      return message(1, [...message(1, utf8(tag)), 2 << 3 | 5, ...littleEndian("Float32", value)]);
    });
    return frame([...timeOf(start + record.seconds), 2 << 3, ...varint(record.step), ...message(5, values)]);
  });
  if (header) events.unshift(frame([...timeOf(start), ...message(3, utf8("brain.Event:2"))]));
  return Uint8Array.from(events.flat());
}

/** An event between its length and checksums. */
function frame(event: readonly number[]): number[] {
  const length = [...littleEndian("Uint32", event.length), 0, 0, 0, 0]; // no event has 4 GiB
  return [...length, ...maskedCrc(length), ...event, ...maskedCrc(event)];
}

const timeOf = (seconds: number): number[] => [1 << 3 | 1, ...littleEndian("Float64", seconds)];

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

/** A field that holds bytes: a text, or another message. */
const message = (field: number, bytes: readonly number[]): number[] => [
  field << 3 | 2,
  ...varint(bytes.length),
  ...bytes,
];

/** A whole number in groups of seven bits, the lowest first; all but the last have the highest bit set. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return [...bytes, value];
}

function littleEndian(type: "Uint32" | "Float32" | "Float64", value: number): number[] {
  const view = new DataView(new ArrayBuffer(type === "Float64" ? 8 : 4));
  view[`set${type}`](0, value, true);
  return [...new Uint8Array(view.buffer)];
}

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) of each byte value. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? byte >>> 1 ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

/** TFRecord rotates a checksum and adds a constant, because the checksum of data that hold checksums is weak. */
function maskedCrc(bytes: readonly number[]): number[] {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crc >>> 8 ^ CRC_TABLE[(crc ^ byte) & 255];
  crc = ~crc;
  return littleEndian("Uint32", (crc >>> 15 | crc << 17) + 0xa282ead8);
}
