import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chooseData } from "../commands/texts/chosen_data.ts";
import { inFolder, small, story, succeed, words } from "./_command.ts";

Deno.test("a new run takes input.txt where no data is named, and tales by their name", () =>
  inFolder(async (cwd) => {
    const before = Deno.cwd();
    try {
      Deno.chdir(cwd); // input.txt is that of the current folder
      assertEquals(await chooseData({}), { data: undefined });
      assertEquals(await chooseData({ data: ["tales"] }), { data: undefined });
      assertEquals(await chooseData({ data: ["tales"], resume: "" }), { data: [] });
      assertEquals(await chooseData({ data: ["tales", "a"] }), { data: ["tales", "a"] });
      await Deno.mkdir("input.txt");
      assertEquals(await chooseData({}), { data: undefined });
      await Deno.remove("input.txt");
      await Deno.writeTextFile("input.txt", "some text");
      const { data, note } = await chooseData({});
      assertEquals(data, ["input.txt"]);
      assertStringIncludes(note!, "--data tales");
      assertEquals(await chooseData({ data: ["a.txt"] }), { data: ["a.txt"] });
      assertEquals(await chooseData({ data: ["tales"] }), { data: undefined });
      assertEquals(await chooseData({ resume: "" }), { data: undefined });
      assertEquals(await chooseData({ config: "run.json" }), { data: undefined });
      await Deno.mkdir("tales");
      assertEquals(await chooseData({ data: ["tales"] }), { data: ["tales"] });
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("train says that it takes input.txt, and how to train on the tales instead", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/input.txt`, story(100));
    const device = words("--device cpu"), line = [...words("train --steps 1 --dry-run"), ...device, ...small];
    const said = await succeed(line, { cwd });
    assertMatch(said, /^data +input\.txt: /m);
    assertMatch(
      said,
      /^note +input\.txt is in this folder, so it is trained on; the built-in tales: --data tales$/m,
    );
    const tales = await succeed([...line, "--data", "tales"], { cwd });
    assertMatch(tales, /^data +the built-in tales: /m);
    assertEquals(/^note /m.test(tales), false);
    // a resumed run has its own text
    await succeed([...words("train --steps 2 --stop_after 1 --data tales"), ...device, ...small], { cwd });
    assertMatch(
      await succeed(words("train --resume --data tales --device cpu"), { cwd }),
      /^data +the built-in/m,
    );
    assertMatch(
      await succeed(words("train --resume --steps 3 --device cpu"), { cwd }),
      /^data +the built-in/m,
    );
  }));
