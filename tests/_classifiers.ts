/** What the tests of all classifiers have in common. */

import { assertEquals, assertNotEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { initialize } from "../core/module.ts";
import type { ModelsByKind } from "../models/families.ts";

/** A text of four tokens and one of two, padded to four. */
export const texts: readonly number[] = [0, 5, 9, 2, 0, 2, 1, 1], shape = [2, 4];

/** The lengths of these texts without padding. */
export const lengths = Uint32Array.of(4, 2);

/** Asserts that the logits of a text depend on each of its tokens, and on nothing else. */
export async function assertReadsOneText(backend: Backend, model: ModelsByKind["classifier"]): Promise<void> {
  initialize(backend, model, 1);
  const classes = model.config.labels.length;
  const classify = async (ids: readonly number[]) =>
    Array.from(
      await backend.read(model.forward(backend.from(Uint32Array.from(ids), shape), backend.from(lengths))),
    );
  const before = await classify(texts);
  assertEquals(await classify(texts.with(6, 7).with(7, 3)), before, "other padding");
  for (const index of [0, 1, 2, 3]) {
    const after = await classify(texts.with(index, 11));
    assertNotEquals(after.slice(0, classes), before.slice(0, classes), `token ${index}`);
    assertEquals(after.slice(classes), before.slice(classes), "the other text");
  }
}
