/**
 * Examines the devices of this machine: what the adapter reports, whether its kernels agree with the CPU reference, and how
 * fast it multiplies matrices.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { CpuBackend } from "../../core/cpu_backend.ts";
import { chooseBackend } from "../../core/open_backend.ts";
import { WasmBackend } from "../../core/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../../core/webgpu/webgpu_backend.ts";
import { formatSpeed, megabytes } from "../cli/terminal.ts";
import { measureProducts } from "../cost/products.ts";
import type { Finding } from "./finding.ts";
import { probeParity } from "./parity.ts";

/** The limits that decide how large a model may be. */
const LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** Yields each finding as soon as it is made, because the next one may crash a driver. */
export async function* examineMachine(): AsyncGenerator<Finding> {
  const { deno } = Deno.version, { target } = Deno.build;
  yield { name: "program", text: `Deno ${deno} on ${target}`, figures: { deno, target } };
  yield await speedOf(new CpuBackend(), "matmul cpu", 256);
  yield* examineOpened(() => WasmBackend.open(), "wasm");
  yield* describeAdapter();
  yield* examineOpened(() => WebGpuBackend.open(), "webgpu");
  yield* describeChoice();
}

/** Examines a device if it can be opened, and closes it. */
async function* examineOpened(
  open: () => Promise<WasmBackend | WebGpuBackend | undefined>,
  name: string,
): AsyncGenerator<Finding> {
  let backend: WasmBackend | WebGpuBackend | undefined;
  try {
    backend = await open();
  } catch (error) {
    return yield { name, text: `cannot be used: ${(error as Error).message}` };
  }
  if (backend === undefined) return;
  try {
    yield* examineDevice(backend);
  } catch (error) {
    yield { name: "problem", text: (error as Error).message, faulty: true };
  } finally {
    backend.close();
  }
}

/** What `--device auto` takes, and what would be faster. */
async function* describeChoice(): AsyncGenerator<Finding> {
  const { backend, reason } = await chooseBackend("auto"), { device } = backend;
  backend.close();
  yield { name: "auto", text: `--device auto takes ${device}: ${reason}`, figures: { device, reason } };
  if (!(backend instanceof WebGpuBackend)) {
    yield { name: "advice", text: "for more speed, a GPU with a driver for Vulkan, Metal or DirectX 12" };
  }
}

async function* describeAdapter(): AsyncGenerator<Finding> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return yield { name: "adapter", text: "none: there is no WebGPU here" };
  const { vendor, architecture, device, description } = adapter.info;
  yield { name: "adapter", text: description || "without a name", figures: { description } };
  const details = Object.entries({ vendor, architecture, device }).filter(([, value]) => value);
  const driver = details.map(([name, value]) => `${name} ${value}`).join(", ");
  yield { name: "driver", text: driver || "reports nothing", figures: Object.fromEntries(details) };
  for (const name of LIMITS) {
    const limit = adapter.limits[name];
    yield { name: "limit", text: `${name} ${megabytes(limit)}`, figures: { [name]: limit } };
  }
  const features = [...adapter.features].sort();
  yield { name: "features", text: features.join(", ") || "none", figures: { features } };
}

async function* examineDevice(backend: WasmBackend | WebGpuBackend): AsyncGenerator<Finding> {
  const isWasm = backend instanceof WasmBackend, hardware = !isWasm && backend.adapterClass === "hardware";
  if (isWasm) {
    yield { name: "wasm", text: backend.device, figures: { device: backend.device } };
  } else {
    const text = hardware ? "a GPU" : "software: a CPU that emulates a GPU";
    yield { name: "class", text, figures: { adapterClass: backend.adapterClass } };
    const { subgroupSize = 0 } = backend;
    const used = subgroupSize > 0 ? `of ${subgroupSize} lanes, used by reductions` : "not used";
    yield { name: "subgroups", text: used, figures: { subgroupSize } };
  }
  const parity = await probeParity(backend), wrong = parity.filter(({ equal }) => !equal);
  const worst = Math.max(...parity.map(({ difference }) => difference));
  const names = (wrong.length > 0 ? wrong : parity).map(({ name }) => name).join(", ");
  const advice = isWasm ? "use --device cpu" : "use --device wasm and update the driver";
  const verdict = wrong.length > 0
    ? `different from the CPU reference: ${advice}`
    : `equal to the CPU reference within ${worst.toExponential(1)}`;
  const figures = Object.fromEntries(parity.map(({ name, difference }) => [name, difference]));
  yield { name: "kernels", text: `${verdict} (${names})`, faulty: wrong.length > 0, figures };
  const name = isWasm ? "matmul wasm" : "matmul gpu";
  for (const size of hardware ? [256, 1024, 2048] : [256, 512]) yield speedOf(backend, name, size);
}

async function speedOf(backend: Backend, name: string, size: number): Promise<Finding> {
  const flopsPerSecond = await measureProducts(backend, size, 200);
  const text = `${formatSpeed(flopsPerSecond)} (${size} × ${size} × ${size})`;
  return { name, text, figures: { gflops: flopsPerSecond / 1e9, size } };
}
