import fs from "node:fs/promises";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { dirname } from "@std/path";
import { addPicture } from "../commands/files/card_picture.ts";
import { hasForeignCard, ownCard, sealCard } from "../files/card.ts";
import { finishSave, saveFolder } from "../files/folders.ts";
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

const SHOWN = "\n## Results\n\n![Training and validation loss](loss_curve.png)\n\n";

/** A card as it is saved, and with its picture. */
const PLAIN = await sealCard("# step 2\n\n## Results\n\n1.5\n");
const ILLUSTRATED = await sealCard(`# step 2\n${SHOWN}1.5\n`);

Deno.test("a picture is put beside a card that is ours, and shown in it", () =>
  inFolder(async (cwd) => {
    await save(cwd, PLAIN);
    const rename = Deno.rename, moved: string[] = [];
    for (const picture of ["first", "second"]) {
      try {
        Deno.rename = (from, to) => (moved.push(dirname(`${from}`)), rename(from, to));
        await addPicture(`${cwd}/last`, new TextEncoder().encode(picture));
      } finally {
        Deno.rename = rename;
      }
      assertEquals(moved.splice(0), [cwd, cwd], "unfinished files are not in the checkpoint");
      const expected = { "README.md": ILLUSTRATED, "loss_curve.png": picture };
      assertEquals(
        await contents(cwd),
        Object.fromEntries(
          Object.entries({ "config.json": "{}", ...expected }).map(([name, text]) => [`last/${name}`, text]),
        ),
      );
      const own = await ownCard(`${cwd}/last`);
      assertEquals(own, { ...expected, "loss_curve.png": new TextEncoder().encode(picture) });
    }
    await save(cwd, PLAIN);
    assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": PLAIN });
  }));

Deno.test("where there is no card of ours there is no picture either, and that of the user stays", () =>
  inFolder(async (cwd) => {
    const picture = new TextEncoder().encode("picture");
    await addPicture(`${cwd}/last`, picture);
    assertEquals(await contents(cwd), {});
    const edited = ILLUSTRATED.replace("1.5", "1.4");
    for (const card of [edited, OLD]) { // the other has no results
      await save(cwd, card);
      await addPicture(`${cwd}/last`, picture);
      assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": card });
      await Deno.remove(`${cwd}/last/README.md`);
    }
    await addPicture(`${cwd}/last`, picture);
    assertEquals(await contents(cwd), { "last/config.json": "{}" });
    // an edited card keeps its picture, also when the next checkpoint would have one
    const kept = {
      "last/config.json": "{}",
      "last/README.md": edited,
      "last/loss_curve.png": "of the user",
    };
    await Deno.writeTextFile(`${cwd}/last/README.md`, edited);
    await Deno.writeTextFile(`${cwd}/last/loss_curve.png`, "of the user");
    await save(cwd, PLAIN);
    assertEquals(await contents(cwd), kept);
    const files = { "config.json": "{}", "README.md": ILLUSTRATED, "loss_curve.png": picture };
    await saveFolder(`${cwd}/last`, files, { foreign: "keep" });
    assertEquals(await contents(cwd), kept);
    // without its card the picture is replaced
    await Deno.remove(`${cwd}/last/README.md`);
    await save(cwd, PLAIN);
    assertEquals(await contents(cwd), { "last/config.json": "{}", "last/README.md": PLAIN });
    await Deno.rename(`${cwd}/last`, `${cwd}/elsewhere`);
    await Deno.symlink("elsewhere", `${cwd}/last`);
    await addPicture(`${cwd}/last`, picture);
    assertEquals(await Deno.readTextFile(`${cwd}/elsewhere/README.md`), PLAIN, "links are not followed");
  }));

Deno.test("a card shows no picture that could not be saved, and nothing is left inside the checkpoint", () =>
  inFolder(async (cwd) => {
    await save(cwd, PLAIN);
    await Deno.mkdir(`${cwd}/last/loss_curve.png`);
    const message = `Cannot save ${cwd}/last/loss_curve.png: `;
    await assertRejects(() => addPicture(`${cwd}/last`, new Uint8Array(3)), Error, message);
    assertEquals(Array.from(Deno.readDirSync(cwd), ({ name }) => name), ["last"]);
    assertEquals(await Deno.readTextFile(`${cwd}/last/README.md`), PLAIN);
    assertEquals(Array.from(Deno.readDirSync(`${cwd}/last`)).length, 3);
  }));

const HALF = NEW.slice(0, 10), EDITED = "# mine\n";
Deno.test("a card of the user's is moved after its picture, which is known by it", () =>
  inFolder(async (cwd) => {
    await save(cwd, OLD);
    const former = `${cwd}/.last.miniformer-old`, rename = fs.rename;
    await Deno.mkdir(former);
    for (const name of ["README.md", "loss_curve.png"]) await Deno.writeTextFile(`${former}/${name}`, EDITED);
    try {
      fs.rename = (from, to) =>
        /png$/.test(`${from}`) ? Promise.reject(new Error("killed")) : rename(from, to);
      await assertRejects(() => finishSave(`${cwd}/last`), Error, "killed");
    } finally {
      fs.rename = rename;
    }
    assertEquals(Array.from(Deno.readDirSync(former), ({ name }) => name).sort(), [
      "README.md",
      "loss_curve.png",
    ]);
  }));

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
  [
    "after a picture was added and before its card was",
    {
      "last/README.md": NEW,
      ".last.miniformer-old/README.md": PLAIN,
      ".last.miniformer-old/loss_curve.png": "",
    },
    { "last/README.md": NEW },
  ],
  [
    "while a card with a picture is removed",
    {
      "last/README.md": NEW,
      ".last.miniformer-old/README.md": ILLUSTRATED,
      ".last.miniformer-old/loss_curve.png": "",
    },
    { "last/README.md": NEW },
  ],
  [
    "when of an old card only the picture is left",
    { "last/README.md": NEW, ".last.miniformer-old/loss_curve.png": "" },
    { "last/README.md": NEW },
  ],
  [
    "while the old folder is removed, where the user had edited its card with a picture",
    {
      "last/config.json": "{}",
      ".last.miniformer-old/README.md": EDITED,
      ".last.miniformer-old/loss_curve.png": "p",
    },
    { "last/config.json": "{}", "last/README.md": EDITED, "last/loss_curve.png": "p" },
  ],
  [
    "while a card with a picture is written",
    {
      "last/README.md": OLD,
      ".last.miniformer-new/README.md": HALF,
      ".last.miniformer-new/loss_curve.png": "",
    },
    { "last/README.md": OLD },
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
