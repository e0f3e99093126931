/// <reference lib="dom" />
/**
 * Chrome, driven by puppeteer: pages that record everything that should not happen.
 *
 * @module
 */
import puppeteer, { type Browser, type Page } from "npm:puppeteer-core@25.16.0";

/** SwiftShader's WebGPU comes with the second flag. */
const FLAGS = ["--no-sandbox", "--enable-unsafe-webgpu"];

/** The path of a program: the value of a variable, or of the first of these names that is installed; undefined where none is. */
export async function findProgram(variable: string, names: readonly string[]): Promise<string | undefined> {
  const named = Deno.env.get(variable);
  if (named) return named;
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  for (const path of names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))) {
    if ((await Deno.stat(path).catch(() => undefined))?.isFile) return path;
  }
}

/** The path of Chrome, if there is one. */
export const findChrome = (): Promise<string | undefined> =>
  findProgram("CHROME", ["chromium-headless-shell", "chromium", "google-chrome"]);

/** Starts Chrome for a test and ends it afterwards. */
export async function withChrome(
  path: string,
  body: (browser: Browser) => Promise<void>,
  flags: string[] = FLAGS,
): Promise<void> {
  const browser = await puppeteer.launch({ executablePath: path, args: flags });
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

/** How a page is opened. */
export interface PageOptions {
  readonly width?: number;
  readonly dark?: boolean;
  /** Whether scripts of the test may run on the page, against its policy. */
  readonly bypassesPolicy?: boolean;
}

/** A page, and what it did that it should not do: console errors, exceptions, requests to elsewhere, violations of its policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly faults: readonly string[];
}

/** Opens an address and waits until a run can begin. */
export async function openPage(
  browser: Browser,
  address: string,
  { width = 1280, dark = false, bypassesPolicy = false }: PageOptions = {},
): Promise<WatchedPage> {
  const page = await browser.newPage(), faults: string[] = [], origin = new URL(".", address).href;
  await page.setViewport({ width, height: 900 });
  await page.setBypassCSP(bypassesPolicy);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  const watch = (message: { type(): string; text(): string }) => {
    if (["error", "warn"].includes(message.type())) faults.push(`console: ${message.text()}`);
  };
  page.on("console", watch);
  page.on("workercreated", (worker) => worker.on("console", watch));
  page.on("pageerror", (error) => faults.push(`exception: ${error}`));
  page.on("request", (request) => {
    const isOwn = request.url().startsWith(origin) || /^(blob|data):/.test(request.url());
    if (!isOwn) faults.push(`request: ${request.url()}`);
  });
  await page.exposeFunction("reportViolation", (text: string) => void faults.push(`policy: ${text}`));
  await page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      (globalThis as unknown as { reportViolation(text: string): void }).reportViolation(
        `${violatedDirective} ${blockedURI}`,
      );
    });
  });
  await page.goto(address);
  await page.waitForSelector('#train[aria-disabled="false"]');
  return { page, faults };
}

/** The text of an element. */
export const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? "");

/** Waits until an element has a text. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const matches = (selector: string, source: string) =>
    new RegExp(source).test(document.querySelector(selector)?.textContent ?? "");
  try {
    await page.waitForFunction(matches, { timeout: 60_000 }, selector, pattern.source);
  } catch {
    const alert = await textOf(page, "#alert");
    throw new Error(
      `${selector} is "${await textOf(page, selector)}", expected ${pattern}; alert: "${alert}"`,
    );
  }
}

/** Replaces the value of a field, as if it were typed. */
export async function fill(page: Page, selector: string, text: string): Promise<void> {
  await page.$eval(selector, (field, text) => {
    (field as HTMLInputElement).value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, text);
}

/** Drops files and folders of the disk on the page, as a person does. */
export async function drop(page: Page, ...files: string[]): Promise<void> {
  const client = await page.createCDPSession(), data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await client.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  }
  await client.detach();
}

/** Chooses files or a folder in the dialog that a button opens. */
export async function choose(page: Page, button: string, ...files: string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click(button)]);
  await chooser.accept(files);
}

/** Clicks on Generate or Fill once that is possible. */
export async function clickGenerate(page: Page): Promise<void> {
  await page.waitForSelector('#generate[aria-disabled="false"]');
  await page.click("#generate");
}
