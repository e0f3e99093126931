import { assertEquals } from "@std/assert";
import { CONFIGS } from "../bench/configs.ts";
import { fixedBatch, initialParameters } from "../bench/peers/model.ts";
import { writeStart } from "../bench/peers/start.ts";

Deno.test("a start for peers has sizes, names, values and ids, and nothing else", async () => {
  const path = await Deno.makeTempFile();
  try {
    await writeStart(path, CONFIGS.T);
    const bytes = await Deno.readFile(path), end = bytes.indexOf(10) + 1;
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    const initial = initialParameters(CONFIGS.T), { inputs, targets } = fixedBatch(CONFIGS.T);
    assertEquals(header, {
      ...CONFIGS.T,
      parameters: initial.map(({ name, shape }) => ({ name, shape })),
    });
    const rest = bytes.slice(end).buffer, floats = initial.reduce((sum, { data }) => sum + data.length, 0);
    assertEquals(rest.byteLength, 4 * (floats + inputs.length + targets.length));
    assertEquals(new Float32Array(rest, 0, 65 * 128), initial[0].data);
    assertEquals(new Int32Array(rest, 4 * floats, inputs.length), inputs);
    assertEquals(new Int32Array(rest, 4 * (floats + inputs.length)), targets);
  } finally {
    await Deno.remove(path);
  }
});
