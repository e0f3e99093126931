import { assert, assertEquals } from "@std/assert";
import { loadConfig, loadModel } from "../checkpoints/checkpoint.ts";
import { writeSafetensors } from "../checkpoints/safetensors.ts";
import { ALLOWED, type Case, computed, differenceOf, drawnValues } from "./folders/loaded.ts";

/** A case of a fixture: its weights are drawn from the names of the tensors. */
interface FixedCase extends Case {
  readonly config: Record<string, unknown>;
  readonly tensors: Readonly<Record<string, number[]>>;
}

for (const family of ["openai-gpt", "gpt2", "roberta", "bert"]) {
  const url = new URL(`../fixtures/folders/${family}.json`, import.meta.url);
  const { cases }: { cases: FixedCase[] } = JSON.parse(Deno.readTextFileSync(url));

  Deno.test(`${cases.length} folders of ${family} have the outputs of transformers, also when they are saved again`, async () => {
    for (const [number, drawn] of cases.entries()) {
      const arrays = Object.entries(drawn.tensors).map(([name, shape]) => {
        return { name, shape, data: drawnValues(name, shape.reduce((size, length) => size * length, 1)) };
      });
      const files = {
        "config.json": JSON.stringify(drawn.config),
        "model.safetensors": writeSafetensors(arrays),
      };
      const { outputs, again } = await computed(files, drawn), difference = differenceOf(outputs, drawn);
      assert(difference <= ALLOWED, `${drawn.class} ${number} differs by ${difference}`);
      assertEquals((await computed(again, drawn)).outputs, outputs, `${drawn.class} ${number}`);
      assertEquals(loadConfig(again), loadModel(files).config);
    }
  });
}
