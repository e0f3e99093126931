import { assert, assertAlmostEquals, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { choicesOf } from "../page/choices.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { Choices, FromWorker, ToWorker } from "../page/protocol.ts";
import { inFolder, story, succeed, words } from "./_command.ts";

type Answer<Kind extends FromWorker["kind"]> = FromWorker & { kind: Kind };

/** A trainer, what it has answered, and a way to react to an answer. */
function start(react: (message: FromWorker, trainer: Trainer) => void = () => {}) {
  const answers: FromWorker[] = [];
  const trainer: Trainer = new Trainer((message) => {
    answers.push(message);
    react(message, trainer);
  });
  const all = <Kind extends FromWorker["kind"]>(kind: Kind) =>
    answers.filter((answer) => answer.kind === kind) as Answer<Kind>[];
  const send = async (...messages: ToWorker[]) => {
    for (const message of messages) await trainer.receive(message);
  };
  const losses = () => all("progress").flatMap(({ losses }) => losses);
  return { trainer, answers, all, send, losses };
}

const text = story(200);
const small: Choices = {
  ...choicesOf("short-text"),
  modelDim: 16,
  contextLength: 16,
  batchSize: 2,
  steps: 30,
};
const device: ToWorker = { kind: "device", device: "cpu" };
const own: ToWorker = { kind: "text", text };
const begin: ToWorker = { kind: "begin", choices: small };

for (const objective of ["causal", "mlm"] as const) {
  Deno.test(`losses and samples equal those of deno task train bit for bit, ${objective}`, () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, text);
      const line = "train --data story.txt --device wasm --threads 1 --steps 12 --name bits";
      await succeed([...words(line), "--objective", objective], { cwd });
      const records = (await Deno.readTextFile(`${cwd}/runs/bits/metrics.jsonl`)).trim().split("\n").map((
        line,
      ) => JSON.parse(line));
      const choices = { ...choicesOf(objective === "mlm" ? "roberta-short" : "short-text"), steps: 12 };
      const { send, losses, all } = start();
      await send({ kind: "device", device: "wasm" }, own, { kind: "begin", choices });
      assertEquals(losses(), records.map(({ step, loss }) => ({ step, loss })));
      const validations = records.flatMap(({ step, validationLoss: loss }) =>
        loss === undefined ? [] : [{ kind: "validated", step, loss }]
      );
      assertEquals(all("validated"), validations as Answer<"validated">[]);
      const samples = await Deno.readTextFile(`${cwd}/runs/bits/samples.txt`);
      assert(samples.includes(all("sample").at(-1)!.text), samples);
      await send({ kind: "reset" });
    }));
}

Deno.test("the default run is that of deno task train", () =>
  inFolder(async (cwd) => {
    await succeed(words("train --device wasm --steps 3 --name bits"), { cwd });
    const lines = (await Deno.readTextFile(`${cwd}/runs/bits/metrics.jsonl`)).trim().split("\n");
    const records = lines.map((line) => JSON.parse(line)), { send, losses, all } = start();
    const choices = { ...choicesOf("tiny"), steps: 3 };
    await send({ kind: "text", text: null }, { kind: "device", device: "wasm" }, { kind: "begin", choices });
    assertEquals(losses(), records.map(({ step, loss }) => ({ step, loss })));
    assertEquals(
      all("validated").map(({ loss }) => loss),
      records.map(({ validationLoss }) => validationLoss),
    );
    const [{ references }] = all("began");
    assertEquals(references.map(({ name, loss }) => `${name} ${loss.toFixed(3)}`), [
      "uniform 3.912",
      "unigram 3.120",
      "optimal 0.080",
    ]);
    await send({ kind: "reset" });
  }));

Deno.test("a run that is paused, stepped and continued equals an uninterrupted one", async () => {
  const whole = start();
  await whole.send(device, own, begin);
  assertEquals(whole.all("state").map(({ state }) => state), ["preparing", "training", "done"]);
  assertEquals(whole.losses().map(({ step }) => step), Array.from({ length: 30 }, (_, index) => index + 1));

  let paused = false;
  const broken = start((message, trainer) => {
    if (message.kind !== "progress" || paused) return;
    paused = true;
    trainer.receive({ kind: "pause" });
  });
  await broken.send(device, own, begin);
  assertEquals(broken.all("state").at(-1)!.state, "paused");
  const before = broken.losses().length;
  assert(before < 30);
  await broken.send({ kind: "step" }, { kind: "generate", prompt: "the ", temperature: 1, seed: 1 });
  assertEquals(broken.losses().length, before + 1);
  await broken.send({ kind: "run" });
  assertEquals(broken.losses(), whole.losses());
  assertEquals(broken.all("sample"), whole.all("sample"));
  assertEquals(broken.all("validated"), whole.all("validated"));
});

Deno.test("a learning rate that is changed while a run trains holds from the next step on", async () => {
  const whole = start(), change: ToWorker = { kind: "rate", learningRate: 0.001 };
  await whole.send(change, device, own, begin);
  assertEquals(whole.all("rate"), []); // there was no run yet
  let asked = false;
  const changed = start((message, trainer) => {
    if (message.kind !== "progress" || asked || message.losses.at(-1)!.step < 8) return;
    asked = true;
    trainer.receive(change);
  });
  await changed.send(device, own, begin);
  const [{ rates: [first, { step, learningRate }] }] = changed.all("rate");
  assertEquals([first, learningRate], [{ step: 1, learningRate: small.learningRate }, 0.001]);
  assert(step > 8 && step < 30, `${step}`);
  const lossesOf = ({ losses }: typeof whole) => losses().map(({ loss }) => loss);
  assertEquals(lossesOf(changed).slice(0, step), lossesOf(whole).slice(0, step)); // of step, before its update
  for (let index = step; index < 30; index++) {
    assertNotEquals(lossesOf(changed)[index], lossesOf(whole)[index]);
  }
  const rateAt = ({ all }: typeof whole, step: number) =>
    all("progress").find(({ losses }) => losses.at(-1)!.step === step)!.learningRate;
  assertAlmostEquals(rateAt(changed, 30) / rateAt(whole, 30), 0.001 / small.learningRate);

  await changed.send({ kind: "rate", learningRate: NaN }, { kind: "rate", learningRate: 2 });
  assertEquals(changed.all("failed").map(({ at, message }) => [at, message]), [
    ["rate", "Learning rate is empty: enter a number from 0.000001 to 1"],
    ["rate", "Learning rate is 2: enter a number from 0.000001 to 1"],
  ]);
  assertEquals(changed.all("rate").length, 1);
});

Deno.test("generated text continues the prompt, the same for the same seed, and stops when asked", async () => {
  const { send, all, answers, trainer } = start();
  await send(device, own, begin);
  const generate = (seed: number): ToWorker => ({ kind: "generate", prompt: "the ", temperature: 0.8, seed });
  const textOf = async (message: ToWorker) => {
    const before = all("generated").length;
    await trainer.receive(message);
    return all("generated").slice(before).map(({ piece }) => piece).join("");
  };
  const first = await textOf(generate(1));
  assertEquals(first.length, 400);
  assertEquals(await textOf(generate(1)), first);
  assert(await textOf(generate(2)) !== first);
  const rest = textOf(generate(1));
  setTimeout(() => trainer.receive({ kind: "pause" }));
  assert((await rest).length < 400);
  await send({ ...generate(1), prompt: "Ω" } as ToWorker);
  assertMatch(all("failed")[0].message, /Ω/);
  assertEquals(answers.at(-2), { kind: "state", state: "done" });
});

Deno.test("a masked model fills masks, and says so where there are none", async () => {
  const { send, all } = start(), choices = { ...choicesOf("roberta-short"), modelDim: 16, steps: 5 };
  await send(device, own, { kind: "begin", choices });
  await send({ kind: "generate", prompt: "the <mask>at", temperature: 1, seed: 1 });
  assertMatch(all("generated")[0].piece, /^the .at$/s);
  await send({ kind: "generate", prompt: "the cat", temperature: 1, seed: 1 });
  assertEquals(all("failed").map(({ message }) => message), [
    "The text has no <mask>: write <mask> where something is missing",
  ]);
});

Deno.test("plans count parameters, shorten the context and refuse what does not fit", async () => {
  const { send, all } = start();
  await send({ kind: "plan", choices: small });
  assertEquals(all("planned"), []); // no text yet
  await send(own, { kind: "plan", choices: small }, begin);
  const [{ plan }] = all("planned");
  assertEquals([plan.characters, plan.notes], [text.length, []]);
  assertEquals(all("began")[0].plan, plan);
  await send({ kind: "reset" }, { kind: "text", text: text.slice(0, 500) });
  await send({ kind: "plan", choices: { ...small, contextLength: 1000 } });
  const { choices, notes } = all("planned").at(-1)!.plan;
  assertEquals([choices.contextLength, notes], [224, [
    "Context 224 instead of 1000: half of the 450 training tokens",
  ]]);
  await send({
    kind: "plan",
    choices: { ...small, modelDim: 1024, layers: 24, contextLength: 200, batchSize: 256 },
  });
  assertMatch(
    all("failed").at(-1)!.message,
    /^This takes about \d+\.\d GB of memory, a page has at most 3: enter a smaller/,
  );
});

Deno.test("a text that is too short fails, and the next one is accepted", async () => {
  const { send, all } = start();
  await send({ kind: "text", text: "short" }, { kind: "plan", choices: small });
  assertEquals(all("failed").map(({ at }) => at), ["text"]);
  assertEquals(all("planned"), []);
  await send(begin);
  assertMatch(all("failed").at(-1)!.message, /^There is no text to train on: /);
  assertEquals(all("state").at(-1)!.state, "idle");
  await send(own, { kind: "plan", choices: small });
  assertEquals(all("planned").length, 1);
});

Deno.test("after a reset another run begins as if it were the first", async () => {
  const { send, losses, all } = start();
  await send(device, own, begin, { kind: "reset" }, device, begin);
  assertEquals(losses().slice(0, 30), losses().slice(30));
  assertEquals(all("state").map(({ state }) => state), [
    "preparing",
    "training",
    "done",
    "idle",
    "preparing",
    "training",
    "done",
  ]);
  const count = losses().length;
  await send({ kind: "run" }, { kind: "reset" }, { kind: "run" }, { kind: "step" });
  assertEquals(losses().length, count);
});
