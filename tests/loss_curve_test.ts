import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { lossCurve, type LossRecord } from "../plots/loss_curve.ts";

/** A run whose losses fall as losses do, with a ripple for noise. */
function run(steps: number, every: number): LossRecord[] {
  return Array.from({ length: steps }, (_, i) => {
    const loss = 1.5 + 3 * Math.exp(-8 * i / steps) + 0.05 * Math.sin(i * 1.7);
    return { step: i + 1, loss, ...(i + 1) % every === 0 ? { validationLoss: loss + 0.1 } : {} };
  });
}

/** The corners of the lines of a picture, one list for each line. */
function lines(svg: string): string[][] {
  return [...svg.matchAll(/<path aria-label[^>]* d="(M[^"]*L[^"]*)"[^>]*stroke-width="[12]"/g)]
    .map(([, path]) => path.split(/[ML]/).slice(1));
}

Deno.test("the same records give the same picture", async () => {
  const options = { title: "again", reference: { loss: 1.2, label: "optimal 1.20" } };
  assertEquals(await lossCurve(run(100, 20), options), await lossCurve(run(100, 20), options));
});

Deno.test("a picture names what it shows", async () => {
  const svg = await lossCurve(run(100, 20), {
    title: "Shakespeare & <sons>",
    subtitle: "validation loss 1.62",
    reference: { loss: 1.2, label: "optimal 1.20" },
  });
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  for (
    const text of [
      "Shakespeare &amp; &lt;sons&gt;",
      "validation loss 1.62",
      "optimal 1.20",
      "step",
      "loss (nats per token)",
      "perplexity",
      "training",
      "validation",
      "100",
    ]
  ) assert(texts.includes(text), `${text} is missing from ${texts}`);
  assertStringIncludes(svg, "stroke-dasharray");
});

Deno.test("training is drawn twice, thin as it is and smoothed, validation point by point", async () => {
  const drawn = lines(await lossCurve(run(100, 20), { title: "lines" }));
  assertEquals(drawn.map((corners) => corners.length), [100, 100, 5]);
  const [raw, smoothed] = drawn;
  assert(raw.join() !== smoothed.join());
  assertEquals(smoothed[0], raw[0], "the smoothed line starts where the run did");
});

/** The labels of the axis on the right, and where the axis on the left would put them. */
function perplexities(svg: string): string[] {
  const axis = svg.slice(svg.indexOf("titled 'perplexity'"));
  return [...axis.slice(0, axis.indexOf("</g></g></g>")).matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((
    [, text],
  ) => text);
}

Deno.test("perplexities are on the right, round numbers that fit the range, and only for tokens", async () => {
  const between = async (low: number, high: number) =>
    perplexities(await lossCurve([{ step: 1, loss: high }, { step: 2, loss: low }], { title: "range" }))
      .filter((text) => !["perplexity", "training"].includes(text));
  assertEquals(await between(6.1, 10.8), ["1,000", "3,000", "10,000", "30,000"]);
  assertEquals(await between(0.2, 3.7), ["2", "5", "10", "20"]);
  assertEquals(await between(1.56, 1.605), ["4.8", "4.85", "4.9", "4.95"]);
  assertEquals(await between(0, 20), ["1", "100", "10,000", "1,000,000", "1.0e+8"]);
  assertEquals(await between(2, 2), ["7.389"]);
  assertEquals(await between(1, 800), [], "a run that has diverged");
  const text = await lossCurve(run(100, 20), { title: "texts", unit: "text" });
  assertEquals([perplexities(text), text.includes("perplexity")], [[], false]);
});

Deno.test("a run in epochs is drawn over them, in whole numbers once there are some", async () => {
  const inEpochs = (steps: number) =>
    run(steps, 25).map((record) => ({ ...record, epoch: record.step / 25 }));
  const labels = async (records: LossRecord[]) => {
    const svg = await lossCurve(records, { title: "epochs", unit: "text", axis: "epoch" });
    assertStringIncludes(svg, ">epoch</text>");
    const axis = svg.slice(svg.indexOf("titled 'epoch'"));
    return [...axis.slice(0, axis.indexOf(">epoch<")).matchAll(/<text[^>]*>([\d.]+)<\/text>/g)].map((
      [, text],
    ) => text);
  };
  assertEquals(await labels(inEpochs(100)), ["0", "1", "2", "3", "4"]);
  const beyond = inEpochs(250).map((record) => ({ ...record, epoch: record.epoch * 1.001 }));
  assertEquals((await labels(beyond)).at(-1), "10", "the axis ends with the run");
  assertEquals(await labels(inEpochs(20)), ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]);
  const drawn = lines(await lossCurve(inEpochs(100), { title: "epochs", axis: "epoch" }));
  assertEquals(drawn.map((corners) => corners.length), [100, 100, 4], "the same lines");
});

Deno.test("a long run is thinned to its means and ends where it ended", async () => {
  const flat = Array.from(
    { length: 10_001 },
    (_, i) => ({ step: i, loss: i === 10_000 ? 1 : i % 2 === 0 ? 2 : 4 }),
  );
  const svg = await lossCurve(flat, { title: "long" });
  const [raw] = lines(svg).map((corners) => corners.map((corner) => corner.split(",").map(Number)));
  assert(raw.length <= 801 && raw.length > 600, `${raw.length} corners`);
  assertEquals(raw[raw.length - 1], [640, 360]);
  assert(svg.length < 100_000, `${svg.length} characters`);
});

Deno.test("what is not finite is left out, and one point is still a picture", async () => {
  const svg = await lossCurve([{ step: 1, loss: NaN }, { step: 2, loss: 2 }, { step: 3, loss: Infinity }], {
    title: "one",
  });
  assert(!/NaN|Infinity|undefined/.test(svg));
  assertStringIncludes(svg, "A3,3", "the single point is drawn as a circle");
});

Deno.test("nothing to draw is an error", async () => {
  await assertRejects(
    () => lossCurve([{ step: 1 }, { step: 2, loss: NaN }], { title: "none" }),
    RangeError,
    "Cannot draw a loss curve: none of the 2 records has a finite loss",
  );
});

Deno.test("drawing needs no permission", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-"],
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const program = `import { lossCurve } from "./plots/loss_curve.ts";
    console.log(await lossCurve([{ step: 1, loss: 2 }, { step: 2, loss: 1 }], { title: "narrow" }));`;
  await ReadableStream.from([new TextEncoder().encode(program)]).pipeTo(child.stdin);
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  assertStringIncludes(new TextDecoder().decode(stdout), "narrow</text>");
});

Deno.test("validation losses without number are drawn, too", async () => {
  const records = Array.from({ length: 150_000 }, (_, step) => ({ step, validationLoss: 2 }));
  const svg = await lossCurve(records, { title: "long", reference: { loss: 1, label: "optimal" } });
  assert(svg.length < 200_000, String(svg.length));
});
