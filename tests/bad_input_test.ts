import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import {
  inFolder,
  miniformer,
  removeSums,
  type RunOptions,
  small,
  story,
  succeed,
  words,
} from "./_command.ts";

/** A wrong command line, the status it ends with and what is said. */
type Case = readonly [line: string, code: 1 | 2, message: string, options?: Partial<RunOptions>];

/** Everything below a folder with its size: what must not change. */
async function contents(folder: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) found[name] = (await Deno.stat(`${folder}/${name}`)).size;
    else {
      found[`${name}/`] = 0;
      for (const [k, v] of Object.entries(await contents(`${folder}/${name}`))) found[`${name}/${k}`] = v;
    }
  }
  return found;
}

/** Each line must fail with its message, in one line without a stack, and leave the folder as it was. */
async function assertRefused(cwd: string, cases: readonly Case[]): Promise<void> {
  const before = await contents(cwd);
  const check = async ([line, code, message, options]: Case): Promise<void> => {
    const outcome = await miniformer(words(line), { cwd, ...options });
    assertEquals([outcome.code, outcome.stdout], [code, ""], `${line}\n${outcome.stderr}`);
    assertStringIncludes(outcome.stderr, message, line);
    assertMatch(outcome.stderr, /^error: .*\n?$/, line);
  };
  // two processes at a time, but only one that trains: folders of runs belong to one process
  const lanes = Map.groupBy(cases, ([line]) => /^(train|finetune)/.test(line));
  await Promise.all([...lanes.values()].map(async (lane) => {
    for (const one of lane) await check(one);
  }));
  assertEquals(await contents(cwd), before);
}

Deno.test("what is missing, empty or a file instead of a folder is named as that, also where nothing may be written", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await Deno.writeTextFile(`${cwd}/one.txt`, "T");
    await succeed(["train", "--data", "story.txt", ...small, ...words("--steps 1 --device cpu")], { cwd });
    const nothing = { write: [] };
    await assertRefused(cwd, [
      ["train --export-torch NOTHERE", 1, "Cannot read NOTHERE: no such file or folder", nothing],
      ["train --resume NOTHERE", 1, "Cannot read NOTHERE: no such file or folder", nothing],
      ["finetune --resume NOTHERE", 1, "Cannot read NOTHERE: no such file or folder", nothing],
      ["doctor NOTHERE --clean", 1, "Cannot read NOTHERE: no such file or folder", nothing],
      [
        "train --export-torch story.txt",
        1,
        "Cannot read story.txt: it holds no run: expected last/ or best/",
        nothing,
      ],
      [
        "train --export-torch runs/story --steps 3",
        2,
        "--steps is for training, and --export-torch trains nothing: give one of them",
      ],
      [
        "train --export-torch runs/story --no-tied",
        2,
        "--tied is for training, and --export-torch trains nothing: give one of them",
      ],
      ["train --data one.txt", 1, "Cannot train on one.txt: 1 character is too few; at least 500 are needed"],
      ["train --data=", 2, "--data is empty: expected FILE..., or leave it out"],
      ["train --tokenizer=", 2, "--tokenizer is empty: expected char|bpe|FOLDER, or leave it out"],
      ["generate --checkpoint=", 2, "--checkpoint is empty: expected FOLDER, or leave it out"],
      [
        "generate --checkpoint story.txt",
        1,
        "Cannot read story.txt: it is a file, expected the folder of a model or of a run",
      ],
      [
        "verify story.txt",
        1,
        "Cannot read story.txt: it is a file, expected the folder of a model or of a run",
      ],
      ["doctor story.txt", 1, "Cannot read story.txt: it is a file, expected a folder"],
      [
        "tokenizer inspect --tokenizer runs/story --data NOTHERE",
        1,
        "Cannot read NOTHERE: no such file or folder",
      ],
      [
        "tokenizer train --data story.txt --vocab-size 1 --out tokenizers/a",
        1,
        "Cannot train a vocabulary of size 1: 1 special token and 256 bytes come first; the least is 257",
      ],
    ]);
  }));

Deno.test("train refuses what it cannot learn from, and what makes no sense", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/empty.txt`, "");
    await Deno.writeTextFile(`${cwd}/short.txt`, "To be");
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await Deno.writeFile(`${cwd}/latin1.txt`, Uint8Array.of(97, 10, 0xe9, 10));
    await Deno.mkdir(`${cwd}/runs/taken`, { recursive: true });
    await Deno.writeTextFile(`${cwd}/runs/taken/notes`, "mine");
    const device = "--device cpu";
    const missing = { env: { DENO_WEBGPU_BACKEND: "dx12" } };
    await assertRefused(cwd, [
      [
        `train --data stroy.txt ${device}`,
        1,
        "Cannot read stroy.txt: no such file or folder; did you mean story.txt?",
      ],
      [`train --data empty.txt ${device}`, 1, "Cannot read empty.txt: all files are empty"],
      [
        `train --data short.txt ${device}`,
        1,
        "Cannot train on short.txt: 5 characters are too few; at least 500",
      ],
      [
        `train --data story.txt --validation short.txt --tokenizer char ${device}`,
        1,
        "Cannot validate on 5 tokens: at least 8 are needed; give a longer --validation text",
      ],
      [
        `train --data latin1.txt ${device}`,
        1,
        "byte 0xe9 at offset 2, line 2, is not UTF-8; convert it to UTF-8, or give --replace-invalid",
      ],
      [`train --data story.txt --tokenizer none ${device}`, 1, "Cannot read none: no such file or folder"],
      [
        `train --data story.txt --out runs/taken ${device}`,
        1,
        "Cannot start a run in runs/taken: something already exists there",
      ],
      ["train --bach_size 4", 2, "Unknown flag --bach_size: did you mean --batch-size?"],
      ["train --lr -0.1", 2, "--lr is -0.1: expected a number above 0"],
      ["train --dropout 1", 2, "--dropout is 1: expected a number at least 0, below 1"],
      ["train --steps 0", 2, "--steps is 0: expected a whole number at least 1"],
      ["train --device tpu", 2, '--device is "tpu": expected one of auto, webgpu, wasm, cpu, gpu, cuda, mps'],
      [
        "train --preset gpt1 --ff_mult 2",
        2,
        "--ff-mult 2: the feed-forward network of gpt1 is always 4 times as wide",
      ],
      [
        `train --data story.txt --tokenizer gpt2 ${device}`,
        1,
        "put vocab.json and merges.txt of gpt2 from the Hugging",
      ],
      ["train --resume checkpoint.pt", 1, "Cannot use checkpoint.pt: a model is a folder here", {
        write: [],
      }],
      [
        "generate --checkpoint model.PTH",
        1,
        "no PyTorch file is read; type --checkpoint runs/NAME, once deno task",
      ],
      [
        `train --heads 5 --model_dim 64 ${device}`,
        2,
        "--heads is 5, which does not divide --model-dim 64: expected one of 1, 2, 4, 8",
      ],
      [
        `train --lr 0.001 --min_lr 0.01 ${device}`,
        2,
        "--min-learning-rate is 0.01: expected at most --learning-rate 0.001",
      ],
      [
        `train --steps 5 --epochs 1 ${device}`,
        2,
        "--steps and --epochs both say how long to train: give one",
      ],
      [`train --vocab_size 300 ${device}`, 2, "--vocab-size is for --tokenizer bpe"],
      [`train --name a/b ${device}`, 2, '--name is "a/b": expected a name for a folder in runs/'],
      [
        `train --architecture gpt1 --feed_forward_dim 100 ${device}`,
        2,
        "--feed-forward-dim 100: the feed-forward network of gpt1 is always 4 times as wide",
      ],
      [`train --model_dim 65536 --heads 1 ${device}`, 1, "Cannot train a model of this size: it needs about"],
      [`train --batch_size 60000 --layers 99 ${device}`, 1, "fits"],
      [
        "train --device webgpu",
        1,
        "There is no WebGPU adapter on this machine: install a GPU driver",
        missing,
      ],
      ["train --resume runs/none", 1, "Cannot read runs/none: no such file or folder"],
      ["train --resume runs/taken", 1, "Cannot read runs/taken: it holds no run: expected last/ or best/"],
    ]);
  }));

/** Changes a file of a checkpoint. */
async function change(path: string, edit: (bytes: Uint8Array) => Uint8Array | string): Promise<void> {
  const edited = edit(await Deno.readFile(path));
  await Deno.writeFile(path, typeof edited === "string" ? new TextEncoder().encode(edited) : edited);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("a checkpoint that is damaged, or not what it should be, is refused by file and tensor", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await Deno.writeTextFile(`${cwd}/other.txt`, story(101));
    const line = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "2", "--name"];
    await succeed([...line, "good"], { cwd });
    const damages: [name: string, file: string, edit: (bytes: Uint8Array) => Uint8Array | string][] = [
      ["cut", "model.safetensors", (bytes) => bytes.subarray(0, -100)],
      ["shape", "model.safetensors", (bytes) => bytes.map((byte, i) => i === 0 ? byte + 1 : byte)],
      ["config", "config.json", (bytes) => text(bytes).replace('"n_layer": 1', '"n_layer": 2')],
      ["wide", "config.json", (bytes) => text(bytes).replace('"n_embd": 16', '"n_embd": 32')],
      ["json", "config.json", () => "{"],
      ["moments", "optimizer.safetensors", (bytes) => bytes.subarray(0, -4)],
      ["state", "training_state.json", (bytes) => text(bytes).replace('"steps": 2', '"steps": "2"')],
      [
        "tokens",
        "tokenizer.json",
        () => CharTokenizer.fromText(story(4) + "xyz").toHuggingFace()["tokenizer.json"],
      ],
    ];
    for (const [name, file, edit] of damages) {
      await Deno.mkdir(`${cwd}/runs/${name}/last`, { recursive: true });
      for await (const { name: part } of Deno.readDir(`${cwd}/runs/good/last`)) {
        await Deno.copyFile(`${cwd}/runs/good/last/${part}`, `${cwd}/runs/${name}/last/${part}`);
      }
      await removeSums(`${cwd}/runs/${name}/last/training_state.json`);
      await change(`${cwd}/runs/${name}/last/${file}`, edit);
    }
    await Deno.mkdir(`${cwd}/runs/bare`);
    for (const file of ["config.json", "tokenizer.json"]) {
      await Deno.copyFile(`${cwd}/runs/good/last/${file}`, `${cwd}/runs/bare/${file}`);
    }
    const use = "--device cpu";
    const longer = `--steps 4 ${use}`;
    await assertRefused(cwd, [
      [`generate --checkpoint runs/cut ${use}`, 1, "Cannot use runs/cut/last: model.safetensors: "],
      [`generate --checkpoint runs/shape ${use}`, 1, "Cannot use runs/shape/last: model.safetensors: "],
      [
        `generate --checkpoint runs/config ${use}`,
        1,
        "model.safetensors: tensor transformer.h.1.attn.c_attn.weight is missing",
      ],
      [
        `generate --checkpoint runs/wide ${use}`,
        1,
        "tensor tokenEmbedding is (18, 16), the model expects (18, 32)",
      ],
      [`generate --checkpoint runs/json ${use}`, 1, "Cannot use runs/json/last: config.json: "],
      [`generate --checkpoint runs/tokens ${use}`, 1, "they do not belong together"],
      [`generate --checkpoint runs/bare ${use}`, 1, "Cannot use runs/bare: model.safetensors is missing"],
      [
        `generate --checkpoint runs/god ${use}`,
        1,
        "Cannot read runs/god: no such file or folder; did you mean runs/good?",
      ],
      [`generate --checkpoint story.txt ${use}`, 1, "Cannot read story.txt: "],
      [`train --resume runs/moments ${longer}`, 1, "optimizer.safetensors: "],
      [
        `train --resume runs/state ${longer}`,
        1,
        'training_state.json: settings.steps is "2", expected a whole number',
      ],
      [
        `train --resume runs/tokens ${longer}`,
        1,
        "its tokenizer.json is not the tokenizer it was trained with",
      ],
      [
        `train --resume runs/wide ${longer}`,
        1,
        "config.json says that modelDim is 32, the run was started with 16",
      ],
      [
        `train --resume runs/good ${use}`,
        1,
        "it has done 2 steps of 2; raise --steps or --epochs",
      ],
      [
        `train --resume runs/good --data other.txt ${longer}`,
        1,
        "other.txt is not the text it was trained on",
      ],
      [
        `train --resume runs/good --batch_size 3 ${longer}`,
        2,
        "--batch-size is 3, but the run was started with 4",
      ],
      [`train --resume runs/good --name new ${longer}`, 2, "--name cannot be given with --resume"],
      [
        `train --resume runs/good --vocab_size 300 ${longer}`,
        2,
        "--vocab-size cannot be given with --resume",
      ],
      [`train --resume runs/bare ${longer}`, 1, "Cannot read runs/bare: it holds no run"],
      [
        `evaluate --checkpoint runs/good --data none.txt ${use}`,
        1,
        "Cannot read none.txt: no such file or folder",
      ],
      [`generate --checkpoint runs/good --top_p 0`, 2, "--top_p is 0: expected a number above 0, at most 1"],
      [
        `generate --checkpoint runs/good --temperature -1`,
        2,
        "--temperature is -1: expected a number at least 0",
      ],
      [
        `generate --checkpoint runs/good --prompt a --prompt_file story.txt`,
        2,
        "--prompt and --prompt-file exclude each other",
      ],
      [
        `generate --checkpoint runs/good --prompt "The é" ${use}`,
        1,
        'Cannot encode "é" (U+00E9), character 5 of the text',
      ],
    ]);
    const verbose = await miniformer(["generate", "--checkpoint", "runs/cut", "--verbose"], { cwd });
    assert(verbose.code === 1 && verbose.stderr.includes("\n    at "));
  }));
