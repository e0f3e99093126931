import { assertEquals, assertStrictEquals } from "@std/assert";
import { Device } from "../page/compute/device.ts";
import type { FromWorker } from "../page/protocol.ts";

Deno.test("the device of the page: the chosen one, or that of auto; a new one in place of the last", async () => {
  const posted: FromWorker[] = [], device = new Device((message) => posted.push(message));
  const cpu = await device.open("cpu");
  assertEquals([cpu.name, (posted[0] as FromWorker & { kind: "device" }).name], ["cpu", "cpu"]);
  assertStrictEquals(await device.backend(), cpu);
  const wasm = await device.open("wasm");
  assertStrictEquals(await device.backend(), wasm);
  device.close();
  const chosen = await device.backend();
  assertEquals(posted.map(({ kind }) => kind), ["device", "device", "device"]);
  assertEquals((posted[2] as FromWorker & { kind: "device" }).name, chosen.name);
  device.close();
});
