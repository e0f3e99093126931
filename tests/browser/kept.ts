/**
 * The run that the browser keeps, in Chrome: what another tab, a full disk, a damaged file or a lost device does to it.
 *
 * @module
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Page } from "npm:puppeteer-core@25.16.0";
import type { FromWorker } from "../../page/protocol.ts";
import { fill, openPage, textOf, waitForText } from "./chrome.ts";
import { test } from "./shared.ts";

/** Begins a run of a small model. */
async function begin(page: Page, steps: number): Promise<void> {
  await page.bringToFront();
  for (const [name, value] of Object.entries({ layers: 1, modelDim: 16, contextLength: 32, steps })) {
    await fill(page, `#${name}`, `${value}`);
  }
  await waitForText(page, "#plan", new RegExp(` ${steps} steps of 2 × 32 `));
  await page.click("#train");
}

test(
  "two tabs: the first one that trains keeps its run, the other one says that it does not",
  async (browser, address) => {
    const [first, second] = [await openPage(browser, address), await openPage(browser, address)];
    await begin(first.page, 900);
    await first.page.waitForSelector("#samples li");
    await first.page.click("#pause");
    await waitForText(first.page, "#state", /^Paused$/);
    const step = (await textOf(first.page, "#fact-step")).replace(/ .*/, "");
    assertEquals(await textOf(first.page, "#unkept"), "");
    await begin(second.page, 5);
    await waitForText(second.page, "#state", /^Done$/);
    await waitForText(
      second.page,
      "#unkept",
      /^This run is lost when the page is closed: another tab of this page keeps its run\. Download it to keep it\.$/,
    );
    await second.page.click("#reset");
    for (const page of [second.page, first.page]) {
      if (page === first.page) await page.reload();
      await waitForText(
        page,
        "#kept-what",
        new RegExp(`^A run on the tales was kept at step ${step} of 900\\.`),
      );
    }
    await second.page.click("#go-on");
    await waitForText(second.page, "#state", /^Paused$/);
    await second.page.click("#step"); // the reloaded tab holds the file no more
    await waitForText(second.page, "#state", /^Paused$/);
    assertEquals(await textOf(second.page, "#unkept"), "");
    assertEquals([...first.faults, ...second.faults], []);
  },
);

test("the page says that a new or resumed run replaces the kept one", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await begin(page, 5);
  await waitForText(page, "#state", /^Done$/);
  await page.reload();
  await waitForText(page, "#kept-what", /kept at step 5 of 5\. A new run replaces it\.$/);
  await page.workers()[0].evaluate(() => {
    const message: FromWorker = { kind: "resumable", about: "It can go on.", needs: "nothing" };
    (postMessage as (message: FromWorker) => void)(message);
  });
  await waitForText(
    page,
    "#resumable-about",
    /^It can go on\. Training it replaces the kept run\.$/,
  );
  assertEquals(faults, []);
});

test("a run that the browser has no room for says so", async (browser, address) => {
  const { page, faults } = await openPage(browser, address), client = await page.createCDPSession();
  await client.send("Storage.overrideQuotaForOrigin", { origin: new URL(address).origin, quotaSize: 1000 });
  await begin(page, 5);
  await waitForText(page, "#unkept", /: the browser has no room for it\. Download it to keep it\.$/);
  await waitForText(page, "#state", /^Done$/);
  assertEquals(faults, []);
});

test("a kept run that is damaged is refused in one line, which stays", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await begin(page, 5);
  await waitForText(page, "#state", /^Done$/);
  await page.evaluate(async () => {
    const file = await (await navigator.storage.getDirectory()).getFileHandle("run");
    const { size } = await file.getFile(), writable = await file.createWritable({ keepExistingData: true });
    await writable.truncate(size - 4);
    await writable.close();
  });
  await page.reload();
  await page.waitForSelector("#kept:not([hidden])");
  await page.click("#go-on", { count: 2 });
  await waitForText(page, "#alert", /^The run that was kept is damaged: begin a new one$/);
  await page.waitForSelector('#train[aria-disabled="false"]');
  assertEquals(await textOf(page, "#alert"), "The run that was kept is damaged: begin a new one");
  assertEquals(faults, []);
});

test(
  "where the GPU is lost the page says what to do, and the run resumes after a reload",
  async (browser, address) => {
    const { page, faults } = await openPage(browser, address);
    await page.select("#device", "webgpu");
    await waitForText(page, "#reason", /WebGPU was requested/);
    const [worker] = page.workers();
    await worker.evaluate(() => {
      const { prototype } = GPUDevice, { createCommandEncoder } = prototype;
      prototype.createCommandEncoder = function (...given) {
        Object.assign(globalThis, { device: this });
        return createCommandEncoder.apply(this, given);
      };
    });
    await begin(page, 900);
    await page.waitForSelector("#samples li");
    await page.click("#pause");
    await waitForText(page, "#state", /^Paused$/);
    const step = (await textOf(page, "#fact-step")).replace(/ .*/, "");
    await worker.evaluate(() => (globalThis as unknown as { device: GPUDevice }).device.destroy());
    await page.click("#pause");
    await waitForText(
      page,
      "#alert",
      /^The GPU device was lost: .*; reload the page to resume the run that was kept$/,
    );
    await page.reload();
    await waitForText(page, "#kept-what", new RegExp(`kept at step ${step} of 900`));
    await page.click("#go-on");
    await waitForText(page, "#fact-step", new RegExp(`^${step} of 900$`));
    await page.click("#step");
    await waitForText(page, "#fact-step", new RegExp(`^${Number(step) + 1} of 900$`));
    assertEquals(faults, []);
  },
);
