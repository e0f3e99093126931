/**
 * The page for everyone: what axe finds, and whether it fits a narrow screen, in both colour schemes.
 *
 * @module
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import axe from "npm:axe-core@4.14.1";
import { choose, openPage, waitForText } from "./chrome.ts";
import { lossesOn, test } from "./shared.ts";

for (const [width, dark] of [[1280, false], [390, true], [390, false], [1280, true]] as const) {
  test(
    `axe finds nothing serious at ${width} pixels, ${dark ? "dark" : "light"}, and nothing is cut off`,
    async (browser, address) => {
      const { page } = await openPage(browser, address, { width, dark, bypassesPolicy: true });
      await page.evaluate(axe.source);
      const check = async (view: string) => {
        const found = await page.evaluate(async () => {
          // deno-lint-ignore no-explicit-any
          const { violations } = await (globalThis as any).axe.run();
          return violations.map((
            { id, impact, nodes }: { id: string; impact: string; nodes: { html: string }[] },
          ) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
        });
        assertEquals(found.filter((text: string) => /^(serious|critical)/.test(text)), [], view);
        assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), width, view);
      };
      await check("form");
      await page.click('[name="text"][value="own"]');
      await waitForText(page, "#plan", /^Paste a text/);
      await check("form with a text");
      await page.click('[name="text"][value="tales"]');
      await page.waitForSelector('#train[aria-disabled="false"]');
      await page.click("#train");
      await page.waitForSelector("#samples li");
      await page.click("#pause");
      await waitForText(page, "#state", /^Paused$/);
      await lossesOn(page);
      await page.click("#inside summary");
      await page.waitForSelector("#inside-stages:not([hidden])");
      await page.click('#inside-list button[value="11"]');
      await waitForText(page, "#inside-name", /^Attention weights$/);
      await page.click("#download");
      await page.waitForSelector("#taken:not([hidden])");
      await check("run");
      await page.reload();
      await page.waitForSelector("#kept:not([hidden])");
      await page.waitForSelector('#train[aria-disabled="false"]');
      await page.evaluate(axe.source);
      await check("form with a run that was kept");
      await choose(page, "#open-folder", new URL("../../pretrained/tales", import.meta.url).pathname);
      await page.waitForSelector("#skills tr");
      await check("opened model");
    },
  );
}
