import { assert, assertEquals, assertMatch } from "@std/assert";
import { resolve } from "@std/path";
import { chooseBackend } from "../core/open_backend.ts";
import { ownCard } from "../files/card.ts";
import { findCheckpoint } from "../commands/files/checkpoint_folder.ts";
import { pretrainedFolder } from "../commands/files/pretrained.ts";
import { beginAgain, schemasOf } from "../commands/verify/repeat.ts";
import { languageRecipe } from "../commands/recipes/language_recipe.ts";
import { readState } from "../commands/runs/run_state.ts";
import { inFolder, miniformer, words } from "./_command.ts";

const NAMES = ["tales", "roberta"] as const;
const folderOf = (name: typeof NAMES[number]) => pretrainedFolder(name)!;

for (const name of NAMES) {
  Deno.test(`pretrained/${name} is intact, below a megabyte, and its settings can be repeated`, async () => {
    const folder = folderOf(name);
    let bytes = 0;
    for await (const file of Deno.readDir(folder)) bytes += (await Deno.stat(`${folder}/${file.name}`)).size;
    assert(bytes < 1e6, `${bytes} bytes`);
    const found = readState(await findCheckpoint(folder), schemasOf);
    assertEquals([found.state.backend.name, found.command], ["wasm", "train"]);
    const { backend } = await chooseBackend("wasm", { threads: 1 });
    // texts, tokenizer and settings are as they were; deno task verify pretrained/NAME trains the model
    assertEquals((await beginAgain(backend, found, { rates: { rates: new Map(), missing: 0 } })).run.step, 0);
    backend.close();
    const { "README.md": card } = await ownCard(folder);
    assertMatch(card as string, /^language: en\nlicense: mit$/m);
    assertMatch(card as string, new RegExp(`--checkpoint pretrained/${name} `));
    assert(!(card as string).includes("FOLDER"));
  });
}

Deno.test("pretrained/tales is the model of the default run", async () => {
  const found = readState(await findCheckpoint(folderOf("tales")), schemasOf);
  const { backend } = await chooseBackend("wasm", { threads: 1 });
  const flags = {} as Parameters<typeof languageRecipe>[0];
  const { state } = await languageRecipe(flags, backend, {});
  backend.close();
  assertEquals(found.state.settings, JSON.parse(JSON.stringify(state.settings)));
  assertEquals(found.step, state.settings.steps);
});

Deno.test("without any run, generate, fill-mask and attention use the pretrained models and say so", () =>
  inFolder(async (cwd) => {
    const lines = {
      'generate --prompt "Anna" --max_new_tokens 20': "tales",
      'fill-mask --text "Anna <mask> the pond."': "roberta",
      'attention --text "Anna" --json': "tales",
    } as const;
    for (const [line, name] of Object.entries(lines)) {
      const { code, stdout, stderr } = await miniformer([...words(line), "--device", "wasm"], { cwd });
      assertEquals(code, 0, stderr);
      assertMatch(
        stderr,
        new RegExp(
          `^There is no trained model in runs/ yet: using \\S*pretrained/${name}, a model that comes`,
        ),
      );
      assert(stdout.length > 20, stdout);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), []);
  }));

Deno.test("evaluate measures a pretrained model", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/own.txt`, "Anna looked near the pond. Tom found a red hat.\n".repeat(9));
    const line = [
      "evaluate",
      "--checkpoint",
      resolve(folderOf("tales")),
      "--data",
      "own.txt",
      "--device",
      "wasm",
    ];
    const { code, stdout, stderr } = await miniformer(line, { cwd });
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^loss +\d/m);
  }));

Deno.test("a pretrained model is named from the current folder, and not at all where the program is not on the disk", () => {
  assertEquals(
    pretrainedFolder("tales", "https://jsr.io/@a/b/1.0.0/commands/files/pretrained.ts"),
    undefined,
  );
  const here = new URL("commands/files/pretrained.ts", `file://${Deno.cwd()}/`).href;
  assertEquals(pretrainedFolder("roberta", here), "pretrained/roberta");
  assertEquals(pretrainedFolder("roberta", "file:///elsewhere/a/b.ts"), "/pretrained/roberta");
});
