/**
 * The engines, and how each of them is started.
 *
 * @module
 */

import { runInBrowser } from "./browser.ts";

/** An engine, with the settings under which it is tried. */
export interface Engine {
  /** Its name, and what is special this time. */
  readonly name: string;
  /** Its program, by all names that it has. */
  readonly programs: readonly string[];
  /** How to get it. */
  readonly source: string;
  /** Threads that are requested. */
  readonly threads: number;
  /** Whether it is part of the short share. */
  readonly quick?: boolean;
  /** What comes before the module in its arguments; before the address, if it is a browser. */
  readonly args: readonly string[];
  /** For browsers. */
  readonly page?: { readonly isolated: boolean; readonly worker: boolean };
}

const deno = { programs: [Deno.execPath()], source: "" };
const bun = { programs: ["bun"], source: "npm install --global bun" };
const chrome = {
  programs: ["chromium-headless-shell", "chromium", "google-chrome"],
  source: "apt-get install chromium-headless-shell",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    "--user-data-dir=PROFILE",
  ],
};
const firefox = {
  programs: ["firefox-esr", "firefox"],
  source: "apt-get install firefox-esr",
  args: ["--headless", "--no-remote", "--profile", "PROFILE"],
};

/** A variation of V8. */
const v8 = (what: string, ...flags: string[]): Engine => ({
  ...{ ...deno, name: `Deno (V8), ${what}`, threads: 2 },
  args: ["run", `--v8-flags=${flags.join(",")}`],
});

/** The three ways in which a page can run it. */
const pages = (name: string, browser: Pick<Engine, "programs" | "source" | "args">): Engine[] => [
  { ...browser, name: `${name}, page`, threads: 2, page: { isolated: true, worker: false } },
  {
    ...browser,
    name: `${name}, page without the headers`,
    threads: 2,
    page: { isolated: false, worker: false },
  },
  { ...browser, name: `${name}, worker of a page`, threads: 3, page: { isolated: true, worker: true } },
];

/**
 * All engines. The first one, with a single thread on memory that is not shared, says what the others must compute.
 *
 * @param arm64 Deno for 64-bit ARM, which QEMU emulates; `QEMU_LD_PREFIX` is the folder that has its C library.
 */
export function allEngines(arm64?: string): Engine[] {
  return [
    { ...deno, name: "Deno (V8)", threads: 1, quick: true, args: ["run"] },
    { ...deno, name: "Deno (V8)", threads: 2, quick: true, args: ["run"] },
    { ...deno, name: "Deno (V8)", threads: 3, quick: true, args: ["run"] },
    v8("first compiler only", "--liftoff-only"),
    v8("second compiler only", "--no-liftoff"),
    v8("without AVX and FMA", "--no-enable-avx", "--no-enable-avx2", "--no-enable-fma3"),
    {
      ...{ name: "Node (V8)", programs: ["node"], source: "https://nodejs.org", threads: 2 },
      ...{ quick: true, args: [] },
    },
    { ...bun, name: "Bun (JavaScriptCore)", threads: 1, args: ["run"] },
    { ...bun, name: "Bun (JavaScriptCore)", threads: 3, args: ["run"] },
    ...pages("Chrome (V8)", chrome),
    ...pages("Firefox (SpiderMonkey)", firefox),
    {
      name: "Deno (V8) on 64-bit ARM, emulated",
      programs: arm64 ? ["qemu-aarch64", "qemu-aarch64-static"] : [],
      source: "apt-get install qemu-user; --arm64 PATH of npm's @deno/linux-arm64-glibc; QEMU_LD_PREFIX",
      ...{ threads: 2, args: [arm64 ?? "", "run"] },
    },
  ];
}

/** The first of the programs that is on this machine. */
export async function findProgram(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    try {
      await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output();
      return program;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Runs a module in an engine, and gives what it prints. */
export async function runModule(
  program: string,
  { args, page, threads }: Engine,
  module: string,
  { steps, patience }: { readonly steps: number; readonly patience: number },
): Promise<string> {
  if (page) {
    return runInBrowser([program, ...args], module, { ...page, patience, hash: `${threads},${steps}` });
  }
  const signal = AbortSignal.timeout(patience);
  const { stdout, stderr, success } = await new Deno.Command(program, {
    args: [...args, module, `${threads}`, `${steps}`],
    signal,
  }).output();
  if (signal.aborted) throw new Error(`no answer within ${patience / 1000} s`);
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(complaints.replaceAll("\n", " ") || "it was ended");
  return printed;
}
