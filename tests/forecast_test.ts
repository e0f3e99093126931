import { assert, assertEquals } from "@std/assert";
import { type Ahead, describeForecast, forecastRun, roughDuration } from "../commands/cost/forecast.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";

/** Forecasts a run on a device of 10 GFLOP/s, whose rehearsals take some seconds, the last of them for all that follow. */
async function forecast(changes: Partial<Ahead>, seconds: readonly number[] = [1]) {
  const seen = { rehearsals: 0, products: 0 };
  let time = 0;
  const ahead: Ahead = {
    ...{ backend: new CpuBackend(), steps: 1000, flops: 1e8, validations: 0, stepsPerValidation: 10 },
    rehearse: () => {
      time += 1000 * (seconds[seen.rehearsals] ?? seconds.at(-1)!);
      seen.rehearsals++;
      return Promise.resolve();
    },
    ...changes,
  };
  const products = () => Promise.resolve((seen.products++, 1e10));
  const found = await forecastRun(ahead, { now: () => time, products });
  return { ...found, ...seen, text: describeForecast(found, ahead) };
}

Deno.test("a short step is rehearsed: compiling and noise do not count, and it takes less than a second", async () => {
  const { stepSeconds, seconds, rehearsals, rehearsed } = await forecast({}, [
    5,
    0.06,
    0.05,
    0.09,
    0.04,
    0.05,
  ]);
  assertEquals([stepSeconds, seconds, rehearsed, rehearsals], [0.05, 50, true, 9]);
  assertEquals((await forecast({}, [1, 0.6, 0.2])).stepSeconds, 0.6);
  assertEquals((await forecast({}, [1, 0.3, 0.2])).stepSeconds, 0.2);
  assertEquals((await forecast({}, [1, 0.2])).rehearsals, 1 + 3);
  assertEquals((await forecast({}, [1, 2])).rehearsals, 1 + 1);
});

Deno.test("validations count by what they compute", async () => {
  const { seconds, text } = await forecast({ validations: 20 }, [1, 0.25]);
  assertEquals(seconds, 0.25 * (1000 + 20 * 10));
  assertEquals(text, "about 5 min: 1000 steps of 250 ms, 20 validations");
});

Deno.test("a long step is not rehearsed: half the speed of products is what models reach, on WebAssembly three quarters", async () => {
  const long = await forecast({ flops: 180e9, steps: 2000 });
  assertEquals([long.stepSeconds, long.rehearsed, long.rehearsals], [36, false, 0]);
  assertEquals(long.text, "about 20 h: 2000 steps of 36 s");
  const wasm = await WasmBackend.open({ threads: 1 });
  assertEquals((await forecast({ flops: 180e9, steps: 2000, backend: wasm })).stepSeconds, 24);
  wasm.close();
  // a step of two seconds is rehearsed where the run has many of them
  assertEquals((await forecast({ flops: 1e10, steps: 200 }, [3, 1.5])).stepSeconds, 1.5);
  assertEquals((await forecast({ flops: 1e10, steps: 5 }, [3, 1.5])).rehearsals, 0);
});

Deno.test("products are measured once, and not for a run of seconds", async () => {
  for (const [steps, measured] of [[10, 0], [1000, 1]]) {
    const { products, productSpeed } = await forecast({ steps }, [1, 0.1]);
    assertEquals([products, productSpeed], [measured, measured === 0 ? undefined : 1e10]);
  }
  assertEquals((await forecast({ flops: 3e9, steps: 1000 }, [1, 0.1])).products, 1);
});

Deno.test("a run at its end takes no time", async () => {
  const { seconds, rehearsals } = await forecast({ steps: 0 });
  assertEquals([seconds, rehearsals], [0, 0]);
});

Deno.test("durations are as rough as the forecast, and steps have two digits", async () => {
  assertEquals(
    [0, 7.4, 12, 57, 58, 150, 5300, 5400, 12_000, 36_000, 170_000, 200_000, 1e8].map(roughDuration),
    [
      "1 s",
      "7 s",
      "10 s",
      "55 s",
      "1 min",
      "3 min",
      "88 min",
      "1.5 h",
      "3.5 h",
      "10 h",
      "47 h",
      "2 days",
      "1157 days",
    ],
  );
  const step = async (seconds: number) =>
    (await forecast({ steps: 1 }, [1, seconds])).text.match(/of (.*)/)![1];
  assertEquals(
    [await step(0.00234), await step(0.123), await step(0.999), await step(12.34)],
    ["2.3 ms", "120 ms", "1 s", "12 s"],
  );
});

Deno.test("the forecast of a real run has all that is said of it", async () => {
  const ahead = { backend: new CpuBackend(), steps: 3, flops: 1, validations: 1, stepsPerValidation: 1 };
  const found = await forecastRun({
    ...ahead,
    rehearse: () => new Promise((resolve) => setTimeout(resolve, 5)),
  });
  assert(found.stepSeconds >= 0.004 && found.stepSeconds < 1, `${found.stepSeconds}`);
});
