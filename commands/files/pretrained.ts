/**
 * The pretrained models that come with Miniformer, so that the commands that use a model work before any training.
 *
 * @module
 */
import { fromFileUrl, relative } from "@std/path";

/** The names of the models: a GPT that writes tales, and a RoBERTa that fills masks in them. */
export type PretrainedName = "tales" | "roberta";

/**
 * The folder of a pretrained model, as a path from the current folder where it is below; undefined where this program is not
 * on the disk but was loaded from a registry.
 */
export function pretrainedFolder(
  name: PretrainedName,
  program: string = import.meta.url,
): string | undefined {
  const url = new URL(`../../pretrained/${name}`, program);
  if (url.protocol !== "file:") return undefined;
  const path = fromFileUrl(url), below = relative(Deno.cwd(), path);
  return below.startsWith("..") ? path : below;
}
