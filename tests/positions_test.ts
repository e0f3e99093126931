import { assertEquals, assertStrictEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { LearnedPositions, NoPositions } from "../models/positions.ts";
import { everyBackend, normals } from "./_testing.ts";

const shape = [2, 3, 4], tokens = normals("tokens", shape).data, indices = Uint32Array.of(0, 1, 4, 2, 2, 0);

everyBackend("LearnedPositions adds the row of each index", async (backend) => {
  const model = { positions: new LearnedPositions(5, 4, 0.5) };
  initialize(backend, model, 1);
  assertEquals(namedParameters(model).map(({ name, shape }) => [name, [...shape]]), [["positions", [5, 4]]]);
  const table = await backend.read(model.positions);
  const actual = await backend.read(
    backend.scope(() => model.positions.forward(backend.from(tokens, shape), backend.from(indices, [2, 3]))),
  );
  const expected = tokens.map((value, at) => value + table[4 * indices[at >> 2] + at % 4]);
  assertEquals(actual, expected);
});

Deno.test("NoPositions adds nothing, and has no parameters", () => {
  const x = new CpuBackend().from(tokens, shape), positions = new NoPositions();
  assertStrictEquals(positions.forward(x), x);
  assertEquals(namedParameters({ positions }), []);
});
