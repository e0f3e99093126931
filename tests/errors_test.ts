import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { findCheckpoint } from "../commands/files/checkpoint_folder.ts";
import {
  cannotRead,
  describeError,
  exitStatus,
  nearest,
  reason,
  UsageError,
} from "../commands/cli/errors.ts";
import { findFiles } from "../commands/texts/files.ts";
import { readTokenizer } from "../commands/files/tokenizer_folder.ts";
import { inFolder, miniformer } from "./_command.ts";

Deno.test("wrong usage ends with 2, other errors with 1, a reader who left with 0", () => {
  const errors = [new UsageError("a"), new TypeError("b"), "c", new Deno.errors.BrokenPipe("d")];
  assertEquals(errors.map(exitStatus), [2, 1, 1, 0]);
});

Deno.test("an error is one line, and its stack is shown only when asked for", () => {
  const error = new TypeError("first\n   second\n", { cause: new Error("below") });
  assertEquals(describeError(error), "error: first second");
  assertStringIncludes(describeError(error, true), "errors_test.ts");
  assertStringIncludes(describeError(error, true), "below");
  assertEquals(describeError("thrown text"), "error: thrown text");
  assertEquals(describeError(new RangeError()), "error: RangeError");
  assertEquals(describeError(new Deno.errors.BrokenPipe("gone")), "");
});

Deno.test("nearest finds slips of the finger, and nothing where nothing is near", () => {
  const words = ["context-length", "top-k", "top-p", "seed", "batch-size", "temperature", "lr"];
  const typed = [
    "contxt-length",
    "context",
    "topk",
    "sede",
    "batchsize",
    "temprature",
    "lr",
    "verbosity",
    "",
  ];
  assertEquals(typed.map((word) => nearest(word, words)), [
    "context-length",
    "context-length",
    "top-k",
    "seed",
    "batch-size",
    "temperature",
    "lr",
    undefined,
    undefined,
  ]);
});

Deno.test("reason says in words what the system says in codes", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/file`, "");
  const why = (call: Promise<unknown>) => call.then(() => "nothing", reason);
  assertEquals(await why(Deno.readFile(`${folder}/none`)), "no such file or folder");
  assertEquals(await why(Deno.readFile(folder)), "it is a folder, not a file");
  assertEquals(await why(Deno.readFile(`${folder}/file/x`)), "part of the path is a file, not a folder");
  assertEquals(await why(Deno.readFile(`${folder}/${"x".repeat(300)}`)), "the name is too long");
  const denied = Object.assign(new Deno.errors.PermissionDenied("Permission denied (os error 13)"), {
    code: "EACCES",
  });
  assertEquals(reason(denied), "permission denied");
  assertEquals(
    reason(new Deno.errors.NotCapable("Requires read")),
    "Deno's permissions forbid it (Requires read)",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("cannotRead names what lies beside a missing file", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/my_novel`);
  for (const name of ["essay.new", ".draft.miniformer-new"]) await Deno.mkdir(`${folder}/${name}`);
  const missing = new Deno.errors.NotFound("gone");
  assertStringIncludes(
    (await cannotRead(`${folder}/my_novle`, missing)).message,
    `did you mean ${folder}/my_novel?`,
  );
  assertStringIncludes(
    (await cannotRead(`${folder}/essay`, missing)).message,
    `did you mean ${folder}/essay.new?`,
  );
  // what an interrupted save has left is not suggested
  assertEquals((await cannotRead(`${folder}/.draft`, missing)).message, `Cannot read ${folder}/.draft: gone`);
  assertEquals((await cannotRead("no/such/place", missing)).message, "Cannot read no/such/place: gone");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("only what can be meant is suggested", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/core`);
    await Deno.writeTextFile(`${folder}/core/tape.ts`, "");
    await Deno.mkdir(`${folder}/corf/best`, { recursive: true });
    await Deno.writeTextFile(`${folder}/corf/best/config.json`, "{}");
    await Deno.mkdir(`${folder}/corg`);
    await Deno.writeTextFile(`${folder}/corg/tokenizer.json`, "{}");
    await Deno.mkdir(`${folder}/corh`);
    await Deno.writeTextFile(`${folder}/corh/a.txt`, "a");
    await Deno.writeTextFile(`${folder}/corij`, "");
    const error = await Deno.stat(`${folder}/cor`).catch((error) => error);
    const suggestion = async (wanted: "any" | "file" | "text" | "checkpoint" | "tokenizer") =>
      (await cannotRead(`${folder}/corx`, error, wanted)).message.split(`did you mean ${folder}/`)[1];
    assertEquals(await suggestion("any"), "core?");
    assertEquals(await suggestion("checkpoint"), "corf?");
    assertEquals(await suggestion("tokenizer"), "corg?");
    assertEquals(await suggestion("text"), "corh?");
    assertEquals(await suggestion("file"), "corij?");
    await assertRejects(() => findCheckpoint(`${folder}/corx`), Error, `did you mean ${folder}/corf?`);
    await assertRejects(() => readTokenizer(`${folder}/corx`), Error, `did you mean ${folder}/corg?`);
    await assertRejects(() => findFiles([`${folder}/corx`]), Error, `did you mean ${folder}/corh?`);
    await Deno.remove(`${folder}/corf`, { recursive: true });
    const { message } = await assertRejects(() => findCheckpoint(`${folder}/corx`), Error);
    assertEquals(message, `Cannot read ${folder}/corx: no such file or folder`);
  }));

Deno.test("a run that is named without runs/ is found there", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/runs/my_novel/last`, { recursive: true });
    await Deno.writeTextFile(`${cwd}/runs/my_novel/last/config.json`, "{}");
    const { stderr } = await miniformer(["generate", "--checkpoint", "my_novel"], { cwd });
    assertEquals(
      stderr,
      "error: Cannot read my_novel: no such file or folder; did you mean runs/my_novel?\n",
    );
  }));

Deno.test("a message is cut and its control characters are escaped, whatever it quotes", () => {
  assertEquals(describeError(new Error("x".repeat(3_000_000))).length, 987);
  assertEquals(describeError(new Error("\x1b[31m\0".repeat(5000))).length < 1000, true);
  assertEquals(describeError(new Error("a\rb\u2028c\x1b[2Jd")), "error: a b\\u2028c\\u001b[2Jd");
});
