import { assert, assertEquals, assertMatch } from "@std/assert";
import { hasForeignCard, ownCard, sealCard } from "../commands/files/card.ts";
import { finishSave, saveFolder } from "../commands/files/folders.ts";
import { inFolder } from "./_command.ts";

const OLD = await sealCard("# step 1\n\nold\n"), NEW = await sealCard("# step 2\n\nnew\n");

/** What is in `last/` and beside it, without folders. */
async function contents(parent: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name: folder, isDirectory } of Deno.readDirSync(parent)) {
    assert(isDirectory);
    for (const { name, isFile } of Deno.readDirSync(`${parent}/${folder}`)) {
      found[`${folder}/${name}`] = isFile
        ? await Deno.readTextFile(`${parent}/${folder}/${name}`)
        : "no file";
    }
  }
  return found;
}

/** Saves a checkpoint with a card as `last`, as a run does. */
const save = (parent: string, card: string) =>
  saveFolder(`${parent}/last`, { "config.json": "{}", "README.md": card }, { foreign: "keep" });

Deno.test("a card is ours as long as no byte of it is changed", () =>
  inFolder(async (cwd) => {
    assertMatch(OLD, /^# step 1\n\nold\n\n<!-- Written by Miniformer .*[0-9a-f]{64} -->\n$/);
    assertEquals(await ownCard(cwd), {});
    assert(!await hasForeignCard(cwd), "there is none");
    await Deno.writeTextFile(`${cwd}/README.md`, OLD);
    assertEquals(await ownCard(cwd), { "README.md": OLD });
    assert(!await hasForeignCard(cwd));
    for (const text of [OLD.replace("old", "0ld"), `${OLD}\n`, ` ${OLD}`, OLD.slice(0, -1), "", "# mine\n"]) {
      await Deno.writeTextFile(`${cwd}/README.md`, text);
      assertEquals(await ownCard(cwd), {}, text);
      assert(await hasForeignCard(cwd), text);
    }
    await Deno.remove(`${cwd}/README.md`);
    await Deno.mkdir(`${cwd}/README.md`);
    assertEquals([await ownCard(cwd), await hasForeignCard(cwd)], [{}, true]);
  }));

Deno.test("a card is replaced with its checkpoint, and one that the user has edited stays", () =>
  inFolder(async (cwd) => {
    await save(cwd, OLD);
    await save(cwd, NEW);
    assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": NEW });
    const edited = NEW.replace("# step 2", "---\nlicense: mit\n---\n# step 2");
    await Deno.writeTextFile(`${cwd}/last/README.md`, edited);
    for (const card of [OLD, NEW]) {
      await save(cwd, card);
      assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": edited });
    }
    await Deno.remove(`${cwd}/last/README.md`);
    await save(cwd, NEW);
    assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": NEW });
    // links are not followed
    await Deno.remove(`${cwd}/last/README.md`);
    await Deno.writeTextFile(`${cwd}/last/target`, NEW);
    await Deno.symlink("target", `${cwd}/last/README.md`);
    await save(cwd, OLD);
    assertEquals(await Deno.readTextFile(`${cwd}/last/target`), NEW);
    assertEquals(await Deno.readLink(`${cwd}/last/README.md`), "target");
  }));

const HALF = NEW.slice(0, 10), EDITED = "# mine\n";
const killed: [when: string, before: Record<string, string>, after: Record<string, string>][] = [
  [
    "while the card is written",
    { "last/README.md": OLD, ".last.miniformer-new/README.md": HALF },
    { "last/README.md": OLD },
  ],
  [
    "between the two renames",
    { ".last.miniformer-old/README.md": OLD, ".last.miniformer-new/README.md": NEW },
    { "last/README.md": NEW },
  ],
  [
    "while the old folder is removed",
    { "last/README.md": NEW, ".last.miniformer-old/README.md": OLD },
    { "last/README.md": NEW },
  ],
  [
    "while the old folder is removed, where the user had edited its card",
    { "last/config.json": "{}", ".last.miniformer-old/README.md": EDITED },
    { "last/config.json": "{}", "last/README.md": EDITED },
  ],
  [
    "after the user has edited the card during the save",
    { "last/README.md": NEW, ".last.miniformer-old/README.md": EDITED },
    { "last/README.md": NEW, "last/README.md.kept-2": EDITED },
  ],
];

for (const [when, before, after] of killed) {
  Deno.test(`a save with a card, killed ${when}`, () =>
    inFolder(async (cwd) => {
      for (const [path, text] of Object.entries(before)) {
        await Deno.mkdir(`${cwd}/${path.split("/")[0]}`, { recursive: true });
        await Deno.writeTextFile(`${cwd}/${path}`, text);
      }
      // as it is finished before the next save, which has a card
      await finishSave(`${cwd}/last`, new Set(["README.md"]));
      assertEquals(await contents(cwd), after);
    }));
}
