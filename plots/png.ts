/**
 * SVG pictures as PNG, drawn by resvg, with DejaVu Sans, or its monospaced form, for all texts: it has Latin, Greek, Cyrillic and Arabic letters and
 * the signs for spaces and line ends; characters that it lacks, such as Chinese ones, become empty boxes.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import * as module from "node:module";
import type { Resvg } from "@resvg/resvg-wasm";
import { FONT } from "./picture.ts";

/** Most pixels of a side and of a whole picture: beyond them viewers refuse a picture or show nothing. */
const MAX_SIDE = 16_000, MAX_PIXELS = 32e6;

/** What draws, loaded when a picture is first drawn. */
let renderer: Promise<{ readonly Renderer: typeof Resvg; readonly fontBuffers: Uint8Array[] }> | undefined;

/**
 * Draws an SVG picture as PNG. Texts are set in DejaVu Sans or DejaVu Sans Mono, whatever the picture asks for. The same picture gives the same
 * bytes.
 *
 * Font and renderer are files of npm packages, which are read when this is first called: Deno needs permission to read.
 *
 * @example
 * ```ts
 * import { lossCurve, toPng } from "@miniformer/miniformer/plots";
 * import { assertEquals } from "@std/assert";
 *
 * const svg = await lossCurve([{ step: 1, loss: 3 }, { step: 2, loss: 2 }], { title: "falling" });
 * const png = await toPng(svg, { scale: 1 });
 * assertEquals(new TextDecoder("latin1").decode(png.subarray(1, 4)), "PNG");
 * ```
 *
 * @param svg The text of an SVG picture.
 * @param options Its size.
 * @param options.scale Pixels of the PNG for each pixel of the SVG; 2 unless given, which is sharp on today's screens. A
 * picture that would be more than 16,000 pixels wide or high, or more than 32 million in all, is made smaller.
 * @returns The bytes of a PNG file.
 * @throws {RangeError} If the scale is not a positive number.
 * @throws {Error} If the text is no SVG picture, or font and renderer cannot be read.
 * @category Plots
 */
export async function toPng(
  svg: string,
  { scale = 2 }: { readonly scale?: number } = {},
): Promise<Uint8Array> {
  if (!(scale > 0 && scale < Infinity)) {
    throw new RangeError(`Cannot draw a PNG at scale ${scale}: expected a positive number`);
  }
  renderer ??= loadRenderer();
  const { Renderer, fontBuffers } = await renderer.catch((cause) => {
    renderer = undefined;
    throw new Error(`Cannot draw a PNG: the font or the renderer cannot be loaded: ${cause.message}`, {
      cause,
    });
  });
  const draw = (zoom: number) =>
    new Renderer(svg, {
      fitTo: { mode: "zoom", value: zoom },
      font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    });
  try {
    const picture = draw(scale), { width, height } = picture; // those of the SVG
    const largest = Math.min(MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_PIXELS / (width * height)));
    return (scale <= largest ? picture : draw(largest)).render().asPng();
  } catch (cause) {
    throw new Error(`Cannot draw a PNG: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function loadRenderer() {
  const [{ initWasm, Resvg: Renderer }] = await Promise.all([
    import("@resvg/resvg-wasm"),
    // This makes Deno install the package, whose other files are not modules.
    import("dejavu-fonts-ttf/package.json", { with: { type: "json" } }),
  ]);
  const fonts = ["ttf/DejaVuSans.ttf", "ttf/DejaVuSans-Bold.ttf", "ttf/DejaVuSansMono.ttf"].map((name) =>
    fileOf("dejavu-fonts-ttf", name)
  );
  const [fontBuffers] = await Promise.all([
    Promise.all(fonts),
    fileOf("@resvg/resvg-wasm", "index_bg.wasm").then(initWasm),
  ]);
  return { Renderer, fontBuffers };
}

/** The bytes of a file of an npm package, which lies in the cache of Deno or in a folder `node_modules`. */
async function fileOf(name: string, path: string): Promise<Uint8Array> {
  // From JSR this module has an https: address; any file serves to ask what Deno has installed.
  const from = import.meta.url.startsWith("file:") ? import.meta.url : "file:///miniformer.ts";
  const configuration = packageAt(name, from);
  if (configuration === undefined) throw new Error(`the npm package ${name} is not installed`);
  return new Uint8Array(await readFile(configuration.replace(/package\.json$/, path)));
}

/** The package.json of a package. Node before version 22.14 and Bun have only the older way to find it. */
function packageAt(name: string, from: string): string | undefined {
  const find: typeof module.findPackageJSON | undefined = module.findPackageJSON;
  return find ? find(name, from) : module.createRequire(from).resolve(`${name}/package.json`);
}
