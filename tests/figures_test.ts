import { assertEquals, assertMatch } from "@std/assert";
import { compareFigures, formatFigure, formatKernels } from "../bench/gpu/figures.ts";

Deno.test("a figure is a line", () => {
  const product = { name: "matmul 1024 A·B", ms: 1.25, gflops: 1717.98, share: 0.0256 };
  assertEquals(
    formatFigure(product),
    "  matmul 1024 A·B                          1.250 ms     1718 GFLOP/s   2.6 % of the device",
  );
  const peer = {
    name: "train T",
    ms: 12.34,
    bytes: 5e6,
    batchSize: 16,
    engine: "PyTorch 2",
    mode: "eager",
  } as const;
  assertMatch(formatFigure(peer), /^ {2}train T +12\.3 ms +5 MB {2}batch 16 {2}PyTorch 2, eager$/);
});

Deno.test("an adapter says whether its rate is known", () => {
  const adapter = { device: "NVIDIA H200", class: "hardware", vendor: "", features: ["b", "c"] };
  const text = formatFigure({ name: "adapter", adapter: { ...adapter, teraflops: 67 } });
  assertMatch(
    text,
    /^ {2}device +NVIDIA H200\n {2}class +hardware\n {2}subgroups +not used\n {2}rate +67 TFLOP\/s .*\n {2}features +b, c$/,
  );
  const used = formatFigure({ name: "adapter", adapter: { ...adapter, subgroupSize: 32 } });
  assertMatch(used, /subgroups +of 32 lanes, used by reductions/);
  assertMatch(formatFigure({ name: "adapter", adapter }), /rate +not listed: .*--peak/);
});

Deno.test("kernels below a hundredth of a step share a row", () => {
  const kernels = [{ name: "matmul", runs: 4, ms: 90 }, { name: "gelu", runs: 2, ms: 9 }];
  const small = [{ name: "fill", runs: 3, ms: 0.5 }, { name: "copy", runs: 2, ms: 0.5 }];
  assertEquals(formatKernels([...kernels, ...small]).split("\n").slice(2), [
    "| matmul          |    4 |           90.000 |  90.0 % |",
    "| gelu            |    2 |            9.000 |   9.0 % |",
    "| 2 others        |    5 |            1.000 |   1.0 % |",
    "| **all kernels** |   11 |          100.000 | 100.0 % |",
  ]);
});

Deno.test("figures of one name are compared where the results agree", () => {
  const ours = [{ name: "train S", ms: 5, values: [4.2, 3.7, 3.3] }, { name: "adapter" }];
  const theirs = { name: "train S", ms: 10, engine: "PyTorch 2", mode: "eager" } as const;
  const row = (values: number[]) => compareFigures(ours, [{ ...theirs, values }])!.split("\n")[2];
  assertEquals(row([4.2001, 3.7, 3.3]), "| train S | PyTorch 2, eager |    5.000 |     10.000 |   0.50 × |");
  assertMatch(row([4.2, 3.7, 3.4]), /not comparable: 4\.2, 3\.7, 3\.3 here, 4\.2, 3\.7, 3\.4 there/);
  assertMatch(row([]), /not comparable/);
  assertEquals(compareFigures(ours, [{ ...theirs, name: "train T", values: [1] }]), undefined);
});
