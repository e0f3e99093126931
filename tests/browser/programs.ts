/**
 * Programs that use the library, bundled and loaded into a page of Chrome.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Browser, Page } from "npm:puppeteer-core@25.16.0";

/** The root of the repository, as an address. */
export const root = new URL("../../", import.meta.url).href;

/** Bundles a program for browsers. */
export async function bundle(program: string, minify: boolean = false): Promise<string> {
  const folder = await Deno.makeTempDir(), entry = `${folder}/entry.ts`;
  await Deno.writeTextFile(entry, program);
  const options = { platform: "browser", format: "iife", write: false } as const;
  const { success, outputFiles, errors } = await Deno.bundle({ ...options, entrypoints: [entry], minify });
  await Deno.remove(folder, { recursive: true });
  assert(success, errors.map(({ text }) => text).join("\n"));
  return outputFiles![0].text();
}

/** Opens a page and runs a bundled program on it, against the policy of the page. */
export async function openProgram(browser: Browser, address: string, program: string): Promise<Page> {
  const page = await browser.newPage();
  await page.setBypassCSP(true);
  await page.goto(address);
  await page.evaluate(program);
  return page;
}
