import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { addToEpoch, isBetter, isTooLittleToChoose, languageState } from "../checkpoints/runs/run_state.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { commandOf, describeResumption, type ResumedRun, type RunState } from "../commands/runs/run_state.ts";

Deno.test("a run is resumed by the command that trained it, and by no other that its state may name", () => {
  assertEquals([{}, { command: "finetune" }].map(commandOf), ["train", "finetune"]);
  assertThrows(
    () => commandOf({ command: "rm" }),
    TypeError,
    'command is "rm", expected "train" or "finetune"',
  );
});

Deno.test("a resumed run says what differs from the one before", () => {
  const backend = { name: "webgpu", device: "a GPU" },
    before = { settings: { steps: 9 }, backend } as RunState;
  const resumed = { path: "runs/mine/last", step: 5, state: before } as ResumedRun;
  assertEquals(describeResumption(resumed, before), "Resuming runs/mine/last at step 5.");
  const now = { settings: { steps: 20 }, backend: { ...backend, device: "another" } } as RunState;
  const lines = describeResumption(resumed, now).split("\n");
  assertEquals(lines.length, 3);
  assertStringIncludes(lines[1], "now scheduled for 20 steps, not 9");
  assertStringIncludes(lines[2], "It ran on a GPU before");
});

Deno.test("a run on WebAssembly goes on with the same bits on another number of threads", () => {
  const before = { settings: { steps: 9 }, backend: { name: "wasm", device: "WebAssembly, 2 threads" } };
  const now = { ...before, backend: { name: "wasm", device: "WebAssembly, 8 threads" } };
  const resumed = { path: "runs/mine/last", step: 5, state: before } as ResumedRun;
  assertEquals(describeResumption(resumed, now as RunState), "Resuming runs/mine/last at step 5.");
  const cpu = { ...before, backend: { name: "cpu", device: "CPU" } };
  assertStringIncludes(
    describeResumption(resumed, cpu as RunState),
    "It ran on WebAssembly, 2 threads before",
  );
});

Deno.test("the state of a language model names its tokenizer, and prefers its end where there is little to validate", () => {
  const tokenizer = CharTokenizer.fromText("abc"), settings = { steps: 5 }, source = { data: [] };
  const stateOf = (validationTokens: number) =>
    JSON.stringify(languageState({ settings, source, textFingerprint: "1", tokenizer, validationTokens }));
  const start =
    `{"command":"train","settings":{"steps":5},"source":{"data":[]},"textFingerprint":"1","tokenizerFingerprint":"${tokenizer.fingerprint}"`;
  assertEquals([stateOf(500), stateOf(499)], [`${start}}`, `${start},"prefer":"last"}`]);
  assertEquals([499, 500].map(isTooLittleToChoose), [true, false]);
});

Deno.test("scores are better with a higher accuracy, and for the same accuracy with a lower loss", () => {
  const best = { step: 1, validationLoss: 2, accuracy: 0.5 };
  assertEquals(isBetter({ validationLoss: 9 }, undefined), true);
  assertEquals(isBetter({ validationLoss: 9, accuracy: 0.6 }, best), true);
  assertEquals(isBetter({ validationLoss: 1, accuracy: 0.4 }, best), false);
  assertEquals([1.9, 2].map((validationLoss) => isBetter({ validationLoss, accuracy: 0.5 }, best)), [
    true,
    false,
  ]);
  assertEquals(isBetter({ validationLoss: 1.9 }, { validationLoss: 2 }), true);
});

Deno.test("the losses of an epoch are added up from its first step, of which an epoch need not have a whole number", () => {
  let sums = addToEpoch(undefined, { step: 1, loss: 1 }, 2.5);
  const counts = [sums.steps];
  for (const step of [2, 3, 4, 5, 6]) counts.push((sums = addToEpoch(sums, { step, loss: 1 }, 2.5)).steps);
  assertEquals(counts, [1, 2, 3, 1, 2, 1]);
  assertEquals(sums.sum, 1);
});
