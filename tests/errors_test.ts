import { assertEquals, assertStringIncludes } from "@std/assert";
import { cannotRead, describeError, exitStatus, nearest, reason, UsageError } from "../commands/errors.ts";

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
  assertEquals(await why(Deno.readFile(`${folder}/file/x`)), "a file stands where a folder should");
  assertEquals(await why(Deno.readFile(`${folder}/${"x".repeat(300)}`)), "File name too long");
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
  await Deno.mkdir(`${folder}/essay.new`);
  const missing = new Deno.errors.NotFound("gone");
  assertStringIncludes(
    (await cannotRead(`${folder}/my_novle`, missing)).message,
    `did you mean ${folder}/my_novel?`,
  );
  assertEquals((await cannotRead(`${folder}/essay`, missing)).message, `Cannot read ${folder}/essay: gone`);
  assertEquals((await cannotRead("no/such/place", missing)).message, "Cannot read no/such/place: gone");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a message is cut and its control characters are escaped, whatever it quotes", () => {
  assertEquals(describeError(new Error("x".repeat(3_000_000))).length, 987);
  assertEquals(describeError(new Error("\x1b[31m\0".repeat(5000))).length < 1000, true);
  assertEquals(describeError(new Error("a\rb\u2028c\x1b[2Jd")), "error: a b\\u2028c\\u001b[2Jd");
});
