import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  checkpointsOf,
  findCheckpoint,
  openModel,
  refusePytorchFile,
  tokenizerOf,
  withPathInErrors,
} from "../commands/files/checkpoint_folder.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadModel, modelFiles } from "../checkpoints/checkpoint.ts";
import { readTensorEntries } from "../checkpoints/safetensors.ts";
import { initialize } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import { inFolder } from "./_command.ts";
import { small } from "./_training.ts";

Deno.test("a folder without a checkpoint is refused by its name, and so is one with half a checkpoint", () =>
  inFolder(async (folder) => {
    await assertRejects(() => findCheckpoint(folder), Error, `Cannot read ${folder}: it holds no checkpoint`);
    await assertRejects(() => findCheckpoint(`${folder}/none`), Error, `Cannot read ${folder}/none: no such`);
    for (const name of ["last", "best"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, "{}");
    }
    assertEquals((await findCheckpoint(`${folder}/`)).path, `${folder}/best`);
    assertEquals((await findCheckpoint(folder, { prefer: ["last"] })).path, `${folder}/last`);
    for (
      const [state, used] of [['{"prefer":"last"}', "last"], ['{"prefer":"none"}', "best"], ["[", "best"]]
    ) {
      await Deno.writeTextFile(`${folder}/last/training_state.json`, state);
      const found = await findCheckpoint(folder, { prefer: undefined }).catch(({ message }) => ({
        path: message,
      }));
      assertStringIncludes(found.path, `${folder}/${used}`);
    }
    const open = () => openModel(new CpuBackend(), { path: "runs/mine", files: {} }, "causal");
    assertThrows(open, Error, "Cannot use runs/mine: config.json is missing");
  }));

Deno.test("shards are read with the folder that their index is in, and only from there", () =>
  inFolder(async (folder) => {
    const backend = new CpuBackend(), model = new Gpt(small);
    const files = await modelFiles(backend, model, initialize(backend, model, 1));
    const weights = files["model.safetensors"] as Uint8Array, config = files["config.json"] as string;
    const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
    const writeIndex = (name: string) => {
      const map = Object.fromEntries([...readTensorEntries(weights).keys()].map((tensor) => [tensor, name]));
      return write("model.safetensors.index.json", JSON.stringify({ weight_map: map }));
    };
    await write("config.json", config);
    await write("pytorch_model.bin", "not read");
    const refused = await findCheckpoint(folder);
    assertEquals(refused.files["pytorch_model.bin"], "");
    assertThrows(() => openModel(backend, refused, "causal"), Error, "python3 -c");
    await writeIndex("one.safetensors");
    const missing = await findCheckpoint(folder);
    assertThrows(
      () => openModel(backend, missing, "causal"),
      Error,
      "names one.safetensors, which is missing",
    );
    await Deno.writeFile(`${folder}/one.safetensors`, weights);
    const { files: found } = await findCheckpoint(folder);
    assertEquals(loadModel(found).weights, loadModel(files).weights);
    await writeIndex("../one.safetensors");
    await assertRejects(
      () => findCheckpoint(folder),
      Error,
      'weight_map names the file "../one.safetensors"',
    );
  }));

Deno.test("the tokenizer of a checkpoint is read from its bytes, and errors name the folder", () => {
  const text = CharTokenizer.fromText("abc").toHuggingFace()["tokenizer.json"];
  const files = { "tokenizer.json": new TextEncoder().encode(text) };
  assertEquals(tokenizerOf({ path: "runs/mine", files }).vocabSize, 3);
  const read = () => withPathInErrors("runs/mine", () => JSON.parse("{"), "; mend it");
  assertStringIncludes(assertThrows(read, Error, "Cannot use runs/mine: ").message, "; mend it");
});

Deno.test("a PyTorch file is refused, whether it is there or not, with what to type instead", () =>
  inFolder(async (cwd) => {
    const before = Deno.cwd();
    try {
      Deno.chdir(cwd); // runs/ is that of the current folder
      const advice = async (path: string, flag: "checkpoint" | "resume") => {
        const { message } = await assertRejects(() => refusePytorchFile(path, flag), Error);
        const [start, end] = message.split("; type ");
        assertEquals(start, `Cannot use ${path}: a model is a folder here, and no PyTorch file is read`);
        return end;
      };
      const first = ", once deno task train has made that run";
      assertEquals(await advice("checkpoint.pt", "checkpoint"), `--checkpoint runs/NAME${first}`);
      assertEquals(await advice("best.pt", "checkpoint"), `--checkpoint runs/NAME${first}`);
      await Deno.mkdir("runs/my novel/last", { recursive: true });
      for (const name of ["last/config.json", "metrics.jsonl"]) {
        await Deno.writeTextFile(`runs/my novel/${name}`, "{}");
      }
      await Deno.writeTextFile("model_checkpoint.pt", "a pickle");
      assertEquals(await advice("model_checkpoint.pt", "resume"), "--resume 'runs/my novel'");
      await Deno.rename("runs/my novel", "runs/novel");
      const epoch = "a run with --save-every epoch keeps its epoch-15/, too";
      assertEquals(await advice("out/best_model.pt", "checkpoint"), "--checkpoint runs/novel");
      assertEquals(await advice("checkpoint_epoch_15.pt", "resume"), `--resume runs/novel, ${epoch}`);
      for (const name of ["best", "epoch-15"]) {
        await Deno.mkdir(`runs/novel/${name}`);
        await Deno.writeTextFile(`runs/novel/${name}/config.json`, "{}");
      }
      assertEquals(await advice("out/best_model.pt", "checkpoint"), "--checkpoint runs/novel/best");
      assertEquals(await advice("best.ckpt", "resume"), "--resume runs/novel");
      assertEquals(await advice("checkpoint_epoch_15.pt", "resume"), "--resume runs/novel/epoch-15");
      assertEquals(await advice("epoch15.pth", "checkpoint"), "--checkpoint runs/novel/epoch-15");
      await assertRejects(() => findCheckpoint("model.pth"), Error, "type --checkpoint runs/novel");
      // a folder may have such a name, and other names are looked for
      await Deno.mkdir("run.pt");
      for (const path of ["run.pt", "runs/novel", "none", "a.pt.bak"]) {
        await refusePytorchFile(path, "resume");
      }
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("the checkpoints of a run are last/, best/ and its epochs, the newest first, also where a save was interrupted", () =>
  inFolder(async (run) => {
    const names = async () => (await checkpointsOf(run)).map(({ folder }) => folder.slice(run.length + 1));
    assertEquals(await names(), ["last", "best"]);
    for (const name of ["epoch-2", "epoch-10", ".epoch-9.miniformer-old", "epoch-9.earlier", "best"]) {
      await Deno.mkdir(`${run}/${name}`);
    }
    assertEquals(await names(), ["last", "best", "epoch-10", "epoch-9", "epoch-2"]);
    assertEquals((await checkpointsOf(`${run}/none`)).length, 2);
  }));
