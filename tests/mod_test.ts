import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { add } from "../kernels/elementwise.ts";
import { squaredRelu } from "./_squared_relu.ts";
import { checkGradients, normals, testParity, TOLERANCES } from "./_testing.ts";

const text = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
const [documentation, code] = text.split(/(?<=\n \*\/\n)/);

Deno.test("the operation of one's own in the documentation is the one that is tested here", async () => {
  const own = await Deno.readTextFile(new URL("_squared_relu.ts", import.meta.url));
  const shown = documentation.replace(/^ \* ?/gm, "");
  assertStringIncludes(shown, own.replace("export function", "function"));
});

Deno.test("squared ReLU: gradients equal central differences, also where it is used twice", async () => {
  const x = { x: normals("x", [13]) };
  await checkGradients(x, ({ x }) => squaredRelu(x));
  await checkGradients(x, ({ x }) => add(squaredRelu(x), squaredRelu(x)));
});

testParity(
  "squared ReLU",
  Object.fromEntries([1, 63, 65].map((size) => [`${size} elements`, { x: normals("x", [size]) }])),
  ({ x }) => squaredRelu(x),
  TOLERANCES.products,
);

Deno.test("squared ReLU computes no gradient of a constant", () => {
  const x = new CpuBackend().from([1, 2]);
  assertEquals([squaredRelu(x).tape, squaredRelu(new Tape().watch(x)).tape === undefined], [
    undefined,
    false,
  ]);
});

Deno.test("every name that the documentation of the module links to is exported", async () => {
  const library: Record<string, unknown> = await import("../mod.ts");
  const linked = Array.from(documentation.matchAll(/\{@linkcode (\w+)\}/g), ([, name]) => name);
  assert(linked.length > 25);
  assertEquals(linked.filter((name) => library[name] === undefined), []);
});

Deno.test("exports stand in sections, each of one room", () => {
  const sections = code.split(/^\/\/ /m).slice(1);
  const rooms = sections.map((
    section,
  ) => [...new Set(Array.from(section.matchAll(/from "\.\/(\w+)\//g), ([, room]) => room))]);
  assertEquals(rooms, [
    ["core"],
    ["kernels"],
    ["core"],
    ["models"],
    ["tokenizers"],
    ["data"],
    ["training"],
    ["inference"],
    ["checkpoints"],
  ]);
});
