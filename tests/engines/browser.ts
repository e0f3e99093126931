/**
 * Runs a module in a browser, on a page or in a worker of it.
 *
 * @module
 */

/** How the module is run. */
export interface PageOptions {
  /** Whether the page has the two headers without which it may not share memory between threads. */
  readonly isolated: boolean;
  /** Whether the module runs in a worker, which may sleep, instead of on the page's main thread, which may not. */
  readonly worker: boolean;
  /** What follows # in the address. */
  readonly hash: string;
  /** Milliseconds until it counts as hanging. */
  readonly patience: number;
}

const page = (worker: boolean) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module">
  const fail = (error) => fetch("/answer", { method: "POST", body: JSON.stringify({ error: String(error) }) });
  ${
    worker
      ? `new Worker("/module.js" + location.hash, { type: "module" }).onerror = ({ message }) => fail(message);`
      : `import("/module.js").catch(fail);`
  }
</script>`;

/** Runs a module, and gives what it sends to `/answer`. */
export async function runInBrowser(
  [program, ...args]: readonly string[],
  module: string,
  { isolated, worker, hash, patience }: PageOptions,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>(),
    code = await Deno.readTextFile(module);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url), isModule = pathname === "/module.js";
    if (pathname === "/answer") resolve(await request.text());
    const headers = new Headers({ "content-type": isModule ? "text/javascript" : "text/html" });
    if (isolated) {
      headers.set("cross-origin-opener-policy", "same-origin");
      headers.set("cross-origin-embedder-policy", "require-corp");
    }
    return new Response(isModule ? code : page(worker), { headers });
  });
  const profile = await Deno.makeTempDir();
  const all = [...args, `http://127.0.0.1:${server.addr.port}/#${hash}`];
  const browser = new Deno.Command(program, {
    args: all.map((argument) => argument.replace("PROFILE", profile)),
    env: { HOME: profile },
    stdout: "null",
    stderr: "null",
    detached: true, // Debian's chromium is a script, which would be ended without its browser
  }).spawn();
  const timer = setTimeout(() => reject(new Error(`no answer within ${patience / 1000} s`)), patience);
  browser.status.then(({ code }) => reject(new Error(`the browser exited with status ${code}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    try {
      Deno.kill(-browser.pid, "SIGKILL"); // all that it has started
    } catch {
      // it has exited by itself
    }
    await browser.status;
    await server.shutdown();
    await Deno.remove(profile, { recursive: true }).catch(() => {}); // its children may still be writing
  }
}
