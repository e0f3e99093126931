import { assertEquals, assertThrows } from "@std/assert";
import { readSafetensors, readTensorEntries, writeSafetensors } from "../checkpoints/safetensors.ts";

/** A file with any header and any data. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

/** A file of one tensor, `x`. */
const fileOfOne = (dtype: string, shape: number[], data: ArrayBuffer) =>
  fileOf({ x: entry(dtype, shape, 0, data.byteLength) }, new Uint8Array(data));

for (const name of ["openai-gpt-mini", "gpt2-mini"]) {
  Deno.test(`safetensors: ${name}, written again, is the file that Python wrote`, () => {
    const file = Deno.readFileSync(new URL(`../fixtures/${name}/model.safetensors`, import.meta.url));
    assertEquals(writeSafetensors([...readSafetensors(file).values()]), file);
  });
}

Deno.test("safetensors: what is written is read, in order, with any shape and any name", () => {
  const arrays = [
    { name: 'z "ü" 😀', shape: [2, 3], data: Float32Array.of(1, -2, 3e38, 1e-45, -0, NaN) },
    { name: "scalar", shape: [], data: Float32Array.of(Infinity) },
    { name: "7", shape: [1], data: Float32Array.of(7, 8, 9).subarray(1, 2) },
    { name: "empty", shape: [0, 5], data: new Float32Array(0) },
  ];
  const file = writeSafetensors(arrays);
  assertEquals([...readSafetensors(file).values()], arrays);
  assertEquals(new DataView(file.buffer).getUint32(0, true) % 8, 0, "the data is aligned");
});

Deno.test("safetensors: a file may lie anywhere in memory", () => {
  const file = writeSafetensors([{ name: "x", shape: [2], data: Float32Array.of(1, 2) }]);
  const moved = new Uint8Array(file.length + 3);
  moved.set(file, 3);
  assertEquals(readSafetensors(moved.subarray(3)), readSafetensors(file));
});

Deno.test("safetensors: all 65,536 half-precision numbers are widened exactly", () => {
  const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits), view = new DataView(data.buffer);
  assertEquals(
    readSafetensors(fileOfOne("F16", [65536], data.buffer)).get("x")!.data,
    Float32Array.from(data, (_, index) => view.getFloat16(2 * index, true)),
  );
});

Deno.test("safetensors: bfloat16 numbers are the upper halves of 32-bit ones", () => {
  const data = Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0);
  assertEquals(
    readSafetensors(fileOfOne("BF16", [2, 4], data.buffer)).get("x")!.data,
    Float32Array.of(1, -2, 3.140625, 2 ** -133, -0, Infinity, -Infinity, NaN),
  );
});

Deno.test("safetensors: double precision is rounded", () => {
  const data = Float64Array.of(0.1, -1e300, 2 ** -160);
  assertEquals(
    readSafetensors(fileOfOne("F64", [3], data.buffer)).get("x")!.data,
    Float32Array.of(Math.fround(0.1), -Infinity, 0),
  );
});

Deno.test("safetensors: tensors that are no floats are checked, and left out", () => {
  const header = {
    mask: entry("BOOL", [3], 4, 7),
    x: entry("F32", [1], 0, 4),
    ids: entry("I64", [1], 7, 15),
  };
  assertEquals([...readSafetensors(fileOf(header, new Uint8Array(15))).keys()], ["x"]);
  const wrong = { ids: entry("I64", [1], 0, 4) };
  assertThrows(() => readSafetensors(fileOf(wrong, new Uint8Array(4))), TypeError, "expected 8 for I64 (1)");
});

Deno.test("safetensors: metadata is read over", () => {
  const header = { __metadata__: { format: "pt", more: "words" }, x: entry("F32", [1], 0, 4) };
  assertEquals([...readSafetensors(fileOf(header, new Uint8Array(4))).keys()], ["x"]);
});

const two = (first: unknown, second: unknown) => ({ first, second });
const whole = writeSafetensors([{ name: "x", shape: [3, 2], data: new Float32Array(6) }]);

const DAMAGED: Record<string, [file: Uint8Array, message: string]> = {
  "no bytes": [new Uint8Array(0), "the file has 0 bytes: it is no safetensors file"],
  "seven bytes": [new Uint8Array(7), "the file has 7 bytes"],
  "cut in the header": [whole.subarray(0, 20), "the header claims"],
  "cut in the data": [
    whole.subarray(0, whole.length - 1),
    `tensor x ends at byte ${whole.length} but the file has ${whole.length - 1}: it is truncated`,
  ],
  "a header of 2⁶³ bytes": [new Uint8Array(64).fill(0x80), "it is truncated or no safetensors file"],
  "a header that is no JSON": [fileOf('{"x": '), "the header is not JSON"],
  "a header that is no UTF-8": [
    fileOf({ x: entry("F32", [0], 0, 0) }).with(10, 0xff),
    "the header is not JSON",
  ],
  "a header that is a list": [fileOf("[1]"), "the header is not a JSON object"],
  "a header that is null": [fileOf("null"), "the header is not a JSON object"],
  "an entry that is null": [fileOf({ x: null }), "tensor x has no valid shape and offsets"],
  "no shape": [fileOf({ x: { dtype: "F32", data_offsets: [0, 0] } }), "tensor x has no valid shape"],
  "a negative size": [fileOf({ x: entry("F32", [-1], 0, 0) }), "tensor x has no valid shape"],
  "half a size": [fileOf({ x: entry("F32", [0.5], 0, 2) }), "tensor x has no valid shape"],
  "offsets the wrong way round": [fileOf({ x: entry("F32", [1], 4, 0) }), "tensor x has no valid shape"],
  "three offsets": [
    fileOf({ x: { dtype: "F32", shape: [0], data_offsets: [0, 0, 0] } }),
    "tensor x has no valid shape",
  ],
  "an unknown type": [fileOf({ x: entry("F4", [1], 0, 1) }), 'tensor x: dtype is "F4", expected one of F64,'],
  "a type that every object has": [
    fileOf({ x: entry("toString", [1], 0, 1) }),
    'tensor x: dtype is "toString", expected one of F64,',
  ],
  "no type": [
    fileOf({ x: { shape: [0], data_offsets: [0, 0] } }),
    "tensor x: dtype is missing, expected one of F64,",
  ],
  "more bytes than the shape says": [
    fileOf({ x: entry("F32", [], 0, 8) }, new Uint8Array(8)),
    "tensor x has 8 bytes, expected 4 for F32 ()",
  ],
  "fewer bytes than the shape says": [
    fileOf({ x: entry("F32", [2, 3], 0, 20) }, new Uint8Array(20)),
    "tensor x has 20 bytes, expected 24 for F32 (2, 3)",
  ],
  "a shape beyond all memory": [
    fileOf({ x: entry("F32", [2 ** 40, 2 ** 40], 0, 8) }, new Uint8Array(8)),
    "tensor x has 8 bytes, expected",
  ],
  "a hole": [
    fileOf(two(entry("F32", [1], 0, 4), entry("F32", [1], 8, 12)), new Uint8Array(12)),
    "tensor second begins at byte 8 of the data, expected 4",
  ],
  "a hole at the start": [
    fileOf({ x: entry("F32", [1], 4, 8) }, new Uint8Array(8)),
    "tensor x begins at byte 4 of the data, expected 0",
  ],
  "an overlap": [
    fileOf(two(entry("F32", [2], 0, 8), entry("F32", [1], 4, 8)), new Uint8Array(8)),
    "tensor second begins at byte 4 of the data, expected 8",
  ],
  "two tensors in one place": [
    fileOf(two(entry("F32", [1], 0, 4), entry("F32", [1], 0, 4)), new Uint8Array(4)),
    "tensor second begins at byte 0 of the data, expected 4",
  ],
  "bytes left over": [
    fileOf({ x: entry("F32", [1], 0, 4) }, new Uint8Array(5)),
    "bytes, expected",
  ],
};

for (const [damage, [file, message]] of Object.entries(DAMAGED)) {
  Deno.test(`safetensors refuses a file with ${damage}`, () => {
    assertThrows(() => readSafetensors(file), TypeError, message);
  });
}

Deno.test("safetensors refuses a header of more than 100 million bytes", () => {
  const file = new Uint8Array(100_000_100);
  new DataView(file.buffer).setBigUint64(0, 100_000_001n, true);
  assertThrows(
    () => readSafetensors(file),
    TypeError,
    "the header claims 100000001 bytes of a file of 100000100",
  );
});

Deno.test("safetensors refuses to write an array that is not as long as its shape says", () => {
  assertThrows(
    () => writeSafetensors([{ name: "x", shape: [2, 2], data: new Float32Array(3) }]),
    TypeError,
    "Cannot write x: 3 elements, expected 4",
  );
});

Deno.test("safetensors: a tensor may be called as properties of every object are", () => {
  const array = (name: string) => ({ name, shape: [1], data: Float32Array.of(name.length) });
  const arrays = ["__proto__", "constructor", "10", "2"].map(array);
  assertEquals([...readSafetensors(writeSafetensors(arrays)).values()], arrays);
  for (const name of ["__metadata__", "10"]) {
    assertThrows(
      () => writeSafetensors([...arrays, array(name)]),
      TypeError,
      `Cannot write ${name}: two arrays have this name`,
    );
  }
});

Deno.test("safetensors: messages stay short, whatever a header holds", () => {
  const long = "x".repeat(1e6), many = Array(1e5).fill(1);
  const headers = [
    { [long]: null },
    { [long]: entry("F32", [3], 0, 4) },
    { x: entry(long, [1], 0, 4) },
    { x: entry("F32", many, 0, 4) },
    { x: entry("F32", [2 ** 52, 2 ** 52, 2 ** 52], 0, 4) },
    { [`\x1b[31m\u2028`]: 5 },
  ].map((header) => fileOf(header, new Uint8Array(4)));
  headers.push(
    fileOf(`{"x": {"dtype": ${"[".repeat(1e5)}${"]".repeat(1e5)}, "shape": [1], "data_offsets": [0, 4]}}`),
  );
  for (const bytes of headers) {
    const { message } = assertThrows(() => readSafetensors(bytes), TypeError);
    assertEquals(message.length < 300, true, message.slice(0, 500));
    assertEquals(["\x1b", "\u2028"].some((character) => message.includes(character)), false, message);
  }
});

Deno.test("safetensors: 16-bit numbers are written rounded to the nearest, and read again", () => {
  const data = Float32Array.of(1, -2.5, 1 / 3, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 0, 2 ** -24, 65504);
  const written = (type: "f16" | "bf16") => writeSafetensors([{ name: "x", shape: [2, 4], data }], type);
  const halves = [1, -2.5, 0.333251953125, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 0, 2 ** -24, 65504];
  assertEquals([...readSafetensors(written("f16")).get("x")!.data], halves);
  // 8 digits of base 2: 1 + 1/256 is in the middle between 1 and 1 + 1/128, and 1 + 3/256 between that and 1 + 2/128
  const brains = [1, -2.5, 0.333984375, 1, 1 + 2 ** -6, 0, 2 ** -24, 65536];
  assertEquals([...readSafetensors(written("bf16")).get("x")!.data], brains);
  assertEquals(readTensorEntries(written("bf16")).get("x")!.dtype, "BF16");
  const odd = [{ name: "a", shape: [3], data: data.slice(0, 3) }, {
    name: "b",
    shape: [1],
    data: data.slice(1, 2),
  }];
  assertEquals([...readSafetensors(writeSafetensors(odd, "f16")).get("b")!.data], [-2.5]);
});

Deno.test("safetensors: a number too large for the type is refused", () => {
  const write = (value: number, type: "f16" | "bf16") => () =>
    writeSafetensors([{ name: "x", shape: [2], data: Float32Array.of(1, value) }], type);
  assertThrows(
    write(65520, "f16"),
    RangeError,
    "Cannot write x as f16: the number at index 1 is 65520; write f32",
  );
  assertThrows(write(-3.4e38, "bf16"), RangeError, "Cannot write x as bf16: the number at index 1 is -3.");
  write(65519, "f16")();
  write(3.38e38, "bf16")();
});
