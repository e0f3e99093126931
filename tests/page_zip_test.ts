import { assertEquals } from "@std/assert";
import { writeZip } from "../page/compute/zip.ts";
import { unzipSync } from "npm:fflate@0.8.3";

const files = new Map<string, Uint8Array | string>([
  ["run/last/config.json", '{ "n_layer": 2 }\n'],
  ["run/last/model.safetensors", crypto.getRandomValues(new Uint8Array(60_000))],
  ["run/é 🙂.txt", "ä"],
  ["run/empty", ""],
]);

Deno.test("another library reads every file of a zip, with names in UTF-8", () => {
  const encoder = new TextEncoder(), read = unzipSync(writeZip(files));
  const expected = [...files].map(([path, content]) =>
    [path, typeof content === "string" ? encoder.encode(content) : content] as const
  );
  assertEquals(Object.entries(read).map(([path, bytes]) => [path, [...bytes]]), [
    ...expected.map(([path, bytes]) => [path, [...bytes]]),
  ] as [string, number[]][]);
});

Deno.test("checksums are CRC-32, and the same files give the same bytes", () => {
  const zip = writeZip(new Map([["a", "123456789"]]));
  assertEquals(new DataView(zip.buffer).getUint32(14, true), 0xcbf43926); // the check value of the specification
  assertEquals(writeZip(files), writeZip(files));
});
