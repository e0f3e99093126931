import { assert, assertEquals, assertRejects } from "@std/assert";
import { textChunks } from "../commands/texts/files.ts";
import { decodeUtf8, type Utf8Options } from "../tokenizers/utf8_text.ts";

/** The chunks of a file that holds these bytes. */
async function chunksOf(bytes: Uint8Array | string, options?: Utf8Options): Promise<string[]> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    return await Array.fromAsync(textChunks(path, options));
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("characters that lie across the border of two pieces arrive whole", async () => {
  for (let shift = 0; shift < 4; shift++) {
    const text = "x".repeat(2 ** 20 - shift) + "é€𝄞".repeat(3) + "\n".repeat(2 ** 20) + "€".repeat(400_000);
    const chunks = await chunksOf(text);
    assert(chunks.length > 2);
    assert(chunks.join("") === text, `shifted by ${shift}`);
  }
});

Deno.test("a byte order mark is taken off at the beginning and nowhere else", async () => {
  assertEquals(await chunksOf("\ufeffa\ufeffb"), ["a\ufeffb"]);
  const filler = "x".repeat(2 ** 20);
  assertEquals((await chunksOf(filler + "\ufeffb")).join(""), filler + "\ufeffb");
  assertEquals(await chunksOf("\ufeff"), []);
});

const invalid: [string, number[], string][] = [
  ["Latin-1 within ASCII", [0x61, 0x0a, 0xe9, 0x62], "byte 0xe9 at offset 2, line 2"],
  ["a character cut off by the end", [0x61, 0xe2, 0x82], "byte 0xe2 at offset 1, line 1"],
  ["a lone byte", [0xff], "byte 0xff at offset 0, line 1"],
  ["a surrogate", [0x61, 0xed, 0xa0, 0x80], "byte 0xed at offset 1, line 1"],
  ["an overlong form", [0xc0, 0xaf], "byte 0xc0 at offset 0, line 1"],
  ["a continuation that continues nothing", [0xc3, 0xa9, 0x80], "byte 0x80 at offset 2, line 1"],
];

for (const [what, bytes, where] of invalid) {
  Deno.test(`not UTF-8: ${what}`, async () => {
    const error = await assertRejects(() => chunksOf(new Uint8Array(bytes)), Error);
    assert(
      error.message.includes(`${where}, is not UTF-8; convert it to UTF-8, or give --replace-invalid`),
      error.message,
    );
  });

  Deno.test(`not UTF-8, far into a file: ${what}`, async () => {
    const before = new Uint8Array(2 ** 21 - 1).fill(0x0a);
    const error = await assertRejects(() => chunksOf(new Uint8Array([...before, ...bytes])), Error);
    const [, offset, line] = where.match(/offset (\d+), line (\d+)/)!.map(Number);
    assert(
      error.message.includes(`at offset ${before.length + offset}, line ${before.length + line},`),
      error.message,
    );
  });
}

Deno.test("not UTF-8: the first byte of a piece, after characters of every length", async () => {
  for (const last of ["x", "é", "€", "𝄞"]) {
    const bytes = new TextEncoder().encode(
      "x".repeat(2 ** 20 - new TextEncoder().encode(last).length) + last,
    );
    const error = await assertRejects(() => chunksOf(new Uint8Array([...bytes, 0x80])), Error);
    assert(error.message.includes(`byte 0x80 at offset ${2 ** 20}, line 1,`), error.message);
  }
});

Deno.test("not UTF-8: a character that ends early, and begins as U+FFFD does", async () => {
  for (const bytes of [[0xef, 0x61], [0xef, 0xbf, 0x61], [0xef, 0xbf, 0xbd, 0xef, 0xbf]]) {
    const error = await assertRejects(() => chunksOf(new Uint8Array(bytes)), Error);
    assert(error.message.includes(`byte 0xef at offset ${bytes.lastIndexOf(0xef)}, line 1,`), error.message);
  }
});

Deno.test("UTF-16 is called by its name", async () => {
  for (const bytes of [[0xff, 0xfe, 0x61, 0], [0xfe, 0xff, 0, 0x61]]) {
    const error = await assertRejects(() => chunksOf(new Uint8Array(bytes)), Error);
    assert(error.message.endsWith("it is UTF-16; convert it to UTF-8"), error.message);
  }
});

Deno.test("invalid bytes are replaced on request, as the platform does", async () => {
  const bytes = new Uint8Array([0x61, 0xe9, 0x62, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0xff, 0xe2, 0x82]);
  assertEquals((await chunksOf(bytes, { replaceInvalid: true })).join(""), new TextDecoder().decode(bytes));
});

Deno.test("bytes are the same text wherever they are split", async () => {
  const bytes = new TextEncoder().encode("\ufeffaé€\ufeff\n𝄞z");
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.subarray(i * size, (i + 1) * size),
    );
    assertEquals((await Array.fromAsync(decodeUtf8(pieces))).join(""), "aé€\ufeff\n𝄞z", `${size} bytes`);
  }
});
