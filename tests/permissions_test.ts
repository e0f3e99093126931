import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

Deno.test("no task may write everywhere, and tasks that only read may not write", () => {
  const tasks = Object.entries(configuration.tasks).filter(([, line]) =>
    line.includes("cli.ts") && line.includes("-P=")
  );
  const writes = Object.fromEntries(tasks.map(([task, line]) => {
    const set = line.match(/-P=(\S+)/)![1] as keyof typeof configuration.permissions;
    const { write } = configuration.permissions[set] as { write?: unknown };
    return [task, write];
  }));
  assertEquals(writes, {
    train: ["runs"],
    generate: ["runs"],
    "fill-mask": undefined,
    finetune: ["runs"],
    classify: undefined,
    attention: ["runs"],
    evaluate: ["runs"],
    compare: ["runs", "lab"],
    lab: ["lab"],
    verify: undefined,
    doctor: ["runs"],
    tokenizer: ["tokenizers"],
  });
});

Deno.test("a folder outside is refused before any work, with the command line that allows it", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const train = ["train", "--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"];
    await succeed(train, { cwd });
    await Deno.mkdir(`${cwd}/elsewhere`);
    await Deno.rename(`${cwd}/runs/story`, `${cwd}/elsewhere/story`);
    const lines = [
      [...train, "--out", "elsewhere/mine"],
      words("train --resume elsewhere/story --steps 2 --device cpu"),
      words("tokenizer train --data story.txt --out elsewhere/tk"),
      words("attention --checkpoint elsewhere/story --text The --device cpu --out elsewhere/a.svg"),
      words("generate --checkpoint elsewhere/story --device cpu --out sample_generation.txt"),
      words("evaluate --checkpoint elsewhere/story --device cpu --report elsewhere/report.md"),
      words("doctor elsewhere/story --clean"),
      words("tokenizer train --data story.txt --out tk"),
    ];
    for (const line of lines) {
      const { code, stdout, stderr } = await miniformer(line, { cwd, write: [] });
      assertEquals([code, stdout], [1, ""], line.join(" "));
      assertMatch(
        stderr,
        /^error: Cannot write in (elsewhere\S*|the current folder): deno task (\w+) may write in (runs|tokenizers)\/ only; choose a folder there, or allow this one: deno run -P=\2 --allow-write=\3,(elsewhere\S*|\.) cli\.ts \2 .*\n$/,
      );
    }
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/elsewhere`))).map(({ name }) => name);
    assertEquals(names, ["story"]);
    await assertRejects(() => Deno.stat(`${cwd}/tokenizers`), Deno.errors.NotFound);
  }));
