import { assertEquals, assertRejects } from "@std/assert";
import { checkSums, withSums } from "../checkpoints/sums.ts";
import { editState, inFolder, miniformer, removeSums, small, story, succeed, words } from "./_command.ts";

const line = words("train --data story.txt --device cpu --steps 4 --stop_after 2").concat(small);

Deno.test("a flipped bit in any file of a checkpoint is noticed by every command that reads it", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed(line, { cwd });
    const last = `${cwd}/runs/story/last`;
    for await (const { name } of Deno.readDir(last)) {
      if (["README.md", "loss_curve.png"].includes(name)) continue; // the card may be edited, its picture replaced
      const path = `${last}/${name}`, bytes = await Deno.readFile(path), damaged = bytes.slice();
      const state = new TextDecoder().decode(bytes);
      // in the state a step that is another step, elsewhere any bit
      const place = name === "training_state.json" ? state.lastIndexOf('"step": 2') + 8 : bytes.length - 3;
      damaged[place] ^= 1;
      await Deno.writeFile(path, damaged);
      const message = `error: Cannot use runs/story/last: ${name} is not what was saved there`;
      const use = name === "optimizer.safetensors"
        ? "train --resume runs/story"
        : "generate --checkpoint runs/story/last";
      for (const command of new Set([use, "train --resume runs/story/last"])) {
        const { code, stderr } = await miniformer([...words(command), "--device", "cpu"], { cwd });
        assertEquals([code, stderr.slice(0, message.length)], [1, message], stderr);
      }
      await Deno.writeFile(path, bytes);
    }
    await editState(`${last}/training_state.json`, (state) => ({ ...state, note: 1 }));
    await succeed(["train", "--resume", "runs/story", "--device", "cpu"], { cwd });
  }));

Deno.test("a checkpoint that was saved without sums is read as before", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed(line, { cwd });
    await removeSums(`${cwd}/runs/story/last/training_state.json`);
    await succeed(["train", "--resume", "runs/story", "--device", "cpu"], { cwd });
  }));

Deno.test("sums of a wrong type, and a state without its own, are refused, and so is a broken state", async () => {
  for (const sha256 of [null, 5, [], {}, { "training_state.json": 5 }, { "training_state.json": "" }]) {
    const files = { "training_state.json": JSON.stringify({ step: 1, sha256 }) };
    await assertRejects(
      () => checkSums("here", files),
      Error,
      "Cannot use here: training_state.json is not what",
    );
  }
  const deep = `{"sha256":{},"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}`;
  await assertRejects(() => checkSums("here", { "training_state.json": deep }), Error, "Cannot use here: ");
  for (const state of ["", "{", "[]", "null", "5"]) {
    const check = () => checkSums("here", { "training_state.json": state });
    await assertRejects(
      check,
      Error,
      "Cannot use here: training_state.json is damaged; restore it, or remove it",
    );
  }
  await checkSums("here", { "training_state.json": '{"step":1}' });
  await checkSums("here", {});
  const { "training_state.json": state } = withSums({ "training_state.json": "{}" });
  const added = { "model.safetensors": "x", "training_state.json": await state };
  await assertRejects(() => checkSums("here", added), Error, "model.safetensors is not what was saved there");
  await checkSums("here", { "vocab.json": "{}", "training_state.json": await state });
});

Deno.test("sums are those that other programs compute", async () => {
  const files = withSums({ "a": "abc", "training_state.json": "{}" });
  const { sha256 } = JSON.parse(await files["training_state.json"] as string);
  assertEquals(sha256.a, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-2, B.1
});
