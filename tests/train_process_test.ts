import { assertEquals, assertMatch } from "@std/assert";
import { toFileUrl } from "@std/path";
import { trainIn } from "../commands/lab/train_process.ts";
import { inFolder, until } from "./_command.ts";

/** A stand-in for cli.ts. */
async function programIn(folder: string, body: string): Promise<URL> {
  await Deno.writeTextFile(`${folder}/cli.ts`, body);
  return toFileUrl(`${folder}/cli.ts`);
}

Deno.test("train gets its arguments, may write in one folder only, and its last error is kept", () =>
  inFolder(async (cwd) => {
    const folder = `${cwd}/a b`;
    await Deno.mkdir(folder);
    const program = await programIn(
      cwd,
      `Deno.writeTextFileSync(${JSON.stringify(folder)} + "/args", JSON.stringify(Deno.args));
       console.log("x".repeat(3e6)); // a pipe that nobody reads would be full
       console.error("y".repeat(1e6));
       console.error("error: the first");
       try {
         Deno.mkdirSync(${JSON.stringify(cwd)} + "/outside");
       } catch (error) {
         console.error("error: " + error.name + "\\n\\nWarning of a driver");
       }
       Deno.exit(3);`,
    );
    const start = trainIn(folder, program);
    assertEquals(await start(["--a=b c"]).ended, { code: 3, error: "NotCapable" });
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/args`)), ["train", "--a=b c"]);
    const [quiet, silent] = ["console.error('no more memory')", "Deno.exit(1)"];
    assertEquals(await trainIn(folder, await programIn(cwd, quiet))([]).ended, {
      code: 0,
      error: "no more memory",
    });
    assertEquals(await trainIn(folder, await programIn(cwd, silent))([]).ended, { code: 1, error: "" });
  }));

Deno.test({
  name: "a run is stopped by one signal, which it can answer, and Ctrl-C does not reach it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (cwd) => {
      const program = await programIn(
        cwd,
        `Deno.addSignalListener("SIGTERM", () => { console.error("error: saved"); Deno.exit(143); });
         Deno.writeTextFileSync(${JSON.stringify(cwd)} + "/pid", String(Deno.pid));
         setInterval(() => {}, 1000);`,
      );
      const process = trainIn(cwd, program)([]), file = `${cwd}/pid`;
      await until(async () => await Deno.readTextFile(file).catch(() => "") !== "");
      const group = async (pid: number | string) => {
        const { stdout } = await new Deno.Command("ps", { args: ["-o", "pgid=", "-p", `${pid}`] }).output();
        return new TextDecoder().decode(stdout).trim();
      };
      const pid = await Deno.readTextFile(file);
      assertMatch(await group(pid), /^\d+$/);
      assertEquals(await group(pid) === await group(Deno.pid), false);
      process.stop();
      assertEquals(await process.ended, { code: 143, error: "saved" });
      process.stop(); // it has ended: nothing happens
    }),
});
