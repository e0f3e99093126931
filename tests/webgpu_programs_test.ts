/** Compiled shaders and bind groups are made once. */

import { assert, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import type { AdapterClass } from "../core/backend.ts";
import { type Storage, WebGpuPrograms } from "../core/webgpu/webgpu_programs.ts";
import { addForward } from "../kernels/elementwise.ts";
import { matmulForward } from "../kernels/matmul/matmul.ts";
import { Tensor } from "../core/tensor.ts";
import { hasAdapter } from "./_testing.ts";

const flags = { batch: 1, transposeA: 0, transposeB: 0, accumulate: 0 };

async function open(adapterClass: AdapterClass) {
  const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
  let id = 0;
  const allocate = (size: number): Storage => {
    const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    return { buffer, id: id++, offset: 0, size };
  };
  return { device, allocate, programs: new WebGpuPrograms(device, adapterClass, allocate) };
}

for (const adapterClass of ["software", "hardware"] as const) {
  Deno.test(`WebGpuPrograms compiles one shader for products of many sizes [${adapterClass} shaders]`, {
    ignore: !hasAdapter,
  }, async () => {
    const { device, programs } = await open(adapterClass);
    const first = programs.launch(matmulForward, { ...flags, rows: 64, columns: 64, inner: 8 });
    const second = programs.launch(matmulForward, { ...flags, rows: 128, columns: 64, inner: 24 });
    assertEquals(first.program === second.program, true);
    assert(first.sizes !== undefined && first.sizes !== second.sizes);
    assert(first === programs.launch(matmulForward, { ...flags, rows: 64, columns: 64, inner: 8 }));
    device.destroy();
  });
}

Deno.test(
  "WebGpuPrograms binds the same memory with the same bind group",
  { ignore: !hasAdapter },
  async () => {
    const { device, programs, allocate } = await open("software"), backend = new CpuBackend();
    const tensor = () => new Tensor(backend, [64], "f32", allocate(256));
    const tensors = { a: tensor(), b: tensor(), y: tensor() };
    const { program } = programs.launch(addForward, { size: 64 });
    const bindGroup = programs.bind(addForward, program, tensors, undefined);
    assert(bindGroup === programs.bind(addForward, program, { ...tensors }, undefined));
    assert(bindGroup !== programs.bind(addForward, program, { ...tensors, b: tensor() }, undefined));
    device.destroy();
  },
);
