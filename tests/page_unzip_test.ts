import { assertEquals, assertRejects } from "@std/assert";
import { zipSync } from "npm:fflate@0.8.3";
import { listZip } from "../page/compute/open/unzip.ts";
import { writeZip } from "../page/compute/zip.ts";

const files: Record<string, Uint8Array<ArrayBuffer>> = {
  "run/last/config.json": new TextEncoder().encode('{ "n_layer": 2 }\n'.repeat(100)),
  "run/last/model.safetensors": crypto.getRandomValues(new Uint8Array(60_000)),
  "run/é 🙂.txt": new TextEncoder().encode("ä"),
  "run/empty": new Uint8Array(0),
};

/** Reads all files of a zip. */
async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for (const { path, size, read } of await listZip(new Blob([bytes]))) {
    found[path] = await read();
    assertEquals(found[path].length, size);
  }
  return found;
}

const compressed = zipSync(
  files,
  { comment: "PK\x05\x06 and 18 more bytes of a comment" } as object,
) as Uint8Array<ArrayBuffer>;
const stored = writeZip(new Map(Object.entries(files)));

Deno.test("zips of this page and of another library are read, stored or compressed", async () => {
  assertEquals(await unzip(stored), files);
  assertEquals(await unzip(compressed), files);
  assertEquals(
    await unzip(zipSync({ "a/": new Uint8Array(0), "a/b": files["run/empty"] }) as Uint8Array<ArrayBuffer>),
    {
      "a/b": files["run/empty"],
    },
  );
});

/** A zip with another number of two bytes in each entry of its directory. */
function changed(zip: Uint8Array<ArrayBuffer>, field: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = zip.slice(), view = new DataView(copy.buffer);
  for (let at = 0; at < copy.length - 46; at++) {
    if (view.getUint32(at, true) === 0x02014b50) view.setUint16(at + field, value, true);
  }
  return copy;
}

const DAMAGED = "it is damaged or not complete; download or pack it again";

Deno.test("a zip that is cut off anywhere, or has another byte, is refused", async () => {
  for (const zip of [stored, compressed]) {
    for (const length of [0, 10, 21, 1000, zip.length >> 1, zip.length - 1]) {
      await assertRejects(() => unzip(zip.slice(0, length)), Error, DAMAGED);
    }
    for (const place of [60, 1_500, 30_000]) {
      const copy = zip.slice();
      copy[place] ^= 1;
      await assertRejects(() => unzip(copy), Error, DAMAGED);
    }
    await assertRejects(() => unzip(zip.slice(5)), Error, DAMAGED); // all places are wrong
  }
  await assertRejects(() => unzip(changed(compressed, 24, 7)), Error, DAMAGED); // a length that is too small
});

Deno.test("encrypted files and other compressions are refused with what to do", async () => {
  await assertRejects(
    () => unzip(changed(compressed, 8, 1)),
    Error,
    "run/last/config.json is encrypted; unpack the zip with its password, and open the folder",
  );
  await assertRejects(
    () => unzip(changed(compressed, 10, 93)),
    Error,
    "run/last/config.json is compressed by method 93, expected Deflate; unpack the zip, and open the folder",
  );
});
