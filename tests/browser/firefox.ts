/**
 * The page in Firefox, by clicks: `deno task test:browser:firefox`. Without Firefox the test is ignored; `FIREFOX` names its
 * program (`apt-get install firefox-esr`).
 *
 * @module
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import puppeteer, { type Page } from "npm:puppeteer-core@25.16.0";
import { choicesOf } from "../../page/choices.ts";
import { servePage } from "../../page/serve.ts";
import { fill, findProgram } from "./chrome.ts";
import { files, inDeno, lossesOn, rowsOf } from "./shared.ts";

const firefox = await findProgram("FIREFOX", ["firefox", "firefox-esr"]);
if (!firefox) console.log("No Firefox was found: apt-get install firefox-esr, or set FIREFOX to its program");

/** Waits until an element has a text; Firefox draws no frames now and then, which waiting elsewhere depends on. */
const waitFor = (page: Page, selector: string, pattern: RegExp) =>
  page.waitForFunction(
    (selector, source) => new RegExp(source).test(document.querySelector(selector)?.textContent ?? ""),
    { timeout: 60_000, polling: 100 },
    ...[selector, pattern.source] as const,
  );

Deno.test({
  name: "in Firefox tales train on threads, pause, reload and end with the losses of Deno",
  ignore: !firefox,
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const { promise, resolve } = Promise.withResolvers<string>(), server = servePage(files, 0, resolve);
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox });
  try {
    const page = await browser.newPage(), faults: string[] = [];
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(`${error}`));
    await page.goto(await promise);
    await page.waitForSelector('#train[aria-disabled="false"]');
    await page.select("#device", "wasm");
    await waitFor(page, "#reason", /^WebAssembly, \d+ threads?\. WebAssembly was requested/);
    await fill(page, "#steps", "20");
    await waitFor(page, "#plan", / 20 steps/);
    await page.click("#train");
    await waitFor(page, "#fact-step", /^[1-9]/);
    await page.click("#pause");
    await waitFor(page, "#state", /^Paused$/);
    await page.reload();
    await page.waitForSelector("#kept:not([hidden])");
    await page.click("#go-on");
    await waitFor(page, "#state", /^Paused$/);
    await page.click("#pause");
    await waitFor(page, "#state", /^Done$/);
    const choices = { ...choicesOf("tiny"), steps: 20 };
    const deno = await inDeno({ kind: "text", text: null }, { kind: "device", device: "wasm" }, {
      kind: "begin",
      choices,
    });
    assertEquals(await lossesOn(page), rowsOf(deno));
    assertEquals(faults, []);
  } finally {
    await browser.close();
    await server.shutdown();
  }
});
