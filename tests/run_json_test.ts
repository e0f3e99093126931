import { assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { writeRunJson } from "../commands/runs/run_json.ts";
import type { RunState } from "../commands/runs/run_state.ts";
import { inFolder } from "./_command.ts";

const state = {
  command: "train",
  settings: { batchSize: 2, contextLength: 8, accumulation: 3 },
  backend: { name: "cpu", device: "CPU reference" },
} as RunState;

Deno.test("run.json holds the settings, and for each session where it began and ended, and its speed", () =>
  inFolder(async (folder) => {
    const config = { steps: 9 }, path = `${folder}/run.json`;
    const read = async () => JSON.parse(await Deno.readTextFile(path));
    const sizes = { parameters: 99, optimalLoss: 0.5, sequences: { training: 7, validation: 2, length: 8 } };
    const finish = await writeRunJson(folder, state, { config, step: 0, ...sizes });
    const begun = await read();
    assertEquals([begun.parameters, begun.optimalLoss, begun.sessions[0].lastStep], [99, 0.5, undefined]);
    assertEquals(begun.sequences, sizes.sequences);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await finish(5, { tokensPerSecond: 480 });
    await writeRunJson(folder, state, { config, step: 5 });
    const { command, settings, sessions: [first, second, ...more] } = await read();
    assertEquals([command, settings, more], ["train", config, []]);
    assertEquals([first.firstStep, first.lastStep, second.firstStep, second.lastStep], [0, 5, 5, undefined]);
    assertEquals([first.miniformer, first.deno], [denoJson.version, Deno.version.deno]);
    assertEquals([first.tokensPerSecond, first.seconds >= 0.02, first.seconds < 60], [480, true, true]);
    // what went on in another program since is a session of its own, once
    for (let start = 0; start < 2; start++) {
      await writeRunJson(folder, state, { config, step: 8, elsewhere: { device: "PyTorch" } });
    }
    const { sessions } = await read();
    assertEquals(
      sessions.map((
        { firstStep, lastStep }: { firstStep: number; lastStep?: number },
      ) => [firstStep, lastStep]),
      [[0, 5], [5, undefined], [5, 8], [8, undefined], [8, undefined]],
    );
    assertEquals(Object.keys(sessions[2]), ["device", "firstStep", "lastStep"]);
    // a new run has no sessions before, and those of a damaged file are given up
    await writeRunJson(folder, state, { config, step: 0 });
    assertEquals((await read()).sessions.length, 1);
    for (const text of ["{", '{"sessions":5}', "null"]) {
      await Deno.writeTextFile(path, text);
      await writeRunJson(folder, state, { config, step: 5 });
      assertEquals((await read()).sessions.length, 1, text);
    }
  }));
