/**
 * Makes what `deno task verify` compares with, on the WebAssembly backend:
 *
 *     deno task pretrained                  all of it
 *     deno task pretrained sums             the checksums in training/verification/published.ts
 *     deno task pretrained tales roberta    the models in these folders
 *
 * Flags are added to `deno task train`: `deno task pretrained tales --steps 100` makes a model that has learned little.
 */
import { fromFileUrl } from "@std/path";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { ownCard, sealCard } from "../files/card.ts";
import { findCheckpoint } from "../commands/files/checkpoint_folder.ts";
import { saveFolder } from "../files/folders.ts";
import { CARD_NAME } from "../commands/files/own_names.ts";
import { withSums } from "../checkpoints/sums.ts";
import { type RunSums, sumRuns } from "../training/verification/verify.ts";

/** The flags of `deno task train` that make each model. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  tales: [],
  roberta: ["--objective", "mlm", "--tokenizer", "bpe", "--vocab_size", "512"],
};

const ROOT = fromFileUrl(new URL("..", import.meta.url)), PUBLISHED = "training/verification/published.ts";

async function deno(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn().status;
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
}

async function makeSums(): Promise<void> {
  const backend = await WasmBackend.open(), published: Record<string, RunSums> = {};
  for await (const { name, sums } of sumRuns(backend)) published[name] = sums;
  backend.close();
  const path = `${ROOT}/${PUBLISHED}`, before = await Deno.readTextFile(path), mark = "string, RunSums>> = ";
  const head = before.slice(0, before.indexOf(mark) + mark.length);
  await Deno.writeTextFile(path, `${head}${JSON.stringify(published)};\n`);
  await deno("fmt", "--quiet", PUBLISHED);
}

async function makeModel(name: string, flags: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const task = ["run", "-A", "-q", "cli.ts", "train", "--data", "tales", "--device", "wasm"];
    await deno(...task, ...MODELS[name], "--out", `${folder}/${name}`, ...flags);
    const { path, files } = await findCheckpoint(`${folder}/${name}`), decoder = new TextDecoder();
    const state = decoder.decode(files["training_state.json"] as Uint8Array);
    const { [CARD_NAME]: card, ...picture } = await ownCard(path);
    await saveFolder(`${ROOT}/pretrained/${name}`, {
      ...withSums({ ...files, "training_state.json": state }),
      ...picture,
      [CARD_NAME]: await sealCard(completed(card as string, name)),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A card without the line that seals it, with what is known of a model in this folder. */
function completed(card: string, name: string): string {
  return card.replace(/\n<!-- Written by Miniformer [^]*$/, "")
    .replace(/^# To fill in .*\n# (language: en)\n# (license: mit)$/m, "$1\n$2")
    .replace(/^`FOLDER` is .*\n\n/m, "").replaceAll("FOLDER", `pretrained/${name}`);
}

const begin = Deno.args.findIndex((arg) => arg.startsWith("-")), end = begin < 0 ? Deno.args.length : begin;
const names = Deno.args.slice(0, end), flags = Deno.args.slice(end);
const known = ["sums", ...Object.keys(MODELS)], unknown = names.find((name) => !known.includes(name));
if (unknown !== undefined) throw new Error(`Cannot make ${unknown}: expected some of ${known.join(", ")}`);
for (const name of names.length > 0 ? names : known) {
  await (name === "sums" ? makeSums() : makeModel(name, flags));
}
