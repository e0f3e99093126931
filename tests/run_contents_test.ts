import { assertEquals } from "@std/assert";
import { describeContents } from "../commands/runs/run_contents.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { inFolder } from "./_command.ts";

const record = { step: 1, epoch: 0, loss: 1, gradientNorm: 1, learningRate: 1, seconds: 1 };

Deno.test("only files that exist are described", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    assertEquals(await describeContents(run.path), `${cwd}/mine: `);
    await run.log([record]);
    await run.save("last", 1, { "config.json": "{}" });
    assertEquals(
      await describeContents(run.path),
      `${cwd}/mine: last/ (a Hugging Face folder), metrics.jsonl`,
    );
    await run.save("best", 1, { "config.json": "{}" });
    assertEquals(
      await describeContents(run.path),
      `${cwd}/mine: last/ and best/ (Hugging Face folders), metrics.jsonl`,
    );
    for (const number of [1, 2, 3, 10]) {
      await run.save(`epoch-${number}`, number, { "config.json": "{}" });
      const epochs = number < 10
        ? [1, 2, 3].slice(0, number).map((n) => `epoch-${n}/`)
        : ["epoch-1/ … epoch-10/"];
      const names = ["last/", "best/", ...epochs].join(", ").replace(/, (?=[^,]*$)/, " and ");
      assertEquals(
        await describeContents(run.path),
        `${cwd}/mine: ${names} (Hugging Face folders), metrics.jsonl`,
      );
    }
  }));
