/**
 * One training step of a GPT in jax-js. `deno run -A bench/peers/jax_js.ts S 7 [webgpu|wasm] [threads]`. Without a number
 * of threads jax-js starts one for each processor.
 *
 * @module
 */

import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "npm:@jax-js/jax@0.1.25";
import { decayOf, fixedBatch, initialParameters, oneHot, timePeer } from "./model.ts";

type Named = Record<string, np.Array>;

const device = (Deno.args[2] ?? "webgpu") as "webgpu" | "wasm";
if (Deno.args[3] !== undefined) {
  Object.defineProperty(navigator, "hardwareConcurrency", { value: Number(Deno.args[3]) }); // what its pool goes by
}
await init(device);
defaultDevice(device);

await timePeer(`jax-js 0.1.25 ${device}`, (config) => {
  const { layers, heads, modelDim: C, contextLength: T, vocabSize: V } = config.model, B = config.batchSize;
  const initial = initialParameters(config), { inputs, targets } = fixedBatch(config);
  const named = (data: (index: number) => Float32Array<ArrayBuffer>): Named =>
    Object.fromEntries(initial.map(({ name, shape }, index) => [name, np.array(data(index)).reshape(shape)]));
  let parameters = named((index) => initial[index].data);
  let means = named((index) => new Float32Array(initial[index].data.length));
  let squares = named((index) => new Float32Array(initial[index].data.length));
  const x = np.array(oneHot(inputs, V)).reshape([B * T, V]),
    y = np.array(oneHot(targets, V)).reshape([B * T, V]);

  const norm = (x: np.Array, weight: np.Array, bias: np.Array): np.Array => {
    const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
    const std = np.sqrt(np.mean(np.square(centered.ref), -1, { keepdims: true }).add(1e-5));
    return centered.div(std).mul(weight).add(bias);
  };
  const lossOf = (p: Named, x: np.Array, y: np.Array): np.Array => {
    const linear = (x: np.Array, name: string) => np.matmul(x, p[`${name}.weight`]).add(p[`${name}.bias`]);
    const normed = (x: np.Array, name: string) => norm(x, p[`${name}.weight`], p[`${name}.bias`]);
    let h = np.matmul(x, p.tokens).reshape([B, T, C]).add(p.positions).reshape([B * T, C]);
    for (let layer = 0; layer < layers; layer++) {
      const packed = linear(normed(h.ref, `${layer}.norm1`), `${layer}.queryKeyValue`);
      const [q, k, v] = np.split(packed, 3, 1).map((part) => part.reshape([B, T, heads, C / heads]));
      const attended = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([B * T, C]);
      h = h.add(linear(attended, `${layer}.projection`));
      const inner = nn.gelu(linear(normed(h.ref, `${layer}.norm2`), `${layer}.expand`), {
        approximate: true,
      });
      h = h.add(linear(inner, `${layer}.contract`));
    }
    const logits = np.matmul(normed(h, "finalNorm"), p.head);
    return nn.logSoftmax(logits, -1).mul(y).sum().mul(-1 / (B * T));
  };
  const decays = Object.fromEntries(initial.map(({ name, shape }) => [name, decayOf(shape)]));
  const update = jit((p: Named, m: Named, v: Named, x: np.Array, y: np.Array, c1: np.Array, c2: np.Array) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(p), x, y) as [np.Array, Named];
    const next: [Named, Named, Named] = [{}, {}, {}];
    for (const name of Object.keys(p)) {
      next[1][name] = m[name].mul(0.9).add(gradients[name].ref.mul(0.1));
      next[2][name] = v[name].mul(0.99).add(np.square(gradients[name]).mul(0.01));
      const size = np.sqrt(next[2][name].ref.div(c2.ref)).add(1e-8);
      next[0][name] = p[name].mul(decays[name]).sub(next[1][name].ref.div(c1.ref).div(size).mul(1e-3));
    }
    c1.dispose();
    c2.dispose();
    return [loss, ...next] as [np.Array, Named, Named, Named];
  });
  let count = 0;
  return async () => {
    count++;
    const corrections = [np.array(1 - 0.9 ** count), np.array(1 - 0.99 ** count)] as const;
    const [loss, ...next] = update(parameters, means, squares, x.ref, y.ref, ...corrections);
    [parameters, means, squares] = next;
    const [value] = await loss.data();
    // jax-js is lazy: what nobody waits for may never be computed
    await Promise.all(Object.values(parameters).map((parameter) => parameter.blockUntilReady()));
    return value;
  };
});
Deno.exit(0);
