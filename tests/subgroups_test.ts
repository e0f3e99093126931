/** A device's subgroups are used where lanes are grouped as reductions expect, and nowhere else. */

import { assertEquals } from "@std/assert";
import { findSubgroups } from "../core/webgpu/subgroups.ts";
import { hasAdapter } from "./_testing.ts";

/** A device with subgroups, and the sizes that its adapter states; undefined where there is none. */
async function openWithSubgroups() {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const requiredFeatures = ["subgroups" as const];
  const device = await adapter.requestDevice({ requiredFeatures }).catch(() => undefined);
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  return device && { device, subgroupMinSize, subgroupMaxSize };
}

Deno.test("the subgroups of a device are found, by trying them too", { ignore: !hasAdapter }, async () => {
  const opened = await openWithSubgroups();
  if (!opened) return;
  const { device, subgroupMinSize, subgroupMaxSize } = opened;
  const trusted = (await findSubgroups(device, subgroupMinSize, true))!;
  assertEquals(trusted.size, subgroupMinSize);
  assertEquals(await findSubgroups(device, subgroupMinSize, false), trusted);
  // of a size between two powers of two, the lower one
  assertEquals((await findSubgroups(device, subgroupMinSize + 1, true))!.size, subgroupMinSize);
  // lanes of different subgroups get nothing from each other
  if (subgroupMaxSize <= 128) {
    assertEquals(await findSubgroups(device, 2 * subgroupMaxSize, false), undefined);
  }
  for (const size of [undefined, 0, 1]) assertEquals(await findSubgroups(device, size, true), undefined);
  device.destroy();
});

Deno.test("a device without the feature, or whose compiler refuses shuffles, has no subgroups", {
  ignore: !hasAdapter,
}, async () => {
  const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
  assertEquals(await findSubgroups(device, 8, true), undefined);
  Object.defineProperty(device, "features", { value: new Set(["subgroups"]) });
  assertEquals(await findSubgroups(device, 8, true), undefined);
  device.destroy();
});
