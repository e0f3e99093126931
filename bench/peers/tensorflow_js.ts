/**
 * One training step of a GPT in TensorFlow.js. `deno run -A bench/peers/tensorflow_js.ts T 5 [cpu|webgpu]`
 *
 * @module
 */

import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { decayOf, fixedBatch, initialParameters, timePeer } from "./model.ts";

const device = Deno.args[2] ?? "cpu";
if (device === "webgpu") await import("npm:@tensorflow/tfjs-backend-webgpu@4.22.0");
await tf.setBackend(device);
await tf.ready();

await timePeer(`TensorFlow.js 4.22.0 ${device}`, (config) => {
  const { layers, heads, modelDim: C, contextLength: T, vocabSize: V } = config.model, B = config.batchSize;
  const parameters: Record<string, tf.Variable> = {};
  for (const { name, shape, data } of initialParameters(config)) {
    parameters[name] = tf.variable(tf.tensor(data, shape), true, name);
  }
  const batch = fixedBatch(config), ids = tf.tensor1d(batch.inputs, "int32");
  const targets = tf.oneHot(tf.tensor1d(batch.targets, "int32"), V).toFloat();
  const future = tf.tidy(() => tf.sub(1, tf.linalg.bandPart(tf.ones([T, T]), -1, 0)).mul(-1e9));

  const norm = (x: tf.Tensor, name: string): tf.Tensor => {
    const { mean, variance } = tf.moments(x, -1, true);
    return x.sub(mean).mul(tf.rsqrt(variance.add(1e-5))).mul(parameters[`${name}.weight`]).add(
      parameters[`${name}.bias`],
    );
  };
  const linear = (x: tf.Tensor, name: string): tf.Tensor =>
    tf.matMul(x as tf.Tensor2D, parameters[`${name}.weight`] as tf.Tensor2D).add(parameters[`${name}.bias`]);
  const gelu = (x: tf.Tensor): tf.Tensor =>
    x.mul(0.5).mul(tf.tanh(x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))).add(1));
  const lossOf = (): tf.Scalar => {
    let h: tf.Tensor = tf.gather(parameters.tokens, ids).reshape([B, T, C]).add(parameters.positions).reshape(
      [B * T, C],
    );
    for (let layer = 0; layer < layers; layer++) {
      const packed = linear(norm(h, `${layer}.norm1`), `${layer}.queryKeyValue`);
      const byHead = packed.reshape([B, T, 3, heads, C / heads]).transpose([2, 0, 3, 1, 4]);
      const [q, k, v] = tf.split(byHead, 3, 0).map((part) =>
        part.reshape([B * heads, T, C / heads]) as tf.Tensor3D
      );
      const weights = tf.softmax(
        tf.matMul(q, k, false, true).mul(1 / Math.sqrt(C / heads)).add(future),
      ) as tf.Tensor3D;
      const attended = tf.matMul(weights, v).reshape([B, heads, T, C / heads]).transpose([0, 2, 1, 3]);
      h = h.add(linear(attended.reshape([B * T, C]), `${layer}.projection`));
      h = h.add(linear(gelu(linear(norm(h, `${layer}.norm2`), `${layer}.expand`)), `${layer}.contract`));
    }
    const logits = tf.matMul(norm(h, "finalNorm") as tf.Tensor2D, parameters.head as unknown as tf.Tensor2D);
    return tf.neg(tf.logSoftmax(logits).mul(targets).sum(-1).mean()) as tf.Scalar;
  };
  const optimizer = tf.train.adam(1e-3, 0.9, 0.99, 1e-8), variables = Object.values(parameters);
  return async () => {
    const { value, grads } = tf.variableGrads(lossOf, variables);
    tf.tidy(() => {
      for (const variable of variables) variable.assign(variable.mul(decayOf(variable.shape))); // decoupled
    });
    optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
    const [loss] = await value.data();
    tf.dispose([value, ...Object.values(grads)]);
    return loss;
  };
});
Deno.exit(0);
