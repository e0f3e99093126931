/**
 * How the page behaves while it trains: it never freezes, can be used by keyboard alone, takes another learning rate, and what
 * its policy forbids is refused.
 *
 * @module
 */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "npm:puppeteer-core@25.16.0";
import { choicesOf } from "../../page/choices.ts";
import { Trainer } from "../../page/compute/trainer.ts";
import type { FromWorker } from "../../page/protocol.ts";
import { exactLoss } from "../../page/view/format.ts";
import { fill, openPage, textOf, waitForText } from "./chrome.ts";
import { files, lossesOn, test } from "./shared.ts";

/** An entry of Chrome's trace; times are in microseconds, `tdur` is the processor time of the thread. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** The longest task of the page's main thread in processor time, and how many there were. */
function longestTask(trace: Uint8Array): { readonly milliseconds: number; readonly tasks: number } {
  const events: TraceEvent[] = JSON.parse(new TextDecoder().decode(trace)).traceEvents;
  const main = new Set(
    events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const times = events.filter(({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
  return { milliseconds: Math.max(...times), tasks: times.length };
}

test("while it trains, no task of the page takes 50 ms, with everything shown", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await page.select("#device", "wasm");
  // the time of the thread and not of the clock: on a busy machine any program waits for a processor
  await page.tracing.start({ categories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await page.click("#train");
  await page.waitForSelector("#samples li");
  await page.$eval("#table", (table) => (table as HTMLDetailsElement).open = true);
  await page.waitForSelector("#skills tr");
  const gaps = await page.evaluate(async () => {
    const gaps: number[] = [];
    for (let last = performance.now(), end = last + 8000; last < end;) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    return gaps.sort((a, b) => a - b);
  });
  await page.click("#pause");
  await waitForText(page, "#state", /^Paused$/);
  const { milliseconds, tasks } = longestTask((await page.tracing.stop())!);
  const [median, longest] = [gaps[gaps.length >> 1], gaps.at(-1)!].map((gap) => gap.toFixed(0));
  console.log(
    `longest task ${milliseconds.toFixed(1)} ms of ${tasks}; ` +
      `a timer of 10 ms came after ${median} ms, at the latest ${longest}`,
  );
  assert(tasks > 100, `${tasks} tasks were traced`);
  assert(milliseconds < 50, `a task took ${milliseconds} ms`);
  assert(Number(median) < 50, `a timer of 10 ms came after ${median} ms`);
  assertEquals(faults, []);
});

/** The losses that Deno computes where the rate is changed before a step. */
async function lossesWithRate(steps: number, first: number, learningRate: number): Promise<string[]> {
  const answers: FromWorker[] = [], trainer = new Trainer((message) => answers.push(message));
  const losses = () => answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []);
  await trainer.receive({ kind: "text", text: null });
  await trainer.receive({ kind: "device", device: "wasm" });
  const training = trainer.receive({ kind: "begin", choices: { ...choicesOf("tiny"), steps } });
  trainer.receive({ kind: "pause" });
  await training;
  while (losses().length < first - 1) await trainer.receive({ kind: "step" });
  await trainer.receive({ kind: "rate", learningRate });
  await trainer.receive({ kind: "run" });
  await trainer.receive({ kind: "reset" });
  return losses().map(({ loss }) => exactLoss(loss));
}

test("the learning rate is changed while it trains and survives a reload", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  await page.select("#device", "wasm");
  await fill(page, "#steps", "60");
  await waitForText(page, "#plan", / 60 steps/);
  await page.click("#train");
  await page.waitForSelector("#samples li");
  await fill(page, "#rate", "7");
  await page.focus("#rate");
  await page.keyboard.press("Enter");
  await waitForText(page, "#alert", /^Learning rate is 7: enter a number from 0.000001 to 1$/);
  await fill(page, "#rate", "0.002");
  await page.keyboard.press("Enter");
  await waitForText(page, "#rates", /^0.01 from step 1, 0.002 from step \d+\.$/);
  await page.click("#pause");
  await waitForText(page, "#state", /^Paused$/);
  const rates = await textOf(page, "#rates"), [, step] = rates.match(/(\d+)\.$/)!;
  await page.reload();
  await page.waitForSelector("#kept:not([hidden])");
  await page.click("#go-on");
  await waitForText(page, "#state", /^Paused$/);
  assertEquals(await textOf(page, "#rates"), rates);
  assertEquals(await page.$eval("#rate", (field) => (field as HTMLInputElement).value), "0.002");
  await page.click("#pause");
  await waitForText(page, "#state", /^Done$/);
  assertEquals(await page.$eval("#change-rate", ({ ariaDisabled }) => ariaDisabled), "true");
  const losses = (await lossesOn(page)).map(([, loss]) => loss);
  assertEquals(losses, await lossesWithRate(60, Number(step), 0.002));
  assertEquals(faults, []);
});

/** Presses Tab until the focus is back where it began, and gives the ids or names of what had it, from `first` on. */
async function walk(page: Page, first: string): Promise<string[]> {
  const seen: string[] = [];
  for (let press = 0; press < 100; press++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const active = document.activeElement!;
      if (active === document.body) return undefined;
      const { outlineStyle } = getComputedStyle(active), { width } = active.getBoundingClientRect();
      const label = active.id || active.getAttribute("aria-label") || active.getAttribute("name") ||
        active.textContent!;
      return width > 0 && outlineStyle !== "none" ? label : `${label}, whose focus cannot be seen`;
    });
    if (name === undefined) continue; // between the last element and the first the body has the focus
    if (name === seen[0]) break;
    seen.push(name);
  }
  const start = seen.indexOf(first);
  return [...seen.slice(start), ...seen.slice(0, start)];
}

test("everything is reached by Tab, in the order of the page, and seen", async (browser, address) => {
  const { page, faults } = await openPage(browser, address);
  assertEquals(await walk(page, "train"), [
    ...["train", "open-folder", "open-files", "text", "objective", "preset", "layers", "heads", "modelDim"],
    ...["contextLength", "batchSize", "steps", "learningRate", "seed", "device"],
  ]);
  await fill(page, "#steps", "3");
  await waitForText(page, "#plan", / 3 steps/);
  await page.focus("#train");
  await page.keyboard.press("Enter");
  await waitForText(page, "#state", /^Done$/);
  await page.waitForSelector("#skills tr");
  const seen = await walk(page, "pause"),
    expected = ["pause", "step", "download", "reset", "rate", "change-rate"];
  assertEquals(seen.slice(0, 6), expected);
  for (const id of ["logarithmic", "prompt", "temperature", "generate", "surprise", "line"]) {
    assert(seen.includes(id), `${id} is not reached: ${seen}`);
  }
  assertEquals(seen.filter((name) => name.includes("cannot be seen")), []);
  assertEquals(faults, []);
});

test("auto does not take WebGPU that a processor emulates", async (browser, address) => {
  const { page } = await openPage(browser, address);
  await waitForText(
    page,
    "#reason",
    /^WebAssembly, \d+ threads?\. WebGPU is emulated in software here, which is slower\.$/,
  );
});

/** What the page may not do, and whether its policy refused it. */
const attempts = (page: Page, address: string) =>
  page.evaluate(async (elsewhere) => {
    const refused = (start: () => unknown) =>
      new Promise<string>((resolve) => {
        const listen = ({ effectiveDirective }: SecurityPolicyViolationEvent) =>
          setTimeout(() => resolve(effectiveDirective), 200); // both policies, of the header and of the page, report it
        document.addEventListener("securitypolicyviolation", listen, { once: true });
        setTimeout(() => resolve("nothing"), 3000);
        Promise.resolve().then(start).catch(() => {});
      });
    const append = (name: string, values: object) =>
      document.body.append(Object.assign(document.createElement(name), values));
    return [
      await refused(() => fetch(elsewhere)),
      await refused(() => append("script", { textContent: "globalThis.evil = true" })),
      await refused(() => append("img", { src: `${elsewhere}image.png` })),
      await refused(() => append("iframe", { src: elsewhere })),
      await refused(() => new Worker(URL.createObjectURL(new Blob([""])))),
      await refused(() => append("base", { href: elsewhere })),
    ];
  }, address);

const REFUSED = ["connect-src", "script-src-elem", "img-src", "frame-src", "worker-src", "base-uri"];

test(
  "the policy refuses everything else, also on a server that sends no headers",
  async (browser, address) => {
    const { page } = await openPage(browser, address);
    assertEquals(await attempts(page, "http://127.0.0.2:9/"), REFUSED);
    const types: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
    const { promise, resolve } = Promise.withResolvers<number>();
    const onListen = ({ port }: Deno.NetAddr) => resolve(port);
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, ({ url }) => {
      const name = new URL(url).pathname.slice(1) || "index.html";
      return new Response(files.get(name), {
        headers: { "content-type": types[name.replace(/.*\./, "")] ?? "text/html" },
      });
    });
    const plain = await openPage(browser, `http://127.0.0.1:${await promise}/`);
    assertEquals(await attempts(plain.page, "http://127.0.0.2:9/"), REFUSED);
    await plain.page.close();
    await page.close();
    await server.shutdown();
  },
);

test("files are compressed on the way, and a port in use is reported in one line", async (_, address) => {
  const { port } = new URL(address);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = "GET /page.js HTTP/1.1\r\nhost: here\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).bytes();
  assertMatch(new TextDecoder().decode(answer.slice(0, 1000)), /content-encoding: gzip/);
  assert(answer.length < 0.7 * files.get("page.js")!.length, `${answer.length} bytes`);
  const args = ["run", "-q", "--no-check", "-P=page", "--unstable-bundle", "page/serve.ts", "--port", port];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [
    1,
    `error: Cannot serve at port ${port}: it is in use; give --port 0 for a free one\n`,
  ]);
});

test(
  "the button that generates stays where it is when the list of next tokens fills",
  async (browser, address) => {
    const { page, faults } = await openPage(browser, address);
    await page.select("#device", "wasm");
    await fill(page, "#steps", "2");
    await page.click("#train");
    await waitForText(page, "#state", /^Done$/);
    await page.waitForSelector("#chances tr");
    const [filled, empty] = await page.evaluate(() => {
      const top = () => document.querySelector("#generate")!.getBoundingClientRect().top;
      const filled = top();
      document.querySelector("#chances")!.replaceChildren();
      return [filled, top()];
    });
    assertEquals(filled, empty);
    assertEquals(faults, []);
  },
);
