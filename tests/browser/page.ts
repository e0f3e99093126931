/**
 * The page in Chrome, by clicks: `deno task test:browser`. Without Chrome the tests are ignored; `CHROME` names its program.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { toFileUrl } from "@std/path";
import type { Page } from "npm:puppeteer-core@25.16.0";
import { choicesOf } from "../../page/choices.ts";
import { Trainer } from "../../page/compute/trainer.ts";
import type { FromWorker, ToWorker } from "../../page/protocol.ts";
import { writePage } from "../../page/serve.ts";
import { percentText } from "../../page/view/format.ts";
import { unzipSync } from "npm:fflate@0.8.3";
import { inFolder, story, succeed, words } from "../_command.ts";
import { clickGenerate, fill, openPage, textOf, waitForText } from "./chrome.ts";
import { files, inDeno, lossesOn, rowsOf, test } from "./shared.ts";

const stepOf = async (page: Page) => Number((await textOf(page, "#fact-step")).replace(/ of .*/, ""));

for (const [device, steps] of [["wasm", 30], ["cpu", 8]] as const) {
  test(
    `tales train by clicks, pause, go on and end with the losses of Deno, ${device}`,
    async (browser, address) => {
      const { page, faults } = await openPage(browser, address);
      await page.select("#device", device);
      await waitForText(
        page,
        "#reason",
        device === "wasm" ? /^WebAssembly, \d+ threads\. WebAssembly was requested/ : /CPU reference/,
      );
      await fill(page, "#steps", `${steps}`);
      await waitForText(page, "#plan", new RegExp(`119,680 parameters.* ${steps} steps`));
      await page.focus("#train");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#samples li", { timeout: 10_000 });
      assertEquals(await page.evaluate(() => document.activeElement?.id), "pause");
      await page.click("#pause");
      await waitForText(page, "#state", /^Paused$/);
      const before = await stepOf(page);
      assert(before >= 1 && before < steps, `${before}`);
      await page.click("#step");
      await waitForText(page, "#fact-step", new RegExp(`^${before + 1} of ${steps}$`));
      await clickGenerate(page);
      await page.waitForFunction(() => document.querySelector("#answer")!.textContent!.length > 50);
      await waitForText(page, "#state", /^Paused$/);
      await waitForText(page, "#pause", /^Go on$/);
      await page.click("#pause");
      await waitForText(page, "#state", /^Done$/);
      const choices = { ...choicesOf("tiny"), steps };
      const deno = await inDeno({ kind: "text", text: null }, { kind: "device", device }, {
        kind: "begin",
        choices,
      });
      assertEquals(await lossesOn(page), rowsOf(deno));
      const samples = await page.$$eval("#samples .text", (all) => all.map(({ textContent }) => textContent));
      assertEquals(
        samples.reverse(),
        deno.flatMap((answer) => answer.kind === "sample" ? [answer.text] : []),
      );
      await page.click("#reset");
      await page.waitForSelector("#begin:not([hidden])");
      assertEquals(await page.evaluate(() => document.activeElement?.id), "train");
      await page.waitForSelector('#train[aria-disabled="false"]');
      assertEquals(faults, []);
    },
  );
}

test("a text of 500 characters trains, a shorter one is refused in one line", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  const text = "She sells sea shells on the sea shore. ".repeat(13).slice(0, 500);
  await page.click('[name="text"][value="own"]');
  await fill(page, "#own-text", text.slice(1));
  const refusal = "Cannot train on 499 characters: at least 500 are needed; paste a longer text";
  await waitForText(page, "#refusal", new RegExp(`^${refusal}$`));
  await fill(page, "#own-text", text);
  await page.waitForSelector('#train[aria-disabled="false"]');
  assertEquals(await page.$eval("#preset", (select) => (select as HTMLSelectElement).value), "short-text");
  await fill(page, "#heads", "5");
  await waitForText(page, "#refusal", /^Heads is 5, which does not divide width 64/);
  await fill(page, "#heads", "4");
  await fill(page, "#steps", "20");
  await waitForText(page, "#plan", /500 characters, 20 steps/);
  await page.evaluate(() => {
    const state = document.querySelector("#state")!, seen: string[] = [];
    new MutationObserver(() => seen.push(state.textContent!)).observe(state, { childList: true });
    Object.assign(globalThis, { seen });
  });
  await page.click("#train", { count: 2 });
  await waitForText(page, "#state", /^Done$/);
  await clickGenerate(page);
  await waitForText(page, "#answer", /.{200}/s);
  await waitForText(page, "#state", /^Done$/);
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
  assertEquals(seen, ["Preparing", "Training", "Done", "Generating", "Done"]);
  assertEquals((await lossesOn(page)).length, 20);
  assertEquals(faults, []);
});

/** Drops a file on the page. */
const drop = (page: Page, name: string, bytes: readonly number[]) =>
  page.evaluate(
    (name, bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], name));
      dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
    },
    name,
    bytes,
  );

test(
  "a dropped text is planned with the fields as they are, and a broken one is refused in one line",
  async (browser, address) => {
    const { page, faults } = await openPage(browser, address);
    await drop(page, "photo.png", [0x89, 0x50, 0xff]);
    await waitForText(page, "#alert", /^photo\.png is not a text in UTF-8: drop a plain text file\.$/);
    const encode = (text: string) => [...new TextEncoder().encode(text)];
    await drop(page, "shells.txt", encode("She sells sea shells. ".repeat(50)));
    await waitForText(page, "#plan", /a text of 1,100 characters, 500 steps/);
    await fill(page, "#steps", "7");
    await drop(page, "shells.txt", encode("She sells sea shells. ".repeat(40)));
    await waitForText(page, "#plan", /a text of 880 characters, 7 steps/);
    assertEquals(faults, []);
  },
);

test("a masked model trains and fills a mask", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await page.click('[name="objective"][value="mlm"]');
  await fill(page, "#steps", "5");
  await waitForText(page, "#plan", /^Masked model .* 5 steps/);
  await page.click("#train");
  await waitForText(page, "#state", /^Done$/);
  await clickGenerate(page);
  await waitForText(page, "#answer", /^Once th.re was$/);
  assertEquals(faults, []);
});

test(
  "a run that is paused is downloaded, generates the page's text and is resumed to the bits of Deno's",
  (browser, address) =>
    inFolder(async (cwd) => {
      const { page, faults } = await openPage(browser, address);
      const client = await browser.target().createCDPSession();
      await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: cwd });
      const text = story(200);
      await page.select("#device", "wasm");
      await page.click('[name="text"][value="own"]');
      await fill(page, "#own-text", text);
      await waitForText(page, "#plan", / 500 steps/);
      await fill(page, "#steps", "60");
      await waitForText(page, "#plan", / 60 steps/);
      await page.click("#train");
      await page.waitForSelector("#samples li:nth-child(3)");
      assertEquals(await page.$eval("#download", ({ ariaDisabled }) => ariaDisabled), "true");
      await page.click("#pause");
      await waitForText(page, "#state", /^Paused$/);
      const step = await stepOf(page), name = `text-step-${step}`;
      await page.click("#download");
      await waitForText(page, "#taken", new RegExp(`^\\s*${name}\\.zip holds a Hugging Face folder`));
      assertEquals(
        await textOf(page, "#taken-commands"),
        `deno task generate --checkpoint runs/${name}\ndeno task train --resume runs/${name}`,
      );
      const zip = `${cwd}/${name}.zip`;
      for (let trial = 0; trial < 100 && !(await Deno.stat(zip).catch(() => undefined))?.size; trial++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (const [path, bytes] of Object.entries(unzipSync(await Deno.readFile(zip)))) {
        await Deno.mkdir(`${cwd}/runs/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeFile(`${cwd}/runs/${path}`, bytes);
      }
      await fill(page, "#prompt", "the ");
      await clickGenerate(page);
      await page.waitForFunction(() => document.querySelector("#answer")!.textContent!.length === 404);
      const line =
        `generate --checkpoint runs/${name} --device wasm --seed 1 --temperature 0.8 --max-new-tokens 400`;
      const printed = await succeed([...words(line), "--prompt", "the "], { cwd });
      assertEquals(printed.trimEnd(), (await textOf(page, "#answer")).trimEnd());
      await Deno.writeTextFile(`${cwd}/story.txt`, text);
      await succeed(words(`train --resume runs/${name} --device wasm`), { cwd });
      await succeed(words("train --data story.txt --device wasm --steps 60 --name whole"), { cwd });
      for (const file of ["model.safetensors", "optimizer.safetensors"]) {
        const [ours, whole] = [name, "whole"].map((run) =>
          Deno.readFileSync(`${cwd}/runs/${run}/last/${file}`)
        );
        assertEquals(ours, whole, file);
      }
      assertEquals(faults, []);
    }),
);

test("a run that is paused, reloaded and taken up ends with the losses of Deno", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  assertEquals(await page.$eval("#kept", (kept) => (kept as HTMLElement).hidden), true);
  await page.select("#device", "wasm");
  await fill(page, "#steps", "30");
  await waitForText(page, "#plan", / 30 steps/);
  await page.click("#train");
  await page.waitForSelector("#samples li");
  await page.click("#pause");
  await waitForText(page, "#state", /^Paused$/);
  const before = await lossesOn(page);
  await page.reload();
  await page.waitForSelector("#kept:not([hidden])");
  await waitForText(
    page,
    "#kept-what",
    new RegExp(`^A run on the tales was kept at step ${before.length} of 30`),
  );
  await page.click("#go-on");
  await waitForText(page, "#state", /^Paused$/);
  assertEquals(await lossesOn(page), before);
  await page.click("#pause");
  await waitForText(page, "#state", /^Done$/);
  const choices = { ...choicesOf("tiny"), steps: 30 };
  const deno = await inDeno({ kind: "text", text: null }, { kind: "device", device: "wasm" }, {
    kind: "begin",
    choices,
  });
  assertEquals(await lossesOn(page), rowsOf(deno));
  await page.click("#reset");
  await page.waitForSelector("#begin:not([hidden])");
  await page.reload();
  await page.waitForSelector('#train[aria-disabled="false"]');
  assertEquals(await page.$eval("#kept", (kept) => (kept as HTMLElement).hidden), true);
  assertEquals(faults, []);
});

test("index.html opened from disk trains on one thread", async (browser) => {
  const folder = await Deno.makeTempDir();
  await writePage(files, folder);
  const { page, faults } = await openPage(browser, toFileUrl(`${folder}/index.html`).href);
  await waitForText(page, "#reason", /^WebAssembly, 1 thread: this page may not share memory/);
  await fill(page, "#steps", "3");
  await waitForText(page, "#plan", / 3 steps/);
  await page.click("#train");
  await waitForText(page, "#state", /^Done$/);
  const choices = { ...choicesOf("tiny"), steps: 3 };
  const deno = await inDeno({ kind: "text", text: null }, { kind: "device", device: "wasm" }, {
    kind: "begin",
    choices,
  });
  assertEquals(await lossesOn(page), rowsOf(deno));
  assertEquals(faults, []);
  await Deno.remove(folder, { recursive: true });
});

const SMALL = { steps: 5, layers: 1, modelDim: 16, contextLength: 32 };

/** Chooses a small model, trains it to its end and gives its rows of the table. */
async function trainSmall(page: Page): Promise<string[][]> {
  for (const [name, value] of Object.entries(SMALL)) await fill(page, `#${name}`, `${value}`);
  await waitForText(page, "#plan", / 5 steps of 2 × 32 /);
  await page.click("#train");
  await waitForText(page, "#state", /^Done$/);
  return await lossesOn(page);
}

/** Moves a slider. */
const slide = (page: Page, selector: string, value: number) => fill(page, selector, `${value}`);

/** The texts of the rows of a table. */
const rowsOn = (page: Page, selector: string) =>
  page.$$eval(
    `${selector} tr`,
    (rows) =>
      rows.map((row) =>
        Array.from((row as HTMLTableRowElement).cells, ({ textContent }) => textContent ?? "")
      ),
  );

test("what the model expects, reads and has learned is that of Deno", async (browser, address) => {
  const { page, faults } = await openPage(browser, address), line = "Mia had a kite";
  await page.select("#device", "wasm");
  await trainSmall(page);
  await page.waitForSelector("#skills tr");
  await waitForText(page, "#next-step", /^step 5$/);
  await fill(page, "#line", line);
  await page.waitForFunction(() =>
    document.querySelector("canvas[aria-label]")?.getAttribute("width") === "14"
  );
  const answers: FromWorker[] = [], trainer = new Trainer((message) => answers.push(message));
  const choices = { ...choicesOf("tiny"), ...SMALL };
  const messages: ToWorker[] = [{ kind: "text", text: null }, { kind: "device", device: "wasm" }];
  for (const message of [...messages, { kind: "begin", choices } as const]) await trainer.receive(message);
  const answerTo = async <Kind extends FromWorker["kind"]>(kind: Kind, question?: ToWorker) => {
    if (question) await trainer.receive(question);
    return answers.findLast((answer) => answer.kind === kind) as FromWorker & { kind: Kind };
  };

  const question = {
    kind: "distribution",
    prompt: "Once there was",
    temperature: 0.8,
    topK: 0,
    topP: 1,
  } as const;
  const chances = async (values: Partial<typeof question> | { topK: number; topP: number }) => {
    const { tokens } = await answerTo("distribution", { ...question, ...values });
    return tokens.map(({ token, probability, sampled }) => [
      ...[token.replace(" ", "␣").replace("\n", "\\n"), "", percentText(probability)],
      sampled === 0 ? "excluded" : percentText(sampled),
    ]);
  };
  assertEquals(await rowsOn(page, "#chances"), await chances({}));
  await slide(page, "#top-k", 3);
  await slide(page, "#top-p", 0.6);
  await waitForText(page, "#chances", /excluded/);
  await waitForText(page, "#top-p-value", /^0.6$/);
  const expected = await chances({ topK: 3, topP: 0.6 });
  await waitForText(page, "#chances tr", new RegExp(expected[0][3]));
  assertEquals(await rowsOn(page, "#chances"), expected);
  await fill(page, "#prompt", "Ω");
  await waitForText(page, "#next-hint", /Ω/);

  const { maps } = await answerTo("attention", { kind: "attention", line });
  await page.focus("figure:nth-child(2) canvas");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"] as const) {
    await page.keyboard.press(key);
  }
  const weight = maps[1].weights[3 * line.length + 1].toFixed(4);
  await waitForText(
    page,
    "#attention-about",
    new RegExp(`head 2: “␣” .4. reads from “i” .2. with weight ${weight}$`),
  );
  const alphas = await page.$eval("figure:nth-child(2) canvas", (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, at) => data[4 * at + 3]);
  });
  assertEquals(alphas, Array.from(maps[1].weights, (weight) => Math.round(255 * Math.sqrt(weight))));

  const { tokens } = await answerTo("surprise"), { rows } = await answerTo("skills");
  assertEquals(await textOf(page, "#surprise"), tokens.map(({ text }) => text.replace("\n", "↵\n")).join(""));
  await page.focus("#surprise");
  for (let index = 0; index < 3; index++) await page.keyboard.press("ArrowRight");
  const { text, loss, optimal, skill } = tokens[2];
  await waitForText(
    page,
    "#surprise-about",
    new RegExp(`^“${text}”: .*, excess ${(loss - optimal!).toFixed(3)}; ${skill}$`),
  );
  assertEquals(
    (await rowsOn(page, "#skills")).map(([skill, , loss]) => [skill, loss]),
    rows.map(({ skill, loss }) => [skill, loss.toFixed(3)]),
  );
  await trainer.receive({ kind: "reset" });
  assertEquals(faults, []);
});

test("attention maps of earlier steps are kept, and the slider shows them", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await trainSmall(page);
  await page.waitForFunction(() =>
    Number((document.querySelector("#attention-slider") as HTMLInputElement).max) >= 3
  );
  await waitForText(page, "#attention-step", /^step 5$/);
  await slide(page, "#attention-slider", 0);
  await waitForText(page, "#attention-step", /^step [012]$/);
  assertEquals(faults, []);
});

test("where WebGPU is missing the page says so, and trains on WebAssembly", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await page.select("#device", "webgpu");
  await waitForText(page, "#reason", /^WebAssembly, \d+ threads?\. This browser offers no WebGPU adapter\.$/);
  assertEquals((await trainSmall(page)).length, 5);
  assertEquals(faults, []);
}, ["--no-sandbox"]);

test("on WebGPU losses are those of the CPU within 1e-5 of themselves", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await page.select("#device", "webgpu");
  await waitForText(page, "#reason", /\. WebGPU was requested\.$/);
  const rows = await trainSmall(page), choices = { ...choicesOf("tiny"), ...SMALL };
  const deno = await inDeno({ kind: "text", text: null }, { kind: "device", device: "cpu" }, {
    kind: "begin",
    choices,
  });
  for (const [index, [step, loss]] of rowsOf(deno).entries()) {
    assertEquals(rows[index][0], step);
    assertAlmostEquals(Number(rows[index][1]), Number(loss), 1e-5 * Number(loss));
  }
  assertEquals(faults, []);
});
