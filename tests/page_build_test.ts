import { assert, assertEquals, assertMatch } from "@std/assert";
import { headersOf, minifyShaders } from "../page/build.ts";
import { portOf } from "../page/serve.ts";
import { inFolder } from "./_command.ts";

const root = new URL("..", import.meta.url).pathname;

/** Runs the task `page` with more permissions to write. */
async function page(args: readonly string[], write?: string) {
  const flags = ["run", "-q", "--no-check", "--no-prompt", "-P=page", "--unstable-bundle"];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags, ...write ? [`--allow-write=${write}`] : [], "page/serve.ts", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output(), decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the page is five files of less than 450 KB, 165 compressed, which load nothing from elsewhere", () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await page(["--out", `${folder}/site`], folder);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Written: \S+index\.html, .*worker\.js\n$/);
    const names = Array.from(Deno.readDirSync(`${folder}/site`), ({ name }) => name).sort();
    assertEquals(names, ["icon.svg", "index.html", "page.css", "page.js", "worker.js"]);
    const texts = names.map((name) => Deno.readTextFileSync(`${folder}/site/${name}`));
    const bytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
    assert(bytes < 450_000, `${bytes} bytes`);
    const packed = await Promise.all(texts.map(async (text) => {
      const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
      return (await new Response(stream).arrayBuffer()).byteLength;
    }));
    const compressed = packed.reduce((sum, length) => sum + length);
    assert(compressed < 165_000, `${compressed} bytes compressed`);
    const addresses = texts.join("\n").match(/https?:\/\/[^\s"'`)]+/g) ?? [];
    assertEquals([...new Set(addresses)], ["http://www.w3.org/2000/svg"]); // a name, which nothing loads
    assertMatch(texts[1], /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
  }));

Deno.test("a folder outside is refused with the command that allows it, and a wrong flag in one line", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await page(["--out", `${folder}/elsewhere`]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: Cannot write in \S+: deno task page may write in site\/ only; .*--allow-write=\S+elsewhere page\/serve\.ts --out \S+\n$/,
    );
    const wrong = await page(["--prot", "0"]);
    assertEquals(wrong.code, 2);
    assertMatch(wrong.stderr, /^error: .*--prot.*; deno task page --help lists the flags\n$/);
    const port = await page(["--port", "many"]);
    assertEquals([port.code, port.stderr], [
      2,
      "error: --port is many: expected a whole number from 0 to 65535; deno task page --help lists the flags\n",
    ]);
  }));

Deno.test("a file in place of the folder is reported in one line", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { code, stderr } = await page(["--out", `${folder}/file`], folder);
    assertEquals(code, 1);
    assertMatch(stderr, /^error: Cannot write in \S+file: .*; name another folder with --out\n$/);
  }));

Deno.test("ports are whole numbers", () =>
  assertEquals(["0", "8080", "65535"].map(portOf), [0, 8080, 65535]));

Deno.test("only the worker may start threads from data, and it may load nothing", () => {
  const [page, worker] = ["page.js", "worker.js"].map((name) => headersOf(name)["content-security-policy"]);
  assertEquals(worker, "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:");
  assertMatch(
    page,
    /^default-src 'none';.* worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  assertEquals(headersOf("index.html")["cross-origin-opener-policy"], "same-origin");
  assertEquals(headersOf("index.html")["cross-origin-embedder-policy"], "require-corp");
});

Deno.test("shaders lose white space and comments, other texts of several lines stay as they are", () => {
  const shader =
    "var a=`fn f(x: u32) -> f32 { // first\n  let y = ${b} - 2; // why\n  for (var i = 0u; i < y; i++) {\n  }\n}`";
  assertEquals(
    minifyShaders(shader),
    "var a=`fn f(x: u32) -> f32 { // first\nlet y=${b} - 2;\nfor(var i=0u;i<y;i++){\n}\n}`",
  );
  const text = "var end=`.\n\n`,line=`\n---\n  indented // text\n`";
  assertEquals(minifyShaders(text), text);
});
