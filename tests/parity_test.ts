import { assertEquals } from "@std/assert";
import { probeParity } from "../commands/doctor/parity.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import type { Tensor } from "../core/tensor.ts";

/** A device that is wrong by a factor in one number of what is read from it. */
class Crooked extends CpuBackend {
  constructor(readonly factor: number) {
    super();
  }

  override async read(tensor: Tensor): ReturnType<CpuBackend["read"]> {
    const data = await super.read(tensor);
    let largest = 0;
    for (let at = 0; at < data.length; at++) if (Math.abs(data[at]) > Math.abs(data[largest])) largest = at;
    data[largest] *= this.factor;
    return data;
  }
}

for (
  const [factor, equal] of [[1, true], [1 + 1e-5, true], [1.001, false], [NaN, false], [0, false]] as const
) {
  Deno.test(`a device that is wrong by a factor of ${factor} is called ${equal ? "right" : "wrong"}`, async () => {
    const parity = await probeParity(new Crooked(factor));
    assertEquals(parity.map((operation) => operation.equal), parity.map(() => equal));
  });
}
