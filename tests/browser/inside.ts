/**
 * Inside one step, in Chrome: forward and backward by clicks and keys, with the numbers of the library in Deno.
 *
 * @module
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Page } from "npm:puppeteer-core@25.16.0";
import { choicesOf } from "../../page/choices.ts";
import type { FromWorker } from "../../page/protocol.ts";
import { exactLoss } from "../../page/view/format.ts";
import { fill, openPage, textOf, waitForText } from "./chrome.ts";
import { inDeno, test } from "./shared.ts";

type Inside = FromWorker & { kind: "inside" };

/** What the page's own code answers in Deno about stages of a model after one step of training. */
async function stagesInDeno(line: string, stages: readonly number[]): Promise<Inside[]> {
  const answers = await inDeno(
    { kind: "device", device: "wasm" },
    { kind: "text", text: null },
    { kind: "begin", choices: { ...choicesOf("tiny"), steps: 1 } },
    ...stages.map((stage) => ({ kind: "inside", line, hidden: "", stage } as const)),
  );
  return answers.filter((answer) => answer.kind === "inside");
}

const cell = (page: Page) => textOf(page, "#inside-cell");

async function choose(page: Page, title: string): Promise<void> {
  const buttons = await page.$$("#inside-list button");
  for (const button of buttons) {
    if (await button.evaluate((button) => button.firstChild?.textContent) !== title) continue;
    await button.click();
    return await waitForText(page, "#inside-name", new RegExp(`^${title}$`));
  }
  throw new Error(`There is no stage ${title}`);
}

test(
  "stages of a step have the values and gradients of Deno, by pointer and keyboard",
  async (browser, address) => {
    const { page, faults } = await openPage(browser, address);
    await page.select("#device", "wasm");
    await waitForText(page, "#reason", /^WebAssembly/);
    await fill(page, "#steps", "1");
    await waitForText(page, "#plan", / 1 step/);
    await page.click("#train");
    await waitForText(page, "#state", /^Done$/);
    assertEquals(await page.$$eval("#inside-list li", ({ length }) => length), 0); // nothing is computed while it is closed
    await page.click("#inside summary");
    await page.waitForSelector("#inside-stages:not([hidden])");
    await fill(page, "#inside-line", "Mia had");
    await waitForText(page, "#inside-ids", /d/);
    const weights = 11, tokens = "Mia had".length - 1;
    const [answer, last] = await stagesInDeno("Mia had", [weights, 41]);
    const { values, gradient } = answer.stages[weights].writes.p;
    const numbersAt = (at: number) => `${exactLoss(values![at])}, gradient ${exactLoss(gradient![at])}`;
    assertEquals(await textOf(page, "#inside-name"), "Tokens and ids");

    await choose(page, "Attention weights");
    assertEquals(await textOf(page, "#inside-shape"), `(1, 4, ${tokens}, ${tokens}) = (B, H, T, T)`);
    assertEquals(await textOf(page, "#inside-kernel"), "softmaxForward in kernels/softmax.ts");
    await page.focus("#inside-map canvas");
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"] as const) await page.keyboard.press(key);
    assertEquals(await cell(page), `Row “a” (3), column “i” (2): ${numbersAt(2 * tokens + 1)}`);
    await page.select("#inside-head", "2 of 4");
    assertEquals(await cell(page), `Row “a” (3), column “i” (2): ${numbersAt(tokens ** 2 + 2 * tokens + 1)}`);
    const box = (await (await page.$("#inside-map canvas"))!.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5 / tokens, box.y + box.height * 5.5 / tokens);
    assertEquals(await cell(page), `Row “a” (6), column “M” (1): ${numbersAt(tokens ** 2 + 5 * tokens)}`);

    await page.focus('#inside-list [aria-current="step"]');
    await page.keyboard.press("ArrowDown");
    await waitForText(page, "#inside-name", /^Weighted values$/);
    await page.click("#inside-backward");
    await waitForText(page, "#inside-formula-name", /^Passed on as$/);
    await page.click("#inside-next");
    await waitForText(page, "#inside-name", /^Attention weights$/);
    assertEquals(await textOf(page, "#inside-kernel"), "matmul in kernels/matmul/matmul.ts");

    await page.click("#inside-forward");
    await choose(page, "Loss");
    assertEquals(last.stages.at(-1)!.kernel, "crossEntropyMean");
    const { loss } = last.stages.at(-1)!.writes;
    await waitForText(page, "#inside-formula-name", /^Formula$/);
    assertEquals(await cell(page), `Row 1, column 1: ${exactLoss(loss.values![0])}, gradient 1.00000000`);
    await page.click("#inside-next");
    await waitForText(page, "#inside-formula-name", /^Passed on as$/);
    assertEquals(await textOf(page, "#inside-at"), "44 of 83");
    await fill(page, "#inside-line", "M");
    await waitForText(page, "#inside-hint", /^One token has nothing to predict/);
    assertEquals(faults, []);
  },
);
