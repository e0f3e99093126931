import { assert, assertEquals, assertRejects } from "@std/assert";
import { toPng } from "../plots/png.ts";

/** Width and height of a PNG. */
function sizeOf(png: Uint8Array): [number, number] {
  assertEquals([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

const picture = (width: number, height: number, content = "") =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;

/** A picture of a text. */
const textPicture = (text: string, attributes = "") =>
  toPng(picture(60, 40, `<text x="10" y="30" font-family="Arial" ${attributes}>${text}</text>`));

Deno.test("a PNG is twice as large as its picture, or what is asked for", async () => {
  assertEquals(sizeOf(await toPng(picture(30, 20))), [60, 40]);
  assertEquals(sizeOf(await toPng(picture(30, 20), { scale: 1.5 })), [45, 30]);
});

Deno.test("the same picture gives the same bytes", async () => {
  assertEquals(await textPicture("once"), await textPicture("once"));
});

Deno.test("a picture beyond what viewers show is made smaller", async () => {
  assertEquals(sizeOf(await toPng(picture(40_000, 100))), [16_000, 40]);
  const [width, height] = sizeOf(await toPng(picture(9_000, 9_000)));
  assert(width === height && width > 5_600 && width * height <= 32.1e6, `${width} × ${height}`);
});

Deno.test("texts are drawn, also the signs for spaces and line ends, accents and Cyrillic letters, upright and bold", async () => {
  const empty = await textPicture(""), box = await textPicture("\u{10fffd}");
  const pictures = await Promise.all(
    ["a", "␣", "↵", "é", "ž", "Ж", "α", "…"].map((text) => textPicture(text)),
  );
  pictures.push(await textPicture("a", 'font-weight="bold"'));
  const different = new Set([empty, box, ...pictures].map((png) => png.toBase64()));
  // Characters that the font lacks are all drawn alike.
  assertEquals(different.size, pictures.length + (box.toBase64() === empty.toBase64() ? 1 : 2));
});

Deno.test("characters that the font lacks do no harm", async () => {
  for (const text of ["文字", "👩‍🚀", "שלום", "\u0301"]) assert((await textPicture(text)).length > 100, text);
});

Deno.test("what is no picture and a scale that is no size are refused", async () => {
  await assertRejects(() => toPng("no picture"), Error, "Cannot draw a PNG: ");
  await assertRejects(() => toPng(picture(0, 10)), Error, "Cannot draw a PNG: ");
  for (const scale of [0, -1, NaN, Infinity]) {
    await assertRejects(
      () => toPng(picture(10, 10), { scale }),
      RangeError,
      `at scale ${scale}: expected a positive`,
    );
  }
});

Deno.test("a PNG needs permission to read, and says so", async () => {
  const draw = async (...args: string[]) => {
    const program = `import { toPng } from "${new URL("../plots/mod.ts", import.meta.url)}";
      console.log((await toPng('${picture(2, 2)}')).length > 50);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-check", ...args, "-"],
      cwd: new URL("..", import.meta.url),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await ReadableStream.from([new TextEncoder().encode(program)]).pipeTo(child.stdin);
    const { stdout, stderr } = await child.output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  assertEquals(await draw("--allow-read"), "true\n");
  const refused = await draw();
  assert(/Cannot draw a PNG: the font or the renderer cannot be loaded: .*read/.test(refused), refused);
});
