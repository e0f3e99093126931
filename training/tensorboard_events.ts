/**
 * The metrics of a run as an event file for TensorBoard, without TensorFlow or a protobuf library.
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
 * Reference: TensorFlow, `core/lib/io/record_writer.h`, `core/util/event.proto`, `core/framework/summary.proto`.
 *
 * @module
 */
import type { Skill } from "../data/oracle.ts";
import type { StepReport } from "./step_reports.ts";

/**
 * How well the characters of tales are predicted that ask for one skill.
 *
 * @category Training
 */
export interface SkillLosses {
  /** Number of characters. */
  readonly positions: number;
  /** Nats per character. */
  readonly loss: number;
  /** The loss of a perfect predictor on the same characters. */
  readonly optimal: number;
}

/**
 * What a run logs about a step.
 *
 * @category Training
 */
export interface MetricsRecord extends StepReport {
  /** Validation loss in nats per target, where it was measured. */
  readonly validationLoss?: number;
  /** Of a causal model of tales, character by character: the validation loss by skill, where it was measured. */
  readonly skills?: Readonly<Partial<Record<Skill, SkillLosses>>>;
  /** Of a classifier: the share of validation texts that it classifies correctly. */
  readonly accuracy?: number;
  /** Of a classifier: F1, averaged over the classes. */
  readonly macroF1?: number;
  /** Whole epochs done, where the run is validated at the end of each and this step has ended one. */
  readonly completedEpochs?: number;
  /** Mean loss of the steps of the epoch that has ended, each before its update, in nats per target. */
  readonly epochLoss?: number;
  /** Seconds of training so far. */
  readonly seconds: number;
}

/** Fields of a record and their tags in TensorBoard: those of Hugging Face's Trainer, so that runs can be compared. */
const TAGS: Partial<Record<keyof MetricsRecord, string>> = {
  loss: "train/loss",
  gradientNorm: "train/grad_norm",
  learningRate: "train/learning_rate",
  epoch: "train/epoch",
  validationLoss: "eval/loss",
  accuracy: "eval/accuracy",
  macroF1: "eval/f1",
};

/**
 * Encodes records as an event file or as a part of one. TensorBoard reads every file with `tfevents` in its name.
 *
 * @example
 * ```ts
 * import { encodeEvents } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const report = { step: 1, epoch: 0.1, loss: 3, gradientNorm: 1, learningRate: 1e-3, seconds: 0.2 };
 * const start = encodeEvents([], { start: 1.75e9, header: true }), more = encodeEvents([report], { start: 1.75e9 });
 * assertEquals(new TextDecoder().decode(start.subarray(23, 36)), "brain.Event:2");
 * assertEquals(new Uint8Array([...start, ...more]), encodeEvents([report], { start: 1.75e9, header: true }));
 * ```
 *
 * @param records The records. Their numbers are stored in float32.
 * @param options `start`: when the training began, in seconds since 1970; `header`: whether the file begins here.
 * @returns The bytes.
 * @category Training
 */
export function encodeEvents(
  records: readonly MetricsRecord[],
  { start, header = false }: { start: number; header?: boolean },
): Uint8Array {
  const events = records.map((record) => {
    const values = Object.entries(TAGS).flatMap(([field, tag]) => {
      const value = record[field as keyof MetricsRecord];
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
