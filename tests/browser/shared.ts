/**
 * What the tests of the page in Chrome share.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Browser, Page } from "npm:puppeteer-core@25.16.0";
import { Trainer } from "../../page/compute/trainer.ts";
import type { FromWorker, StepLoss, ToWorker } from "../../page/protocol.ts";
import { exactLoss } from "../../page/view/format.ts";
import { buildPage } from "../../page/build.ts";
import { servePage } from "../../page/serve.ts";
import { findChrome, withChrome } from "./chrome.ts";

const chrome = await findChrome();
if (!chrome) {
  console.log("No Chrome was found: apt-get install chromium-headless-shell, or set CHROME to its program");
}
/** The files of the page. */
export const files = await buildPage();

/** Declares a test with Chrome and the address of the page. */
export function test(
  name: string,
  body: (browser: Browser, address: string) => Promise<void>,
  flags?: string[],
): void {
  const options = { name, ignore: !chrome, sanitizeOps: false, sanitizeResources: false };
  Deno.test(options, async () => {
    const { promise, resolve } = Promise.withResolvers<string>(), server = servePage(files, 0, resolve);
    try {
      const address = await promise;
      await withChrome(chrome!, (browser) => body(browser, address), flags);
    } finally {
      await server.shutdown();
    }
  });
}

/** Rows of the table of losses, oldest first. */
export async function lossesOn(page: Page): Promise<string[][]> {
  await page.$eval("#table", (table) => (table as HTMLDetailsElement).open = true);
  await page.waitForSelector("#losses tr");
  const rows = await page.$$eval(
    "#losses tr",
    (rows) =>
      rows.map((row) => Array.from((row as HTMLTableRowElement).cells, (cell) => cell.textContent ?? "")),
  );
  return rows.reverse();
}

/** What the page's own code computes in Deno for the same messages. */
export async function inDeno(...messages: readonly ToWorker[]): Promise<FromWorker[]> {
  const answers: FromWorker[] = [], trainer = new Trainer((message) => answers.push(message));
  for (const message of messages) await trainer.receive(message);
  await trainer.receive({ kind: "reset" });
  return answers;
}

/** The rows of the table of losses that answers amount to. */
export function rowsOf(answers: readonly FromWorker[]): string[][] {
  const validated = new Map(
    answers.flatMap((answer) => answer.kind === "validated" ? [[answer.step, answer.loss]] : []),
  );
  const losses: StepLoss[] = answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []);
  return losses.map(({ step, loss }) => {
    const validation = validated.get(step);
    return [`${step}`, exactLoss(loss), validation === undefined ? "" : exactLoss(validation)];
  });
}
