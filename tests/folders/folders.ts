/**
 * Draws Hugging Face folders, compares what our models compute from them with transformers, saves each again, and has
 * transformers compare what it computes from that.
 *
 *     deno task test:folders --python venv/bin/python --seed 2 --count 200
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { CheckpointFiles } from "../../checkpoints/checkpoint.ts";
import { readFolder } from "../../files/folders.ts";
import { ALLOWED, type Case, computed, differenceOf } from "./loaded.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    python: { type: "string", default: "python3" },
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    family: { type: "string", default: "" },
    out: { type: "string", default: "" },
  },
});

const script = new URL("draw.py", import.meta.url).pathname;
const out = options.out || await Deno.makeTempDir();

async function python(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(options.python, {
    args: [script, ...args],
    stdout: "inherit",
    stderr: "inherit",
  })
    .output();
  if (!success) Deno.exit(1);
}

const family = options.family ? ["--family", options.family] : [];
await python("draw", out, "--seed", options.seed, "--count", options.count, ...family);
const failures: string[] = [], worst = new Map<string, { count: number; difference: number }>();
for (const { name } of await Array.fromAsync(Deno.readDir(out))) {
  const files = await readFolder(`${out}/${name}`), { "case.json": text, ...checkpoint } = files;
  const drawn: Case = JSON.parse(new TextDecoder().decode(text)), kind = drawn.class;
  try {
    const { outputs, again } = await computed(checkpoint as CheckpointFiles, drawn);
    const difference = differenceOf(outputs, drawn),
      { count, difference: before } = worst.get(kind) ?? { count: 0, difference: 0 };
    worst.set(kind, { count: count + 1, difference: Math.max(before, difference) });
    if (!(difference <= ALLOWED)) {
      throw new Error(`outputs differ by ${difference.toExponential(1)} of the largest`);
    }
    await Deno.mkdir(`${out}/${name}/again`);
    for (const [file, content] of Object.entries(again)) {
      await Deno.writeFile(
        `${out}/${name}/again/${file}`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
  } catch (error) {
    failures.push(`${out}/${name}: ${(error as Error).message}`);
  }
}
for (const [kind, { count, difference }] of [...worst].sort()) {
  console.log(
    `${kind}: ${count} folders, outputs differ by ${difference.toExponential(1)} of the largest at most`,
  );
}
for (const failure of failures) console.error(failure);
await python("check", out);
if (failures.length > 0) Deno.exit(1);
if (!options.out) await Deno.remove(out, { recursive: true });
