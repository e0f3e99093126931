import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../core/random.ts";
import { float, MAX_PAGES, moduleOf, signed, TYPES, unsigned } from "../core/wasm/wasm_binary.ts";

/** Reads LEB128: seven bits a byte, lowest first. */
function decode(bytes: readonly number[]): bigint {
  return bytes.reduceRight((value, byte, at) => {
    assertEquals(byte >> 7, at === bytes.length - 1 ? 0 : 1, `the eighth bit of byte ${at} of ${bytes}`);
    return value << 7n | BigInt(byte & 127);
  }, 0n);
}

Deno.test("unsigned: where the number of bytes changes, and an example of the DWARF standard", () => {
  for (const [value, bytes] of [[0, 1], [127, 1], [128, 2], [16383, 2], [16384, 3], [2 ** 32 - 1, 5]]) {
    assertEquals(unsigned(value).length, bytes);
    assertEquals(decode(unsigned(value)), BigInt(value));
  }
  assertEquals(unsigned(624485), [0xe5, 0x8e, 0x26]);
});

Deno.test("signed: where the number of bytes changes, and an example of the DWARF standard", () => {
  const edges = [0, 63, -64, 1], longer = [64, -65, 8191, -8192, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)];
  for (const value of edges) assertEquals(signed(value).length, 1);
  for (const value of [...edges, ...longer]) {
    const bytes = signed(value);
    assertEquals(BigInt.asIntN(7 * bytes.length, decode(bytes)), BigInt(value));
  }
  assertEquals([64, 8191, 8192, -(2 ** 31)].map((value) => signed(value).length), [2, 2, 3, 5]);
  assertEquals(signed(-123456), [0xc0, 0xbb, 0x78]);
  // an unsigned integer has the same bits
  assertEquals(signed(0xffffffff), signed(-1));
});

Deno.test("signed and unsigned: random integers can be read again", () => {
  const random = new Random(1, "LEB128");
  for (let n = 0; n < 1000; n++) {
    const value = random.uint32() >>> random.below(32), bytes = signed(value | 0);
    assertEquals(decode(unsigned(value)), BigInt(value));
    assertEquals(BigInt.asIntN(7 * bytes.length, decode(bytes)), BigInt(value | 0));
  }
});

Deno.test("float: four bytes, the lowest first", () => {
  assertEquals(float(1), [0, 0, 0x80, 0x3f]);
  assertEquals(float(-0), [0, 0, 0, 0x80]);
  assertEquals(float(0.1), [0xcd, 0xcc, 0xcc, 0x3d]);
  assertEquals(float(Infinity), [0, 0, 0x80, 0x7f]);
});

Deno.test("moduleOf: a function run(piece, scratch, block) on the memory it is given", () => {
  // memory[block] = piece + scratch, by way of a variable
  const add = [0x20, 0, 0x20, 1, 0x6a, 0x21, 3], store = [0x20, 2, 0x20, 3, 0x36, 2, 0];
  for (const shared of [false, true]) {
    const bytes = moduleOf([TYPES.i32, TYPES.f32, TYPES.v128], [...add, ...store], shared);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { core: { memory } });
    (exports.run as (...args: number[]) => void)(30, 12, 64);
    assertEquals(new Int32Array(memory.buffer)[16], 42);
    assertEquals(Object.keys(exports), ["run"]);
    // a memory of the other kind does not fit
    const other = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: !shared });
    assertThrows(() => {
      new WebAssembly.Instance(new WebAssembly.Module(bytes), { core: { memory: other } });
    }, WebAssembly.LinkError);
  }
});

Deno.test("moduleOf: long functions with many variables are valid", () => {
  const nothing = Array(10_000).fill(0x01), locals = Array(300).fill(TYPES.v128);
  assert(WebAssembly.validate(moduleOf(locals, [...nothing, 0x20, ...unsigned(302), 0x1a], false)));
  assert(!WebAssembly.validate(moduleOf(locals, [0x20, ...unsigned(303), 0x1a], false)));
});
