/**
 * Opening models on the page in Chrome, by clicks and drops: runs of `deno task train`, folders of Hugging Face, zips.
 *
 * @module
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { zipSync } from "npm:fflate@0.8.3";
import { CharTokenizer } from "../../mod.ts";
import { exactLoss, percentText } from "../../page/view/format.ts";
import { inFolder, story, succeed, words } from "../_command.ts";
import { choose, clickGenerate, drop, fill, openPage, textOf, waitForText } from "./chrome.ts";
import { lossesOn, test } from "./shared.ts";

test(
  "a run of deno task train is dropped, writes the text of generate and is resumed to the bits of its own resume",
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
      await clickGenerate(page);
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
        /12 of 20 steps on story\.txt\. To resume, choose that text\.$/,
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

/** The files of a folder of transformers in fixtures/, with a tokenizer of single characters. */
async function hubFolder(cwd: string, name: string): Promise<string> {
  const folder = `${cwd}/${name}`, fixtures = new URL(`../../fixtures/${name}/`, import.meta.url);
  await Deno.mkdir(folder);
  for (const file of ["config.json", "model.safetensors"]) {
    await Deno.copyFile(new URL(file, fixtures), `${folder}/${file}`);
  }
  const letters = " .abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";
  for (const [file, text] of Object.entries(CharTokenizer.fromText(letters).toHuggingFace())) {
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
  return folder;
}

test(
  "a GPT-2 and a classifier of transformers are chosen, and a broken file is refused in one line",
  (browser, address) =>
    inFolder(async (cwd) => {
      const { page, faults } = await openPage(browser, address);
      await page.select("#device", "cpu");
      await waitForText(page, "#reason", /CPU reference/);
      await Deno.mkdir(`${cwd}/broken`);
      const gpt = await hubFolder(cwd, "gpt2-mini"),
        files = [...Deno.readDirSync(gpt)].map(({ name }) => name);
      for (const file of files) await Deno.copyFile(`${gpt}/${file}`, `${cwd}/broken/${file}`);
      await Deno.truncate(`${cwd}/broken/model.safetensors`, 20_000);
      await drop(page, `${cwd}/broken`);
      await waitForText(
        page,
        "#alert",
        /^Cannot open broken: model\.safetensors: .* truncated; copy or download the folder again$/,
      );
      assertEquals(await page.$eval("#begin", (form) => form.checkVisibility()), true);
      await waitForText(page, "#open-status", /^$/);

      await choose(page, "#open-folder", gpt);
      await waitForText(page, "#state", /^gpt2-mini$/);
      assertEquals(await textOf(page, "#alert"), "");
      await fill(page, "#temperature", "0");
      await fill(page, "#prompt", "a b");
      await clickGenerate(page);
      await page.waitForFunction(() => document.querySelector("#answer")!.textContent!.length === 403);
      const line = `generate --checkpoint ${gpt} --device cpu --temperature 0 --max-new-tokens 400`;
      const printed = await succeed([...words(line), "--prompt", "a b"], { cwd });
      assertEquals((await textOf(page, "#answer")).trimEnd(), printed.trimEnd());
      await fill(page, "#surprise-text", "the cat");
      await waitForText(page, "#surprise", /^the cat$/);
      await fill(page, "#line", "abc");
      await page.waitForFunction(() => document.querySelectorAll("figure").length === 4);
      assertEquals(await page.$eval("#next-step", (step) => step.checkVisibility()), false);
      await page.click("#reset");
      await page.waitForSelector('#train[aria-disabled="false"]');

      const classifier = await hubFolder(cwd, "openai-gpt-classifier-mini");
      const paths = [...Deno.readDirSync(classifier)].map(({ name }) => `${classifier}/${name}`);
      await choose(page, "#open-files", ...paths);
      await waitForText(page, "#ask-title", /^Classify$/);
      await fill(page, "#prompt", "a cat");
      await page.waitForSelector("#chances tr");
      const { labels, texts: [{ probabilities }] } = JSON.parse(
        await succeed(words(`classify --checkpoint ${classifier} --device cpu --json --text "a cat"`), {
          cwd,
        }),
      );
      const shown = () => page.$$eval("#chances tr", (rows) => rows.map((row) => row.textContent));
      const expected = (labels as string[]).map((label) => `${label}${percentText(probabilities[label])}`)
        .sort();
      for (let trial = 0; trial < 50 && String((await shown()).sort()) !== String(expected); trial++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assertEquals((await shown()).sort(), expected);
      assertEquals(await page.$eval("#generate", (button) => button.checkVisibility()), false);
      assertEquals(faults, []);
    }),
);

test(
  "a zip is opened, and while a run is shown nothing else is",
  (browser, address) =>
    inFolder(async (cwd) => {
      const { page, faults } = await openPage(browser, address);
      const tales = new URL("../../pretrained/tales/", import.meta.url);
      const files = [...Deno.readDirSync(tales)].map((
        { name },
      ) => [`tales/${name}`, Deno.readFileSync(new URL(name, tales))]);
      await Deno.writeFile(`${cwd}/tales.zip`, zipSync(Object.fromEntries(files)));
      await drop(page, `${cwd}/tales.zip`);
      await waitForText(page, "#state", /^tales$/);
      await page.waitForSelector("#skills tr");
      await page.click("#reset");
      await page.waitForSelector('#train[aria-disabled="false"]');
      await fill(page, "#steps", "2");
      await waitForText(page, "#plan", / 2 steps/);
      await page.click("#train");
      await waitForText(page, "#state", /^Done$/);
      await drop(page, `${cwd}/tales.zip`);
      await waitForText(
        page,
        "#alert",
        /^A run is shown: download it if you want to keep it, and press Reset to open/,
      );
      assert(await page.$eval("#chart", (chart) => chart.checkVisibility()));
      assertEquals(faults, []);
    }),
);
