/**
 * What is brought to the page in Chrome, by clicks and drops: runs of `deno task train`, folders of Hugging Face, zips.
 *
 * @module
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:puppeteer-core@25.16.0";
import { exactLoss } from "../../page/view/format.ts";
import { inFolder, story, succeed, words } from "../_command.ts";
import { fill, openPage, textOf, waitForText } from "./chrome.ts";
import { lossesOn, test } from "./shared.ts";

/** Drops files and folders of the disk on the page, as a person does. */
async function drop(page: Page, ...files: string[]): Promise<void> {
  const client = await page.createCDPSession(), data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await client.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  }
  await client.detach();
}

/** Chooses files or a folder in the dialog that a button opens. */
async function choose(page: Page, button: string, ...files: string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click(button)]);
  await chooser.accept(files);
}

test(
  "a run of deno task train is dropped, writes the text of generate and goes on to the bits of its resume",
  (browser, address) =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
      const sizes = "--context-length 32 --steps 20 --stop-after 12 --device wasm";
      await succeed(words(`train --data story.txt --name begun ${sizes}`), { cwd });
      const { page, faults } = await openPage(browser, address);
      await page.select("#device", "wasm");
      await drop(page, `${cwd}/runs/begun`);
      await waitForText(page, "#state", /^begun$/);
      await waitForText(page, "#facts", /^GPT-2, 2 layers, 4 heads, 64 wide, /);
      await fill(page, "#prompt", "the ");
      await page.click("#generate");
      await page.waitForFunction(() => document.querySelector("#answer")!.textContent!.length === 404);
      const line =
        "generate --checkpoint runs/begun --device wasm --seed 1 --temperature 0.8 --max-new-tokens 400";
      const printed = await succeed([...words(line), "--prompt", "the "], { cwd });
      assertEquals((await textOf(page, "#answer")).trimEnd(), printed.trimEnd());
      for (const hidden of ["#chart", "#samples", "#download", "#step", "#fact-step"]) {
        assertEquals(await page.$eval(hidden, (part) => part.checkVisibility()), false, hidden);
      }
      await waitForText(
        page,
        "#resumable-about",
        /12 of 20 steps on story\.txt\. To go on, choose that text\.$/,
      );
      await Deno.writeTextFile(`${cwd}/other.txt`, "another text");
      await choose(page, "#supply", `${cwd}/other.txt`);
      await waitForText(page, "#alert", /^other\.txt is not the text that the run was trained on /);
      await drop(page, `${cwd}/story.txt`);
      await page.waitForSelector("#resume:not([hidden])");
      await page.click("#resume");
      await waitForText(page, "#state", /^Paused$/);
      await waitForText(page, "#fact-step", /^12 of 20$/);
      await page.click("#pause");
      await waitForText(page, "#state", /^Done$/);
      await succeed(words("train --resume runs/begun --device wasm"), { cwd });
      const records = (await Deno.readTextFile(`${cwd}/runs/begun/metrics.jsonl`)).trim().split("\n")
        .map((line) => JSON.parse(line));
      assertEquals(
        await lossesOn(page),
        records.map((
          { step, loss, validationLoss: validation },
        ) => [`${step}`, exactLoss(loss), validation === undefined ? "" : exactLoss(validation)]),
      );
      assertEquals(faults, []);
    }),
);
