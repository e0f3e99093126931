import { assert, assertEquals, assertThrows } from "@std/assert";
import { MAX_PAGES } from "../core/wasm/wasm_binary.ts";
import { WasmMemory } from "../core/wasm/wasm_memory.ts";

const PAGE_BYTES = 65536;

/** Registers a test for memory of one thread and for memory that threads share. */
function bothMemories(name: string, body: (memory: WasmMemory) => void, reserved = 100): void {
  for (const shared of [false, true]) {
    Deno.test(`WasmMemory ${name} [${shared ? "shared" : "not shared"}]`, () => {
      body(new WasmMemory(shared, reserved));
    });
  }
}

/** The bytes of a range. */
const bytesOf = ({ memory }: WasmMemory, address: number, bytes: number) =>
  new Uint8Array(memory.buffer, address, bytes);

bothMemories("is shared if it is to be", (memory) => {
  assertEquals(memory.memory.buffer instanceof SharedArrayBuffer, memory.shared);
});

bothMemories("gives out ranges that begin at whole cache lines, behind what is reserved", (memory) => {
  assertEquals([0, 1, 64, 65, 4].map((bytes) => memory.take(bytes)), [128, 192, 256, 320, 448]);
});

bothMemories("reuses what was given back, full of zeros, the first range that is large enough", (memory) => {
  const [small, , large] = [64, 64, 256, 64].map((bytes) => memory.take(bytes));
  bytesOf(memory, small, 64).fill(255);
  bytesOf(memory, large, 256).fill(255);
  memory.give(small, 64);
  memory.give(large, 250); // as many lines as were taken
  assertEquals(memory.take(100), large);
  assertEquals(memory.take(10), small);
  assertEquals(memory.take(128), large + 128);
  const bytes = [...bytesOf(memory, small, 64), ...bytesOf(memory, large, 256)];
  assert(bytes.every((byte) => byte === 0));
  assert(memory.take(1) > large + 256, "all that was given back is in use");
});

bothMemories("makes one range of neighbours, in whatever order they come back", (memory) => {
  const ranges = [1, 2, 3, 4, 5].map(() => memory.take(64));
  for (const index of [3, 1, 2]) memory.give(ranges[index], 64);
  assertEquals(memory.take(3 * 64), ranges[1]);
});

bothMemories("does not join ranges that have another one between them", (memory) => {
  const ranges = [1, 2, 3, 4].map(() => memory.take(64));
  memory.give(ranges[0], 64);
  memory.give(ranges[2], 64);
  assert(memory.take(128) > ranges[3]);
});

bothMemories("grows, and keeps what it holds", (memory) => {
  const first = memory.take(64), before = memory.memory.buffer;
  bytesOf(memory, first, 64).fill(7);
  const second = memory.take(10 * PAGE_BYTES);
  assert(memory.memory.buffer !== before);
  assert(memory.memory.buffer.byteLength >= second + 10 * PAGE_BYTES);
  assert(bytesOf(memory, first, 64).every((byte) => byte === 7));
  assert(bytesOf(memory, second, 10 * PAGE_BYTES).every((byte) => byte === 0));
});

bothMemories("keeps 64 bytes behind the last range: vectors are read beyond its end", (memory) => {
  const reserved = 128, address = memory.take(PAGE_BYTES - reserved); // as much as the first page holds
  assert(memory.memory.buffer.byteLength >= address + PAGE_BYTES - reserved + 64);
});

bothMemories("refuses more than 4 GiB, and can be used afterwards", (memory) => {
  assertThrows(
    () => memory.take(5 * 2 ** 30),
    RangeError,
    "Cannot allocate: WebAssembly addresses 4,096 MiB of memory, and 5121 are needed; " +
      "use a smaller batch, context or model",
  );
  assertEquals(memory.take(64), 128);
});

bothMemories("takes nothing back twice, and no part of a range", (memory) => {
  const first = memory.take(256), second = memory.take(64);
  for (const [address, bytes] of [[first, 64], [first + 64, 64], [second + 64, 64]]) {
    assertThrows(() => memory.give(address, bytes), RangeError, `Cannot free ${bytes} bytes at ${address}`);
  }
  memory.give(first, 256);
  assertThrows(() => memory.give(first, 256), RangeError, "they were freed before");
  assertEquals([memory.take(256), memory.take(64)], [first, second + 64], "and what is in use stays so");
});

bothMemories(
  "asks for an eighth more than needed, or just for that, and says if it gets neither",
  (memory) => {
    const asked: number[] = [], { memory: pages } = memory, grow = pages.grow.bind(pages);
    let largest = 0;
    pages.grow = (count) => {
      asked.push(count);
      if (count > largest) throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
      return grow(count);
    };
    assertThrows(
      () => memory.take(2 ** 30),
      RangeError,
      "Cannot allocate: the machine does not give 1025 MiB of memory to WebAssembly; " +
        "use a smaller batch, context or model",
    );
    largest = 17;
    const needed = 2 ** 30 / PAGE_BYTES + 1;
    assertEquals(asked, [needed + (needed >> 3) - 1, needed - 1]);
    assertEquals(memory.take(16 * PAGE_BYTES), 128);
    assertEquals(asked.slice(2), [18, 16]);
    assertEquals(pages.buffer.byteLength, 17 * PAGE_BYTES);
  },
);

Deno.test("WasmMemory may grow to all that 32-bit addresses reach", () => {
  assertEquals(MAX_PAGES * PAGE_BYTES, 2 ** 32);
});
