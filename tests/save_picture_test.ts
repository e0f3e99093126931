import { assertEquals, assertRejects } from "@std/assert";
import { PICTURE_NAME, savePicture } from "../commands/files/save_picture.ts";
import { inFolder } from "./_command.ts";

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>';

Deno.test("the end of the name says what is written", () =>
  inFolder(async (cwd) => {
    await savePicture(`${cwd}/a.svg`, svg);
    assertEquals(await Deno.readTextFile(`${cwd}/a.svg`), svg);
    await savePicture(`${cwd}/a.png`, svg);
    const png = await Deno.readFile(`${cwd}/a.png`);
    assertEquals([...png.subarray(0, 4), png[19], png[23]], [137, 80, 78, 71, 8, 6]);
    const fitting = ["a.svg", "a.png", "a.jpg", "a.PNG", "apng"].filter((name) => PICTURE_NAME.test(name));
    assertEquals(fitting, ["a.svg", "a.png"]);
  }));

Deno.test("a picture that cannot be drawn leaves the file before", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/a.png`, "mine");
    await assertRejects(() => savePicture(`${cwd}/a.png`, "no picture"), Error, "Cannot draw a PNG");
    assertEquals(await Deno.readTextFile(`${cwd}/a.png`), "mine");
  }));
