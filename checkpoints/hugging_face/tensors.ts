/**
 * Our tensors and theirs: the parameters of a model from the tensors of a Hugging Face file, and back. What each family
 * calls them is in `formats.ts`.
 *
 * @module
 */

import type { Shape } from "../../core/backend.ts";
import { shortened } from "../../core/quoted.ts";
import { formatShape } from "../../core/tensor.ts";
import type { ModelConfig } from "../../models/families.ts";
import { formatOf, huggingFaceTensors } from "./formats.ts";
import type { Format, HuggingFaceTensor } from "./shared_fields.ts";

/**
 * Finds each parameter of a model among the tensors of a file.
 *
 * @param config The model.
 * @param available Names in the file. Their prefix, such as `transformer.`, may be missing, as in files on the hub.
 * @returns Our name to the tensors under their names in the file; besides the parameters, what the file has for a model
 * that is made from this one.
 * @throws {TypeError} If a tensor is missing, or one is left over.
 */
export function matchTensors(
  config: ModelConfig,
  available: Iterable<string>,
): Map<string, HuggingFaceTensor> {
  const all = [...available], left = new Set(all), matched = new Map<string, HuggingFaceTensor>();
  const format = formatOf(config), { head } = format.headOf(config);
  for (const [ours, { names, transposed, preferred }] of huggingFaceTensors(config)) {
    const found = names.map((name) => {
      const known = [...preferred === undefined ? [] : [preferred], ...namesOf(format, name)];
      const there = known.find((name) => left.has(name));
      if (there === undefined) throw new TypeError(`tensor ${name} is missing${layerMismatch(config, all)}`);
      for (const other of preferred === undefined ? [there] : known) left.delete(other);
      return there;
    });
    matched.set(ours, { names: found, transposed });
  }
  for (const [ours, { names: [name], transposed }] of format.spareTensors?.(config) ?? []) {
    const there = namesOf(format, name).find((name) => left.delete(name));
    if (there !== undefined) matched.set(ours, { names: [there], transposed });
  }
  // the file of an encoder alone may have a language head, whose tensors begin as its weight does
  const isHeadless = "headless" in config && config.headless;
  const unknown = [...left].find((name) =>
    !format.leftover.test(name) && !(isHeadless && name.startsWith(head.slice(0, head.indexOf(".") + 1)))
  );
  if (unknown !== undefined) {
    throw new TypeError(
      `tensor ${shortened(unknown)} belongs to no part of the model${layerMismatch(config, all)}`,
    );
  }
  return matched;
}

/**
 * Selects the tensors that the parameters are made from. Others, such as the causal masks of old files, are left out.
 *
 * @param config The model.
 * @param tensors The tensors of the file, or their entries in its header, by name.
 * @returns Those that {@linkcode importTensors} reads.
 * @throws {TypeError} If a tensor is missing, or one belongs to no part of the model.
 */
export function usedTensors<Entry>(
  config: ModelConfig,
  tensors: ReadonlyMap<string, Entry>,
): Map<string, Entry> {
  const used = new Set([...matchTensors(config, tensors.keys()).values()].flatMap(({ names }) => names));
  const format = formatOf(config), tokenTypes = foldedTypes(config);
  if (tokenTypes) used.add(tokenTypes.name).add(withoutPrefix(format, tokenTypes.name));
  return new Map([...tensors].filter(([name]) => used.has(name)));
}

/** The names that a tensor may have: files on the hub may lack the prefix, and the oldest have gamma and beta in a norm. */
function namesOf(format: Format<ModelConfig>, name: string): string[] {
  const names = [name, withoutPrefix(format, name)];
  const old = (name: string) =>
    name.replace(/(LayerNorm\.)weight$/, "$1gamma").replace(/(LayerNorm\.)bias$/, "$1beta");
  return [...names, ...names.map(old)];
}

const withoutPrefix = ({ prefix }: Format<ModelConfig>, name: string): string =>
  name.startsWith(prefix) ? name.slice(prefix.length) : name;

/** The table of token types that is part of the positions here: one of a single row. */
const foldedTypes = (config: ModelConfig): Format<ModelConfig>["tokenTypes"] =>
  "tokenTypes" in config && (config.tokenTypes ?? 1) > 1 ? undefined : formatOf(config).tokenTypes;

/** The cause to add to a missing or unknown tensor when the file and config.json differ in the number of blocks. */
function layerMismatch(config: ModelConfig, names: readonly string[]): string {
  const { layers } = config, { layer } = formatOf(config);
  let blocks = 0;
  for (const name of names) blocks = Math.max(blocks, 1 + Number(layer.exec(name)?.[1] ?? -1));
  return blocks === layers ? "" : `: config.json says ${layers} layers, the file has ${blocks}`;
}

/**
 * Corrects whether a language head is tied, as `transformers` does: a file of a tied model that has a head with other
 * numbers than the token embedding is one of an untied model. A classifier has no head, unless it was saved here.
 *
 * @param config What `config.json` says.
 * @param names The names in the file.
 * @param read Reads the numbers of a tensor of the file.
 * @returns The configuration of the model in the file.
 */
export function settleTied<Config extends ModelConfig>(
  config: Config,
  names: { has(name: string): boolean },
  read: (name: string) => Float32Array,
): Config {
  const format = formatOf(config), { head, embedding } = format.headOf(config), there = names.has(head);
  if ("labels" in config) return config.tied === false && !there ? { ...config, tied: true } : config;
  if (config.tied === false || !there || "headless" in config) return config;
  const table = [embedding, withoutPrefix(format, embedding)].find((name) => names.has(name));
  if (table === undefined) return config; // reported as missing
  const one = read(head), other = read(table);
  const isSame = one.length === other.length && one.every((value, index) => Object.is(value, other[index]));
  return isSame ? config : { ...config, tied: false };
}

/**
 * Numbers on the host with their shape.
 *
 * @category Checkpoints
 */
export interface HostTensor {
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** The numbers, row-major. */
  readonly data: Float32Array;
}

/**
 * Visits every element of a parameter of ours and the same element of its parts there, each of which is a stretch of
 * our columns.
 */
function visitParts(
  { shape, data }: HostTensor,
  { names, transposed }: HuggingFaceTensor,
  visit: (here: number, part: number, there: number) => void,
): void {
  const columns = shape.at(-1)!, rows = data.length / columns, width = columns / names.length;
  for (let row = 0, here = 0; row < rows; row++) {
    for (let part = 0; part < names.length; part++) {
      for (let column = 0; column < width; column++, here++) {
        visit(here, part, transposed ? column * rows + row : row * width + column);
      }
    }
  }
}

/** The shape of the parameter that is put together from parts of these shapes. */
function wholeShape({ names, transposed }: HuggingFaceTensor, shapes: readonly Shape[]): number[] {
  const [first] = shapes, different = shapes.findIndex((shape) => String(shape) !== String(first));
  if (different > 0) {
    throw new TypeError(
      `tensor ${names[different]} is ${formatShape(shapes[different])}, ${names[0]} is ${formatShape(first)}`,
    );
  }
  const shape = transposed ? first.toReversed() : [...first];
  if (names.length > 1) shape[shape.length - 1] *= names.length;
  return shape;
}

/**
 * The shapes that the parameters of a model have in a Hugging Face file, from its header alone.
 *
 * @param config The model.
 * @param tensors The tensors of the file, by name.
 * @returns The shapes, by our names.
 * @throws {TypeError} If a tensor is missing, left over, or its parts do not fit together.
 */
export function importShapes(
  config: ModelConfig,
  tensors: ReadonlyMap<string, { readonly shape: Shape }>,
): Map<string, number[]> {
  const shapeOf = (name: string) => tensors.get(name)!.shape;
  return new Map(
    Array.from(
      matchTensors(config, tensors.keys()),
      ([ours, stored]) => [ours, wholeShape(stored, stored.names.map(shapeOf))],
    ),
  );
}

/**
 * The parameters of a model from the tensors of a Hugging Face file.
 *
 * @param config The model.
 * @param tensors The tensors of the file, by name.
 * @returns The parameters, by our names.
 * @throws {TypeError} If a tensor is missing, left over, or its parts do not fit together.
 */
export function importTensors(
  config: ModelConfig,
  tensors: ReadonlyMap<string, HostTensor>,
): Map<string, HostTensor> {
  const imported = new Map<string, HostTensor>();
  for (const [ours, stored] of matchTensors(config, tensors.keys())) {
    const { names, transposed } = stored;
    const parts = names.map((name) => tensors.get(name)!),
      shape = wholeShape(stored, parts.map(({ shape }) => shape));
    if (parts.length === 1 && !transposed) {
      imported.set(ours, parts[0]);
      continue;
    }
    const whole = { shape, data: new Float32Array(parts[0].data.length * parts.length) };
    visitParts(whole, stored, (here, part, there) => whole.data[here] = parts[part].data[there]);
    imported.set(ours, whole);
  }
  const format = formatOf(config), tokenTypes = foldedTypes(config);
  const types = tokenTypes &&
    (tensors.get(tokenTypes.name) ?? tensors.get(withoutPrefix(format, tokenTypes.name)));
  if (!types) return imported;
  const positions = imported.get(tokenTypes.positions)!, width = types.data.length;
  if (width !== positions.shape[1]) {
    throw new TypeError(
      `tensor ${tokenTypes.name} is ${formatShape(types.shape)}, expected (1, ${positions.shape[1]})`,
    );
  }
  // every token has type 0, so its row is part of every position
  const data = positions.data.map((value, index) => value + types.data[index % width]);
  return imported.set(tokenTypes.positions, { shape: positions.shape, data });
}

/**
 * The tensors of a Hugging Face file from the parameters of a model.
 *
 * @param config The model.
 * @param parameters The parameters, by our names.
 * @returns The tensors, by their names.
 */
export function exportTensors(
  config: ModelConfig,
  parameters: ReadonlyMap<string, HostTensor>,
): Map<string, HostTensor> {
  const exported = new Map<string, HostTensor>(), locations = huggingFaceTensors(config);
  for (const [ours, whole] of parameters) {
    const stored = locations.get(ours)!, { names, transposed, preferred, doubled } = stored;
    const shape = [...whole.shape];
    if (names.length === 1 && !transposed) {
      exported.set(names[0], whole);
      if (doubled) exported.set(preferred!, whole);
      continue;
    }
    shape[shape.length - 1] /= names.length;
    if (transposed) shape.reverse();
    const parts = names.map(() => new Float32Array(whole.data.length / names.length));
    visitParts(whole, stored, (here, part, there) => parts[part][there] = whole.data[here]);
    for (const [index, name] of names.entries()) exported.set(name, { shape, data: parts[index] });
  }
  const tokenTypes = foldedTypes(config);
  if (tokenTypes) {
    exported.set(tokenTypes.name, { shape: [1, config.modelDim], data: new Float32Array(config.modelDim) });
  }
  return exported;
}
