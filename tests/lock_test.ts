import { assert, assertEquals, assertRejects } from "@std/assert";
import { inspectLock, Lock, LockedError } from "../commands/files/lock.ts";
import { inFolder } from "./_command.ts";

/** A process that takes a lock, says so, and keeps it until it is killed. */
async function holder(path: string): Promise<Deno.ChildProcess> {
  const program = `import { Lock } from "./commands/files/lock.ts";
    const lock = await Lock.take(${JSON.stringify(path)});
    console.log("held");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    lock.release();`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    cwd: new URL("..", import.meta.url),
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return child;
}

async function end(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.stdout.cancel();
  await child.status;
}

Deno.test("a lock names its holder, and is free once that process is killed", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`, child = await holder(path);
    try {
      await assertRejects(() => Lock.take(path, "wait"), LockedError, `process ${child.pid} on `);
      await assertRejects(() => Lock.take(path, "wait"), LockedError, ") is using it; wait");
      const { state, holder } = await inspectLock(path);
      const [, pid, since] = holder!.match(/^process (\d+) on [\w.-]+ \(since (.*)\)$/)!;
      assertEquals([state, Number(pid)], ["held", child.pid]);
      assert(Math.abs(Date.parse(since) - Date.now()) < 60_000);
    } finally {
      await end(child);
    }
    assertEquals((await inspectLock(path)).state, "stale");
    (await Lock.take(path)).release();
    assertEquals((await inspectLock(path)).state, "free");
  }));

Deno.test("of many processes that want a lock at once, each gets it alone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`,
      program = `import { Lock, LockedError } from "./commands/files/lock.ts";
      for (let turns = 0; turns < 20;) {
        try {
          using _ = await Lock.take(${JSON.stringify(path)});
          const file = ${JSON.stringify(`${folder}/count`)};
          const count = Number(await Deno.readTextFile(file).catch(() => "0"));
          await new Promise((resolve) => setTimeout(resolve, 1));
          await Deno.writeTextFile(file, String(count + 1));
          turns++;
        } catch (error) {
          if (!(error instanceof LockedError)) throw error;
        }
      }`;
    const children = Array.from({ length: 4 }, () =>
      new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", program],
        cwd: new URL("..", import.meta.url),
      }).output());
    for (const { success, stderr } of await Promise.all(children)) {
      assert(success, new TextDecoder().decode(stderr));
    }
    assertEquals(await Deno.readTextFile(`${folder}/count`), "80");
  }));

Deno.test({
  name: "a lock is neither taken nor looked at through a link, and its text may come from anywhere",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/victim`, "mine");
      await Deno.symlink(`${folder}/victim`, `${folder}/lock`);
      await assertRejects(() => Lock.take(`${folder}/lock`), Error, "it is a symbolic link");
      await assertRejects(() => inspectLock(`${folder}/lock`), Error, "is a symbolic link");
      assertEquals(await Deno.readTextFile(`${folder}/victim`), "mine");
      const hostile = ["\x1b[2J", "x".repeat(9999), "x (since 1)\n"].map((host) =>
        `process 1 on ${host} (since 1)`
      );
      for (const text of ["", "[]", "null", ...hostile]) {
        await Deno.writeTextFile(`${folder}/other`, text);
        assertEquals(await inspectLock(`${folder}/other`), { state: "stale", holder: "another process" });
      }
    }),
});

Deno.test("what is removed is the lock's own file only", () =>
  inFolder(async (folder) => {
    const lock = await Lock.take(`${folder}/lock`);
    await Deno.rename(`${folder}/lock`, `${folder}/moved`);
    await Deno.writeTextFile(`${folder}/lock`, "another's");
    lock.release();
    assertEquals(await Deno.readTextFile(`${folder}/lock`), "another's");
  }));

Deno.test("a lock is taken also where there is no room to say by whom", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`, { write } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.write = () => Promise.reject(new Error("No space left on device (os error 28)"));
    try {
      using _ = await Lock.take(path);
      await assertRejects(() => Lock.take(path), LockedError, "another process is using it");
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assertEquals(await inspectLock(path), { state: "free" });
  }));

Deno.test("a lock whose file was removed is taken again, once however many ask", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`;
    using lock = await Lock.take(path);
    await Deno.remove(path);
    await Promise.all([lock.keep(), lock.keep(), lock.keep()]);
    await assertRejects(() => Lock.take(path), LockedError, `process ${Deno.pid} on `);
    await Deno.remove(path);
    using _other = await Lock.take(path);
    await assertRejects(() => lock.keep(), LockedError, `process ${Deno.pid} on `);
  }));

Deno.test("on a disk without locks the file itself is the lock, and the refusal says which file to remove", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`, { tryLock } = Deno.FsFile.prototype;
    try {
      Deno.FsFile.prototype.tryLock = () => Promise.reject(new Error("Operation not supported"));
      const lock = await Lock.take(path);
      const advice = `using it; if that process is gone, remove ${path}: this disk has no locks`;
      await assertRejects(() => Lock.take(path, "wait"), LockedError, advice);
      assertEquals((await inspectLock(path)).state, "held");
      lock.leave(); // as a killed process does
      await assertRejects(() => Lock.take(path), LockedError);
      await Deno.remove(path);
      (await Lock.take(path)).release();
    } finally {
      Deno.FsFile.prototype.tryLock = tryLock;
    }
  }));

Deno.test("a lock that is released while it is being checked or taken again is not held afterwards", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lock`, { tryLock } = Deno.FsFile.prototype;
    const unchanged = await Lock.take(path), checking = unchanged.keep();
    unchanged.release();
    await checking;
    assertEquals(await inspectLock(path), { state: "free" });
    const removed = await Lock.take(path);
    await Deno.remove(path);
    Deno.FsFile.prototype.tryLock = function (exclusive) {
      removed.release();
      return tryLock.call(this, exclusive);
    };
    try {
      await removed.keep();
    } finally {
      Deno.FsFile.prototype.tryLock = tryLock;
    }
    assertEquals(await inspectLock(path), { state: "free" });
  }));
