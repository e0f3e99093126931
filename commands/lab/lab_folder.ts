/**
 * The folder of a lab:
 *
 *     lab.json               the variants with their settings and blocks, the seeds, the versions, the device
 *     results.jsonl          a line for each run that has ended, by variant and seed
 *     runs/VARIANT-seed-N/   the runs; each is a whole run of `train`
 *     .miniformer.lock       held while the lab is running
 *
 * Both files are replaced whole, so a process killed at any moment leaves a folder that can be continued.
 *
 * @module
 */
import { join } from "@std/path";
import * as v from "valibot";
import denoJson from "../../deno.json" with { type: "json" };
import { shortened } from "../../core/quoted.ts";
import { visible } from "../../core/visible.ts";
import { reason } from "../cli/errors.ts";
import { lenientJson } from "../files/disk.ts";
import { Lock } from "../files/lock.ts";
import { isLeftOver, LOCK_NAME } from "../files/own_names.ts";
import { saveFile } from "../files/save_file.ts";
import { readIfThere } from "../runs/run_records.ts";
import { FINITE, objectOf, TEXT } from "../settings/saved_settings.ts";
import type { LabDescription, LabResult } from "../lab_report/lab_types.ts";
import type { LabDevice, PlannedVariant } from "./planned_runs.ts";

/** A lab as `lab.json` holds it. */
export interface LabRecord {
  readonly kind: string;
  readonly title: string;
  readonly miniformer: string;
  readonly deno: string;
  readonly device: string;
  readonly seeds: readonly number[];
  readonly baseline?: string;
  readonly variants: readonly {
    readonly name: string;
    readonly title: string;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly block?: { readonly name: string; readonly sha256: string };
    readonly textFingerprint: string;
  }[];
}

/** What `lab.json` says of a lab. */
export function recordOf(
  { kind, title, seeds, baseline }: LabDescription,
  planned: readonly PlannedVariant[],
  device: LabDevice,
): LabRecord {
  return {
    ...{ kind, title, miniformer: denoJson.version, deno: Deno.version.deno, device, seeds, baseline },
    variants: planned.map(({ variant: { name, title }, settings, block, textFingerprint }) => ({
      ...{ name, title, settings },
      // not its path, which may differ between machines
      block: block && { name: block.name, sha256: block.sha256 },
      textFingerprint,
    })),
  };
}

const SKILLS = v.optional(
  v.record(TEXT, objectOf({ positions: FINITE, loss: FINITE, optimal: FINITE }), "an object"),
);

const RESULT = objectOf({
  variant: TEXT,
  seed: FINITE,
  flags: v.array(TEXT),
  run: TEXT,
  parameters: v.nullable(FINITE),
  seconds: FINITE,
  steps: FINITE,
  diverged: v.boolean(),
  reason: v.optional(TEXT),
  loss: v.nullable(FINITE),
  optimal: v.nullable(FINITE),
  skills: SKILLS,
  curve: v.array(objectOf({ step: FINITE, loss: FINITE, skills: SKILLS })),
});

/** The folder of a lab, held by this process. */
export class LabFolder implements Disposable {
  /** As the command line names it. */
  readonly path: string;
  readonly #lock: Lock;
  readonly #order: readonly string[];
  readonly #results = new Map<string, LabResult>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, lock: Lock, order: readonly string[]) {
    this.path = path;
    this.#lock = lock;
    this.#order = order;
  }

  /** Makes the folder, or opens one that was made for the same lab, with the same seeds or fewer. */
  static async open(path: string, record: LabRecord): Promise<LabFolder> {
    let lock: Lock | undefined;
    try {
      await Deno.mkdir(path, { recursive: true });
      lock = await Lock.take(join(path, LOCK_NAME), "wait until it ends, or choose another --out");
      const order = record.variants.map(({ name }) => name);
      const folder = new LabFolder(path, lock, order), file = join(path, "lab.json");
      const text = JSON.stringify(record, null, 2) + "\n", before = await readIfThere(file);
      if (before === "") await expectEmpty(path);
      else {
        const saved = lenientJson(before);
        if (!Array.isArray(saved.variants)) {
          throw new Error("its lab.json describes no lab; choose another --out");
        }
        const earlier = addsSeeds(saved.seeds, record.seeds) ? { ...saved, seeds: record.seeds } : saved;
        const difference = differenceOf(earlier, JSON.parse(text));
        if (difference) throw new Error(`it was made with ${difference}; choose another --out`);
      }
      if (before !== text) await saveFile(file, text);
      await Deno.mkdir(join(path, "runs"), { recursive: true }); // runs of train would compete for it
      folder.#read(await readIfThere(join(path, "results.jsonl")));
      return folder;
    } catch (error) {
      lock?.release();
      throw new Error(`Cannot run a lab in ${path}: ${reason(error)}`, { cause: error });
    }
  }

  /** The results so far, by variant and seed. */
  get results(): LabResult[] {
    const place = ({ variant }: LabResult) => this.#order.indexOf(variant);
    return [...this.#results.values()].sort((a, b) => place(a) - place(b) || a.seed - b.seed);
  }

  /** The folder of a run, within this folder. */
  static runName(variant: string, seed: number): string {
    return `runs/${variant}-seed-${seed}`;
  }

  /** The result of a run that has ended, unless it has failed: then it is to be run again. */
  resultOf(variant: string, seed: number): LabResult | undefined {
    const result = this.#results.get(LabFolder.runName(variant, seed));
    return result && !isFailed(result) ? result : undefined;
  }

  /** Keeps a result. */
  add(result: LabResult): Promise<void> {
    this.#results.set(result.run, result);
    const save = async () => {
      await this.#lock.keep();
      const lines = this.results.map((result) => JSON.stringify(result) + "\n");
      await saveFile(join(this.path, "results.jsonl"), lines.join(""));
    };
    // one after the other, so that the last one has all
    return this.#saving = this.#saving.then(save);
  }

  /** A line that is no result, which another program must have written, is dropped. */
  #read(text: string): void {
    for (const line of text.split("\n")) {
      const result = lenientJson(line) as unknown as LabResult;
      if (!v.is(RESULT, result) || result.run !== LabFolder.runName(result.variant, result.seed)) continue;
      if (this.#order.includes(result.variant)) this.#results.set(result.run, result);
    }
  }

  /** Lets other processes use the folder. */
  [Symbol.dispose](): void {
    this.#lock.release();
  }
}

/** Whether a run has failed for another reason than its numbers. */
export const isFailed = ({ diverged, reason }: LabResult): boolean => !diverged && reason !== undefined;

/** Refuses a folder that holds other things than what a lab that was killed at its beginning leaves behind. */
async function expectEmpty(path: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
  const first = names.find((name) => name !== LOCK_NAME && !isLeftOver(name));
  if (first === undefined) return;
  throw new Error(
    `it holds other things, such as ${JSON.stringify(first)}, and no lab.json; choose another --out`,
  );
}

/** Whether these are earlier seeds and more: what was run with the earlier ones is part of the longer lab. */
function addsSeeds(earlier: unknown, seeds: readonly number[]): boolean {
  return Array.isArray(earlier) && earlier.length > 0 &&
    earlier.every((seed, index) => seed === seeds[index]);
}

/** The first setting that differs between two labs, such as `seeds [1,2,3], now [1,2]`. */
function differenceOf(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string | undefined {
  const there = settingsOf(before), here = settingsOf(now);
  const name = [...here.keys(), ...there.keys()].find((name) => there.get(name) !== here.get(name));
  if (name === undefined) return undefined;
  const shown = (value: string | undefined) => value === undefined ? "none" : visible(shortened(value));
  return `${visible(shortened(name))} ${shown(there.get(name))}, now ${shown(here.get(name))}`;
}

/** What decides the results of a lab, name by name, as JSON. */
function settingsOf(
  { variants, title: _, ...others }: Readonly<Record<string, unknown>>,
): Map<string, string> {
  const settings = new Map<string, string>(), list: Partial<LabRecord["variants"][number]>[] = [];
  for (const [name, value] of Object.entries(others)) settings.set(name, JSON.stringify(value));
  for (const variant of variants as unknown[]) list.push(Object(variant));
  settings.set("variants", JSON.stringify(list.map(({ name }) => name)));
  for (const { name, settings: values, block, textFingerprint } of list) {
    const more = { block, text: textFingerprint };
    for (const [key, value] of Object.entries({ ...Object(values), ...more })) {
      if (value !== undefined) settings.set(`${name}: ${key}`, JSON.stringify(value));
    }
  }
  return settings;
}
