import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
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
