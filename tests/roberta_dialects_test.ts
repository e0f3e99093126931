import { assert, assertEquals } from "@std/assert";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { DIALECTS } from "../checkpoints/hugging_face/roberta_dialects.ts";

const fixture = (path: string) => Deno.readFileSync(new URL(`../fixtures/${path}`, import.meta.url));

for (const [architecture, dialect] of Object.entries(DIALECTS)) {
  const { modelType, classes, headRows, head, classifierRows, pooler, leftover } = dialect;
  const models = [
    [`${architecture}-mini`, classes.masked, headRows],
    [`${architecture}-classifier-mini`, classes.classifier, [...classifierRows, ...pooler ? [pooler] : []]],
  ] as const;
  for (const [name, className, rows] of models) {
    Deno.test(`${architecture}: what transformers wrote in ${name} is named in its dialect`, () => {
      const { model_type, architectures } = JSON.parse(
        new TextDecoder().decode(fixture(`${name}/config.json`)),
      );
      assertEquals([model_type, ...architectures], [modelType, className]);
      const theirs = [...readSafetensors(fixture(`${name}/model.safetensors`)).keys()];
      const named = rows.flatMap(([, layers]) =>
        layers.flatMap((layer) => ["weight", "bias"].map((kind) => `${layer}.${kind}`))
      );
      if (rows === headRows) named.push(head.bias);
      const encoder = new RegExp(`^${modelType}\\.(embeddings|encoder)\\.`);
      const outside = theirs.filter((name) => !encoder.test(name));
      assertEquals(outside.sort(), named.sort());
      assert(named.every((name) => !leftover.test(name)));
    });
  }
}
