/**
 * `doctor`: which devices this machine has and whether they compute correctly; or, for a run, whether it is intact.
 *
 * @module
 */
import { CpuBackend } from "../core/cpu_backend.ts";
import { chooseBackend, HOW_TO_GET_WEBGPU } from "../core/open_backend.ts";
import { WebGpuBackend } from "../core/webgpu_backend.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { cannotRead, UsageError } from "./cli/errors.ts";
import { examineRun, removeLeftOvers } from "./runs/examine_run.ts";
import { megabytes } from "./recipes/memory.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { probeParity, probeSpeed } from "./cli/probe.ts";
import { print } from "./cli/terminal.ts";

/** The limits that decide how large a model may be. */
const limitNames = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** The command. */
export const doctor: Command = defineCommand({
  name: "doctor",
  summary: "Examine this machine's devices, or the folder of a run",
  usage: "[RUN] [flags]",
  examples: ["doctor", "doctor runs/my_novel", "doctor runs/my_novel --clean"],
  operand: "run",
  flags: {
    run: {
      kind: "text",
      description: "a run: is it intact, is it in use, where can it be resumed, which files are left over",
      placeholder: "FOLDER",
      otherwise: "examine the machine",
    },
    clean: {
      kind: "boolean",
      description: "clean up after an interrupted process: remove half-written files, write missing records",
      default: false,
    },
  },
  async run({ run, clean }) {
    if (run !== undefined) return await examine(run, clean);
    if (clean) throw new UsageError("--clean is for a run: deno task doctor RUN --clean");
    show("program", `Deno ${Deno.version.deno} on ${Deno.build.target}`);
    await describeAdapter();
    const { backend, reason } = await chooseBackend("auto").catch((error) => {
      show("webgpu", `cannot be used: ${error.message}`);
      return { backend: new CpuBackend(), reason: "WebGPU cannot be used" };
    });
    const cpu = backend instanceof CpuBackend ? backend : new CpuBackend();
    show("matmul cpu", `${(await probeSpeed(cpu, 256)).toFixed(1)} GFLOP/s (256 × 256 × 256)`);
    if (backend instanceof WebGpuBackend) {
      await describeDevice(backend).catch((error) => show("problem", error.message));
      backend.close();
    }
    show("auto", `--device auto takes ${backend.device}: ${reason}`);
    if (backend instanceof CpuBackend) show("advice", `for more speed, ${HOW_TO_GET_WEBGPU}`);
    else if ((backend as WebGpuBackend).adapterClass === "software") {
      show("advice", "for more speed, a GPU with a driver for Vulkan, Metal or DirectX 12");
    }
  },
});

/** Shows what is found in a run; the exit status is 1 if something is faulty. */
async function examine(path: string, clean: boolean): Promise<void> {
  if (clean) {
    await allowWriting(path, [RUNS]);
    const gone = await removeLeftOvers(path).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    show("removed", gone.length > 0 ? gone.join(", ") : "nothing: no files are left over");
  }
  const findings = await examineRun(path).catch(async (error) => {
    throw await cannotRead(path, error);
  });
  for (const { name, text, faulty } of findings) show(name, faulty ? `FAULTY: ${text}` : text);
  if (findings.some(({ faulty }) => faulty)) Deno.exitCode = 1;
}

function show(name: string, text: string): void {
  print(`${name.padEnd(14)}${text}`);
}

/** What the adapter says of itself. */
async function describeAdapter(): Promise<void> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return show("adapter", "none: there is no WebGPU here");
  const { vendor, architecture, device, description } = adapter.info;
  show("adapter", description || "it has no name");
  const details = Object.entries({ vendor, architecture, device }).filter(([, value]) => value);
  show(
    "driver",
    details.map(([name, value]) => `${name} ${value}`).join(", ") || "it says nothing of itself",
  );
  for (const name of limitNames) show("limit", `${name} ${megabytes(adapter.limits[name])}`);
  show("features", [...adapter.features].sort().join(", ") || "none");
}

/** Whether the device computes what the reference does, and how fast. */
async function describeDevice(backend: WebGpuBackend): Promise<void> {
  show("class", backend.adapterClass === "hardware" ? "a GPU" : "software: a CPU that acts as a GPU");
  const parity = await probeParity(backend);
  const wrong = parity.filter(({ isSame }) => !isSame);
  const worst = Math.max(...parity.map(({ difference }) => difference));
  const [verdict, names] = wrong.length === 0
    ? [`equal to the CPU reference within ${worst.toExponential(1)}`, parity]
    : ["WRONG, use --device cpu and update the driver", wrong];
  show("kernels", `${verdict} (${names.map(({ name }) => name).join(", ")})`);
  const sizes = backend.adapterClass === "hardware" ? [256, 1024, 2048] : [256, 512];
  for (const size of sizes) {
    show(
      "matmul gpu",
      `${(await probeSpeed(backend, size)).toFixed(1)} GFLOP/s (${size} × ${size} × ${size})`,
    );
  }
}
