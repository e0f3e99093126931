import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { choicesOf } from "../page/choices.ts";
import { decodeRun, encodeRun, type Shelf } from "../page/compute/kept_run.ts";
import type { Session } from "../page/compute/session.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { FromWorker, ToWorker } from "../page/protocol.ts";
import { story } from "./_command.ts";

/** A shelf in memory, and trainers that share it as one page after the other does. */
function pages() {
  let content: Uint8Array<ArrayBuffer> | undefined;
  const shelf: Shelf = {
    read: () => Promise.resolve(content),
    write: (bytes) => Promise.resolve(void (content = bytes)),
  };
  const open = () => {
    const answers: FromWorker[] = [],
      trainer: Trainer = new Trainer((message) => answers.push(message), shelf);
    const send = async (...messages: ToWorker[]) => {
      for (const message of messages) await trainer.receive(message);
    };
    return { answers, trainer, send };
  };
  return { open, content: () => content, put: (bytes?: Uint8Array<ArrayBuffer>) => content = bytes };
}

const own: ToWorker = { kind: "text", text: story(100) };
const small = { modelDim: 16, contextLength: 16, batchSize: 2, steps: 30 };

/** What a page shows of a run, without its speed. */
const shown = (answers: readonly FromWorker[]) => ({
  losses: answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []),
  validated: answers.filter(({ kind }) => kind === "validated"),
  samples: answers.filter(({ kind }) => kind === "sample"),
});

for (const device of ["cpu", "wasm"] as const) {
  for (const preset of ["short-text", "roberta-short"] as const) {
    Deno.test(`a run that is paused, closed and taken up equals an uninterrupted one, ${preset} on ${device}`, async () => {
      const begin: ToWorker = { kind: "begin", choices: { ...choicesOf(preset), ...small } };
      const whole = pages().open();
      await whole.send({ kind: "device", device }, own, begin);
      const { open } = pages(), first = open();
      await first.send({ kind: "find" }, { kind: "device", device }, own);
      const training = first.trainer.receive(begin);
      first.trainer.receive({ kind: "pause" });
      await training;
      while (shown(first.answers).losses.length < 13) await first.send({ kind: "step" });
      const second = open();
      await second.send({ kind: "find" });
      const { length } = shown(first.answers).losses;
      assertEquals(second.answers, [{ kind: "found", own: true, step: length, steps: 30 }]);
      await second.send({ kind: "restore" });
      assertEquals(shown(second.answers), shown(first.answers));
      const state = second.answers.findLast(({ kind }) => kind === "state");
      assertEquals(state, { kind: "state", state: "paused" });
      await second.send({ kind: "run" });
      assertEquals(shown(second.answers), shown(whole.answers));
      await whole.send({ kind: "pack" });
      await second.send({ kind: "pack" });
      const [a, b] = [whole, second].map(({ answers }) => answers.findLast(({ kind }) => kind === "packed"));
      assert(a?.kind === "packed" && b?.kind === "packed");
      assertEquals([b.name, b.commands], [a.name, a.commands]);
    });
  }
}

Deno.test("a learning rate that is changed while a run is paused is kept, with the steps it holds from", async () => {
  const { open } = pages(),
    first = open(),
    begin: ToWorker = {
      kind: "begin",
      choices: { ...choicesOf("short-text"), ...small },
    };
  await first.send({ kind: "device", device: "cpu" }, own);
  const training = first.trainer.receive(begin);
  first.trainer.receive({ kind: "pause" });
  await training;
  const step = shown(first.answers).losses.length + 1;
  for (const learningRate of [0.5, 0.001]) await first.send({ kind: "rate", learningRate });
  await first.send({ kind: "step" }, { kind: "rate", learningRate: 0.002 });
  const ratesOf = (answers: readonly FromWorker[]) => answers.findLast(({ kind }) => kind === "rate");
  const rates = [{ step: 1, learningRate: begin.choices.learningRate }, { step, learningRate: 0.001 }, {
    step: step + 1,
    learningRate: 0.002,
  }];
  assertEquals(ratesOf(first.answers), { kind: "rate", rates });
  const second = open();
  await second.send({ kind: "restore" });
  assertEquals(ratesOf(second.answers), { kind: "rate", rates });
  for (const page of [first, second]) await page.send({ kind: "run" });
  assertEquals(shown(second.answers), shown(first.answers));
});

Deno.test("a reset keeps nothing, and what cannot be read is not offered", async () => {
  const { open, content, put } = pages(), first = open();
  await first.send({ kind: "device", device: "cpu" }, own, {
    kind: "begin",
    choices: { ...choicesOf("short-text"), ...small, steps: 3 },
  });
  const kept = content()!;
  assertEquals(decodeRun(kept)?.step, 3);
  await first.send({ kind: "reset" });
  assertEquals(content(), undefined);
  for (
    const damaged of [undefined, new Uint8Array(0), kept.slice(0, 50), Uint8Array.of(255, 255, 255, 255)]
  ) {
    put(damaged);
    const page = open();
    await page.send({ kind: "find" });
    assertEquals(page.answers, []);
  }
  put(kept.slice(0, -4));
  const page = open();
  await page.send({ kind: "restore" });
  const failed = page.answers.find(({ kind }) => kind === "failed");
  assertMatch(
    failed?.kind === "failed" ? failed.message : "",
    /^The run that was kept is damaged: begin a new one$/,
  );
  assertEquals(page.answers.at(-1), failed); // after the state, with which the page takes an error away
});

Deno.test("a run that was never kept leaves the one that is", async () => {
  const { open, content } = pages(),
    begin: ToWorker = {
      kind: "begin",
      choices: { ...choicesOf("short-text"), ...small, steps: 3 },
    };
  const first = open();
  await first.send({ kind: "device", device: "cpu" }, own, begin, { kind: "pack" });
  const packed = first.answers.findLast(({ kind }) => kind === "packed") as FromWorker & { kind: "packed" };
  const kept = content(), files = [{ path: "text.zip", blob: packed.zip }];
  const second = open();
  await second.send({ kind: "device", device: "cpu" }, { kind: "open", files }, { kind: "reset" });
  assertEquals(content(), kept, "a model was opened and closed");
  const longer = { ...begin, choices: { ...begin.choices, steps: 4 } }, third = pages().open();
  await third.send({ kind: "device", device: "cpu" }, own, begin);
  const part = third.trainer.receive({ ...longer }); // paused at its first step
  third.trainer.receive({ kind: "pause" });
  await part;
  await third.send({ kind: "pack" });
  const begun = third.answers.findLast(({ kind }) => kind === "packed") as FromWorker & { kind: "packed" };
  const run: ToWorker = { kind: "open", files: [{ path: "text.zip", blob: begun.zip }] };
  await second.send({ kind: "device", device: "cpu" }, run, { kind: "resume" });
  assertEquals(second.answers.at(-1)?.kind, "surprise");
  await second.send({ kind: "reset" });
  assertEquals(content(), kept, "a run was resumed, and ended before it was trained");
  await first.send(run, { kind: "reset" });
  assertEquals(content(), kept, "a model was opened in place of the run that is shown");
  await second.send({ kind: "device", device: "cpu" }, run, { kind: "resume" }, { kind: "run" });
  assertNotEquals(content(), kept);
  await second.send({ kind: "reset" });
  assertEquals(content(), undefined);
});

Deno.test("a run with slow steps is kept between its validations, too", async () => {
  const steps: number[] = [], { now } = performance, seconds = (count: number) => 1000 * count;
  const trainer = new Trainer(() => {}, {
    read: () => Promise.resolve(undefined),
    write: (bytes) => Promise.resolve(void steps.push(decodeRun(bytes)!.step)),
  });
  await trainer.receive({ kind: "device", device: "cpu" });
  await trainer.receive(own);
  let time = 0;
  performance.now = () => time += seconds(4);
  try {
    await trainer.receive({ kind: "begin", choices: { ...choicesOf("short-text"), ...small, steps: 250 } });
  } finally {
    performance.now = now;
  }
  assert(steps.some((step) => step % 25 > 0), `${steps}`);
});

Deno.test("a run that takes too much room is not kept", async () => {
  const run = { store: { values: { size: 60e6 } }, optimizer: { state: {} } };
  await assertRejects(
    () => encodeRun({ run, corpus: {} } as unknown as Session),
    RangeError,
    "it takes 240 MB, and at most 200 MB are kept",
  );
});

Deno.test("a run that is kept with settings of another version is not offered", async () => {
  const { open, content } = pages(), page = open();
  await page.send({ kind: "device", device: "cpu" }, own, {
    kind: "begin",
    choices: { ...choicesOf("short-text"), ...small, steps: 3 },
  });
  const bytes = content()!.slice(), text = new TextDecoder("latin1").decode(bytes);
  bytes[text.indexOf("cosine")] = "k".charCodeAt(0);
  assertEquals(decodeRun(bytes), undefined);
});

Deno.test("a run goes on where its state cannot be kept", async () => {
  const refuse = () => Promise.reject(new Error("no room")), answers: FromWorker[] = [];
  const trainer = new Trainer((message) => answers.push(message), { read: refuse, write: refuse });
  await trainer.receive({ kind: "find" });
  await trainer.receive({ kind: "device", device: "cpu" });
  await trainer.receive(own);
  await trainer.receive({ kind: "begin", choices: { ...choicesOf("short-text"), ...small, steps: 30 } });
  const state = answers.findLast(({ kind }) => kind === "state");
  assertEquals(state, { kind: "state", state: "done" });
  assert(answers.filter(({ kind }) => kind === "validated").length > 1);
  const told = answers.filter(({ kind }) => kind === "unkept");
  assertEquals(told, [{ kind: "unkept", reason: "no room" }]);
});
