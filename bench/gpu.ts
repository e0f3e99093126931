/**
 * How fast a GPU runs Miniformer: products, training steps by kernel, generation and memory, beside PyTorch and jax-js on the
 * same device in the same run. `deno task bench:gpu --help` says how to choose. Each part is a process of its own with a time
 * limit, so that none takes the others with it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { fittingBatch, GPU_MODELS, quickConfig } from "./gpu/gpu_models.ts";
import { linesOf, pathOf } from "./gpu/children.ts";
import type { Effort, Figure } from "./gpu/parts.ts";
import { measureJax, measurePytorch, type PeerFigure, type PeerTask } from "./gpu/peers.ts";
import { compareFigures, formatFigure } from "./gpu/figures.ts";

const PARTS = ["matmul", "steps", "generation", "pytorch", "jax-js", "torchlette"] as const;

const HELP = `Usage: deno task bench:gpu [--part NAME...] [--model NAME] [--quick] [--json] [--peak TFLOPS]
                           [--limit SECONDS] [--without-subgroups] [--python PATH] [--torch-device cuda|cpu]

  --part     only this part; may be given several times: adapter, ${PARTS.join(", ")}. The adapter is
             described in any case
  --model    only steps and generation of this model: ${Object.keys(GPU_MODELS).join(", ")}
  --quick    small sizes and few rounds, to see that everything runs; always so on software Vulkan
  --json     one JSON object at the end, with device and date, instead of lines and tables
  --peak     the rate that the device is built for, in TFLOP/s of 32-bit floats, where it is not listed in gpu/rates.ts
  --limit    seconds that a part may take, of the peers each model; 540 unless given
  --without-subgroups  reductions through workgroup memory alone, to see what subgroups gain
  --python   the Python that has PyTorch with CUDA; python3 unless given
  --torch-device  cpu to try PyTorch's part without CUDA`;

/** Ends with a message about the command line. */
function refuse(message: string): never {
  console.error(`error: ${message}; deno task bench:gpu --help says more`);
  Deno.exit(2);
}

function readFlags() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        part: { type: "string", multiple: true },
        model: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        peak: { type: "string" },
        limit: { type: "string", default: "540" },
        "without-subgroups": { type: "boolean", default: false },
        python: { type: "string", default: Deno.env.get("MINIFORMER_PYTHON") ?? "python3" },
        "torch-device": { type: "string", default: "cuda" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message.replace(/\. To specify.*/s, ""));
  }
}

const flags = readFlags();
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}
const limit = Number(flags.limit), peak = flags.peak === undefined ? undefined : Number(flags.peak);
if (!(limit > 0)) refuse(`--limit is ${flags.limit}: expected a number of seconds`);
if (peak !== undefined && !(peak > 0)) refuse(`--peak is ${flags.peak}: expected TFLOP/s`);
const wrong = flags.part?.find((name) => !["adapter", ...PARTS].includes(name));
if (wrong !== undefined) refuse(`--part is ${wrong}: expected one of adapter, ${PARTS.join(", ")}`);
if (flags.model !== undefined && !Object.hasOwn(GPU_MODELS, flags.model)) {
  refuse(`--model is ${flags.model}: expected one of ${Object.keys(GPU_MODELS).join(", ")}`);
}

const say = (line: string): void => flags.json ? console.error(line) : console.log(line);
const figures: PeerFigure[] = [], left: { part: string; reason: string }[] = [];

/** Collects and prints the figures of a part, until it ends or fails. */
async function collect(part: string, measured: AsyncIterable<PeerFigure>): Promise<void> {
  say(`\n${part}`);
  try {
    for await (const figure of measured) {
      figures.push(figure);
      say(formatFigure(figure));
    }
  } catch (error) {
    const reason = (error as Error).message;
    left.push({ part, reason });
    say(`  ${part} is left out from here on: ${reason}`);
  }
}

const ours = (part: string, effort: Effort): AsyncIterable<Figure> =>
  linesOf<Figure>({
    program: Deno.execPath(),
    args: ["run", "-A", "-q", pathOf("gpu/run_part.ts"), part, JSON.stringify(effort)],
  }, limit);

const date = new Date().toISOString();
const subgroups = !flags["without-subgroups"];
await collect("adapter", ours("adapter", { quick: flags.quick, peak, subgroups }));
const adapter = figures[0]?.adapter as (GPUSupportedLimits & { class: string; device: string }) | undefined;
const isSoftware = adapter?.class === "software", quick = flags.quick || isSoftware;
if (isSoftware) {
  say("\nThis adapter is software: sizes are those of --quick, and no figure says anything about a GPU.");
}

if (adapter) {
  const effort: Effort = { quick, peak, model: flags.model, subgroups };
  const models = Object.entries(GPU_MODELS)
    .filter(([name]) => flags.model === undefined || name === flags.model)
    .map(([name, config]) => {
      // the batch that ours has come down to, if it was measured
      const own = figures.find((figure) => figure.name === `train ${name}`);
      const fitting = fittingBatch(quick ? quickConfig(config) : config, adapter);
      return [name, { ...fitting, batchSize: own?.batchSize ?? fitting.batchSize }] as const;
    });
  for (const part of PARTS.filter((name) => flags.part === undefined || flags.part.includes(name))) {
    const task: PeerTask = { models, quick, limit, python: flags.python, torchDevice: flags["torch-device"] };
    if (part === "pytorch") await collect(part, measurePytorch(task, (line) => say(`  ${line}`)));
    else if (part === "jax-js") await collect(part, measureJax(task));
    else if (part === "torchlette") say("\ntorchlette\n  torchlette is left out: no package registry has it");
    else await collect(part, ours(part, effort));
  }
}

const own = figures.filter(({ engine }) => engine === undefined),
  peers = figures.filter(({ engine }) => engine);
const table = compareFigures(own, peers);
if (table) say(`\n${table}`);
if (flags.json) {
  const { deno, v8 } = Deno.version;
  console.log(
    JSON.stringify({ date, device: adapter?.device, software: isSoftware, quick, deno, v8, figures, left }),
  );
}
if (left.some(({ part }) => ["adapter", "matmul", "steps", "generation"].includes(part))) Deno.exit(1);
