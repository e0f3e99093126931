/**
 * `doctor`: which devices this machine has and whether they compute correctly; or, for a run, whether it is intact.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { chooseBackend, HOW_TO_GET_WEBGPU } from "../core/open_backend.ts";
import { WebGpuBackend } from "../core/webgpu_backend.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { jsonFlag } from "./cli/common_flags.ts";
import { cannotRead, UsageError } from "./cli/errors.ts";
import { examineRun, type Finding, removeLeftOvers } from "./runs/examine_run.ts";
import { megabytes } from "./runs/memory.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { probeParity, probeSpeed } from "./cli/probe.ts";
import { formatJson, print } from "./cli/terminal.ts";

/** The limits that decide how large a model may be. */
const LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** The command. */
export const doctor: Command = defineCommand({
  name: "doctor",
  summary: "Examine this machine's devices, or the folder of a run",
  usage: "[RUN] [flags]",
  examples: ["doctor", "doctor runs/my_novel", "doctor runs/my_novel --clean", "doctor --json | jq .faulty"],
  operand: "run",
  flags: {
    run: {
      kind: "text",
      description:
        "a run: whether it is intact or in use, where it can be resumed, and which files are left over",
      placeholder: "FOLDER",
      otherwise: "examine the machine",
    },
    clean: {
      kind: "boolean",
      description: "clean up after an interrupted process: remove half-written files, write missing records",
      default: false,
    },
    ...jsonFlag,
  },
  async run({ run, clean, json }) {
    if (run === undefined && clean) {
      throw new UsageError("--clean is for a run: deno task doctor RUN --clean");
    }
    const findings: Finding[] = [];
    for await (const finding of run === undefined ? examineMachine() : examineFolder(run, clean)) {
      findings.push({ ...finding, faulty: finding.faulty ?? false });
      // at once: a driver that crashes has then been named
      if (!json) print(`${finding.name.padEnd(14)}${finding.faulty ? "FAULTY: " : ""}${finding.text}`);
    }
    const faulty = findings.some(({ faulty }) => faulty);
    if (json) print(formatJson({ faulty, findings }));
    if (faulty) Deno.exitCode = 1;
  },
});

/** Examines a run, after cleaning it up where that is asked for. */
async function* examineFolder(path: string, clean: boolean): AsyncGenerator<Finding> {
  if (clean) await allowWriting(path, [RUNS]);
  try {
    if (clean) {
      const names = await removeLeftOvers(path);
      const text = names.join(", ") || "nothing: no files are left over";
      yield { name: "removed", text, figures: { names } };
    }
    yield* await examineRun(path);
  } catch (error) {
    throw await cannotRead(path, error);
  }
}

/** Examines the devices of this machine. */
async function* examineMachine(): AsyncGenerator<Finding> {
  const { deno } = Deno.version, { target } = Deno.build;
  yield { name: "program", text: `Deno ${deno} on ${target}`, figures: { deno, target } };
  yield* describeAdapter();
  let problem: string | undefined;
  const { backend, reason } = await chooseBackend("auto").catch((error: Error) => {
    problem = error.message;
    return { backend: new CpuBackend(), reason: "WebGPU cannot be used" };
  });
  if (problem !== undefined) yield { name: "webgpu", text: `cannot be used: ${problem}` };
  yield await speedOf(backend instanceof CpuBackend ? backend : new CpuBackend(), "matmul cpu", 256);
  if (backend instanceof WebGpuBackend) {
    try {
      yield* examineDevice(backend);
    } catch (error) {
      yield { name: "problem", text: (error as Error).message, faulty: true };
    } finally {
      backend.close();
    }
  }
  const { device } = backend;
  yield { name: "auto", text: `--device auto takes ${device}: ${reason}`, figures: { device, reason } };
  if (backend instanceof CpuBackend) yield { name: "advice", text: `for more speed, ${HOW_TO_GET_WEBGPU}` };
  else if (backend instanceof WebGpuBackend && backend.adapterClass === "software") {
    yield { name: "advice", text: "for more speed, a GPU with a driver for Vulkan, Metal or DirectX 12" };
  }
}

/** What the adapter reports about itself. */
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

/** Whether the device computes what the reference does, and how fast. */
async function* examineDevice(backend: WebGpuBackend): AsyncGenerator<Finding> {
  const { adapterClass } = backend, hardware = adapterClass === "hardware";
  const text = hardware ? "a GPU" : "software: a CPU that emulates a GPU";
  yield { name: "class", text, figures: { adapterClass } };
  const parity = await probeParity(backend), wrong = parity.filter(({ isSame }) => !isSame);
  const worst = Math.max(...parity.map(({ difference }) => difference));
  const names = (wrong.length > 0 ? wrong : parity).map(({ name }) => name).join(", ");
  const verdict = wrong.length > 0
    ? "different from the CPU reference: use --device cpu and update the driver"
    : `equal to the CPU reference within ${worst.toExponential(1)}`;
  const figures = Object.fromEntries(parity.map(({ name, difference }) => [name, difference]));
  yield { name: "kernels", text: `${verdict} (${names})`, faulty: wrong.length > 0, figures };
  for (const size of hardware ? [256, 1024, 2048] : [256, 512]) yield speedOf(backend, "matmul gpu", size);
}

async function speedOf(backend: Backend, name: string, size: number): Promise<Finding> {
  const gflops = await probeSpeed(backend, size);
  const text = `${gflops.toFixed(1)} GFLOP/s (${size} × ${size} × ${size})`;
  return { name, text, figures: { gflops, size } };
}
