/**
 * Other engines on the same GPU in the same run: PyTorch with CUDA, and jax-js on WebGPU. torchlette, another engine on WebGPU, is
 * in no package registry, so it is named and left out.
 *
 * @module
 */

import type { BenchConfig } from "../configs.ts";
import { writeStart } from "../peers/start.ts";
import { linesOf, pathOf } from "./children.ts";
import type { Figure } from "./parts.ts";

/** A figure of a peer, under the name of ours. */
export interface PeerFigure extends Figure {
  /** Name and version. */
  readonly engine?: string;
  /** How PyTorch ran it. */
  readonly mode?: "eager" | "compiled";
}

/** What is measured, and for how long. */
export interface PeerTask {
  readonly models: readonly (readonly [name: string, config: BenchConfig])[];
  readonly quick: boolean;
  /** Python, by name or path. */
  readonly python: string;
  /** PyTorch's device: `cuda`, or `cpu` to try this without a GPU. */
  readonly torchDevice: string;
  /** Seconds that a process may take. */
  readonly limit: number;
}

/** A line of a peer: a figure, or why there is none. */
type Line = PeerFigure & { readonly missing?: string };

/** A line that says why there is no figure. */
export class MissingError extends Error {}

/** Products and training steps in PyTorch. Throws a MissingError where Python has no PyTorch with CUDA. */
export async function* measurePytorch(
  { models, quick, python, torchDevice, limit }: PeerTask,
  say: (line: string) => void,
): AsyncGenerator<PeerFigure> {
  const program = (...args: (string | number)[]) => ({
    program: python,
    args: [pathOf("peers/pytorch_cuda.py"), torchDevice, ...args.map(String)],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  });
  const read = async function* (...args: (string | number)[]): AsyncGenerator<PeerFigure> {
    for await (const { missing, ...line } of linesOf<Line>(program(...args), limit)) {
      if (missing === undefined) yield line;
      else if (line.mode === undefined) throw new MissingError(missing);
      else say(missing);
    }
  };
  const seconds = quick ? 0.1 : 2, sizes = quick ? [256, 512] : [256, 512, 1024, 2048, 4096];
  yield* read("matmul", seconds / 4, ...sizes);
  const file = await Deno.makeTempFile();
  try {
    for (const [name, config] of models) {
      await writeStart(file, config);
      try {
        for await (const figure of read("train", file, seconds)) {
          yield { ...figure, name: `train ${name}`, batchSize: config.batchSize };
        }
      } catch (error) {
        if (error instanceof MissingError) throw error;
        say(`PyTorch, train ${name}: ${(error as Error).message}`);
      }
    }
  } finally {
    await Deno.remove(file);
  }
}

/** Training steps in jax-js, of the models that its program can be told by name. */
export async function* measureJax({ models, quick, limit }: PeerTask): AsyncGenerator<PeerFigure> {
  for (const [name] of models.filter(([name]) => name === "T" || (name === "S" && !quick))) {
    const steps = quick ? 3 : 12, script = pathOf("peers/jax_js.ts");
    const args = ["run", "-A", "-q", "--no-lock", script, name, String(steps), "webgpu"];
    for await (const figure of linesOf<PeerFigure>({ program: Deno.execPath(), args }, limit)) {
      // its models have one size, which is not that of ours with --quick
      yield quick ? { ...figure, name: `${figure.name}, full size` } : figure;
    }
  }
}
