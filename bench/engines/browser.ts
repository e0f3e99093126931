/**
 * Runs a module in a browser and prints what it prints with `print(line)`. The page is served with the two headers that
 * give it shared memory; `--no-headers` leaves them out, `PROFILE` in the command is replaced by an empty folder.
 *
 *     deno run -A bench/engines/browser.ts [--no-headers] MODULE HASH BROWSER [FLAG...]
 *
 * @module
 */

const WAIT_MS = 300_000;
const PAGE = `<!doctype html><meta charset="utf-8">
<script>
  const lines = [];
  globalThis.print = (line) => lines.push(line);
  const end = (line) => fetch("/end", { method: "POST", body: [...lines, ...line ?? []].join("\\n") });
  addEventListener("error", ({ message }) => end(["error: " + message]));
  addEventListener("unhandledrejection", ({ reason }) => end(["error: " + reason]));
</script>
<script type="module">
  await import("/module.mjs");
  await end(["shared memory: " + crossOriginIsolated, navigator.userAgent]);
</script>`;

const isIsolated = Deno.args[0] !== "--no-headers";
const [path, hash, program, ...flags] = isIsolated ? Deno.args : Deno.args.slice(1);
const headers = new Headers(
  isIsolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {},
);
const { promise, resolve } = Promise.withResolvers<string>();
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/end") resolve(await request.text());
  const isModule = pathname === "/module.mjs";
  headers.set("content-type", isModule ? "text/javascript" : "text/html");
  return new Response(isModule ? await Deno.readTextFile(path) : PAGE, { headers });
});
const profile = await Deno.makeTempDir();
const timer = setTimeout(() => resolve(`no answer within ${WAIT_MS / 1000} s`), WAIT_MS);
try {
  const args = [
    ...flags.map((flag) => flag.replace("PROFILE", profile)),
    `http://127.0.0.1:${server.addr.port}/#${hash}`,
  ];
  const browser = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  console.log(await promise);
  browser.kill();
  await browser.status;
} finally {
  clearTimeout(timer);
  await server.shutdown();
  await Deno.remove(profile, { recursive: true });
}
