import { assert, assertEquals, assertMatch } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}

interface Cell {
  readonly cell_type: "markdown" | "code";
  readonly source: readonly string[];
  readonly outputs?: readonly Output[];
  readonly execution_count?: number | null;
}

const folder = new URL("../notebooks/", import.meta.url);
const file = Deno.readTextFileSync(new URL("miniformer.ipynb", folder));
const notebook: { cells: Cell[]; nbformat: number; metadata: { kernelspec: { name: string } } } = JSON.parse(
  file,
);
const codeCells = notebook.cells.filter(({ cell_type }) => cell_type === "code");
const sourceOf = (cell: Cell) => cell.source.join("");

const joined = (text: string | readonly string[] = []) => typeof text === "string" ? text : text.join("");

/** What a cell printed: the text of each output, and `picture` for a picture. */
const shownBy = ({ outputs = [] }: Cell): string[] =>
  outputs.map(({ text, data }) => {
    if (text) return joined(text);
    return data?.["image/png"] ? "picture" : joined(data?.["text/markdown"]);
  });

/** The rows of a Markdown table without its heading, as lists of cells. */
const rowsOf = (table: string): string[][] =>
  table.split("\n").slice(2).map((row) => row.split("|").slice(1, -1).map((text) => text.trim()));

/** The rows of the table whose first heading is this, as they are in the notebook: the first cell, and the others. */
const tableOf = (heading: string): [name: string, rest: string[]][] =>
  codeCells.flatMap(shownBy).filter((text) => text.startsWith(`| ${heading} |`))
    .flatMap(rowsOf).map(([name, ...rest]) => [name, rest]);

/** The losses of the experiments, by name, as they are in the notebook. */
const experiments = new Map(
  tableOf("validation loss").map(([name, rest]) => [name, rest.slice(0, -1).map(Number)]),
);

Deno.test("the notebook is whole: executed in order, without errors, traces of a machine or large outputs", () => {
  assertEquals([notebook.nbformat, notebook.metadata.kernelspec.name], [4, "deno"]);
  assert(file.length < 1e6, `${file.length} characters`);
  assertEquals(codeCells.map(({ execution_count }) => execution_count), codeCells.map((_, i) => i + 1));
  for (const [index, cell] of notebook.cells.entries()) {
    if (cell.cell_type === "markdown") continue;
    const source = sourceOf(cell), lines = cell.source.length;
    assert(lines <= 15, `${lines} lines, expected at most 15: ${source}`);
    assertEquals(notebook.cells[index - 1].cell_type, "markdown", `no explanation before: ${source}`);
    for (const { output_type, name, data } of cell.outputs ?? []) {
      assert(output_type !== "error" && name !== "stderr", `failed: ${source}`);
      const picture = data?.["image/png"];
      if (picture) assertMatch(atob(joined(picture).trim()), /^\x89PNG/);
    }
    for (const text of shownBy(cell)) {
      assert(
        !text.includes("\x1b") && !/file:|\/tmp\/|\/home\/|\/root\/|\/Users\/|\bseconds\b/.test(text),
        `${source}\n${text}`,
      );
    }
  }
  const pictures = codeCells.flatMap(shownBy).filter((text) => text === "picture");
  const expected =
    "by hand, training, every head, experiments, skills, two coloured texts, best head, two ablations";
  assertEquals(pictures.length, 9, expected);
});

Deno.test("one line of the notebook imports, by names that are the same on JSR", () => {
  const lines = codeCells.flatMap(sourceOf).join("\n").split("\n").filter((line) => /\bimport\b/.test(line));
  assertEquals(lines.length, 1, lines.join("\n"));
  const names = Array.from(lines[0].matchAll(/import\("([^"]*)"\)/g), ([, name]) => name);
  assertEquals(names.length, 2, lines[0]);
  const exported = Object.keys(configuration.exports).map((path) => configuration.name + path.slice(1));
  for (const name of names) assert(exported.includes(name), `${name} is none of ${exported}`);
});

Deno.test("what the notebook says about its experiments is so, with each seed", () => {
  const of = (name: string) => {
    const losses = experiments.get(name);
    assert(losses?.length === 3 && losses.every((loss) => loss > 0), `${name}: ${losses}`);
    return losses;
  };
  const unchanged = of("unchanged"), spread = Math.max(...unchanged) - Math.min(...unchanged);
  for (const name of ["no LayerNorm", "no residual connections", "16 wide, not 32"]) {
    assert(of(name).every((loss, seed) => loss > unchanged[seed] + 0.04), `${name}: ${of(name)}`);
    assert(Math.min(...of(name)) > Math.max(...unchanged), `${name}: ${of(name)}`);
  }
  for (const name of ["no residual connections", "16 wide, not 32"]) {
    assert(of(name).every((loss) => Math.abs(loss - 0.381) < 0.04), `${name}: ${of(name)}`);
  }
  const alike = ["query and key swapped", "no position embeddings", "feed-forward 32, not 128"];
  for (const name of alike) {
    assert(of(name).every((loss, seed) => Math.abs(loss - unchanged[seed]) < spread), `${name}: ${of(name)}`);
  }
  assert(of("one head").every((loss, seed) => loss <= unchanged[seed]), `one head: ${of("one head")}`);
});

/** What the prose says, with its lines joined. */
const prose = notebook.cells.filter(({ cell_type }) => cell_type === "markdown").map(sourceOf).join("\n")
  .replace(/\s+/g, " ");

/** Fails unless the prose has this sentence or part of one. */
function assertSaid(part: string) {
  assert(prose.includes(part), `the notebook does not say: ${part}`);
}

Deno.test("what the notebook says about skills is so", () => {
  const skills = new Map(
    tableOf("skill").map(([skill, [characters, loss, optimal, excess, share]]) => [
      skill,
      { characters: Number(characters), loss, optimal: Number(optimal), excess: Number(excess), share },
    ]),
  );
  assertEquals([...skills.keys()], ["spelling", "wording", "plot", "choice", "recall"]);
  for (const [skill, { optimal }] of skills) {
    assertEquals(optimal > 0, ["plot", "choice"].includes(skill), `${skill}: optimal ${optimal}`);
  }
  const all = [...skills.values()].reduce((sum, { characters }) => sum + characters, 0);
  const { characters, share } = skills.get("recall")!;
  assertSaid(`${characters} of ${all.toLocaleString("en")} characters ask for, and ${share} of all excess`);
  const shares = [...skills.values()].map(({ share }) => parseInt(share));
  assertEquals(Math.max(...shares), parseInt(share));

  const last = tableOf("told so far").at(-1)!;
  assertEquals(last, ["`Tom␣had␣a␣cat.␣The␣`", ["c 1.00", "recall", "10"]]); // the first letter of "cat" is its character 10
});

Deno.test("what the notebook says about the head that finds words, and about its patch, is so", () => {
  const hits = new Map(tableOf("head").filter(([, { length }]) => length === 2));
  const share = (name: string) => Number(hits.get(name)![1]);
  const best = "layer 2, head 1", other = "layer 2, head 2";
  for (const column of [0, 1]) {
    const shares = [...hits].map(([name, rest]) => [Number(rest[column]), name] as const);
    assertEquals(shares.toSorted((a, b) => b[0] - a[0])[0][1], best);
  }
  assertSaid(`finds the word at ${share(best)} % of the places, twelve times as often as chance`);
  assertEquals(Math.round(share(best) / share("chance")), 12);
  assertEquals([share("layer 1, head 1"), share("layer 1, head 2")], [0, 0]);

  const found = tableOf("head").filter(([, { length }]) => length === 6);
  const of = (name: string, list: string) =>
    found.find(([head, rest]) => head === name && rest[0] === list)![1].slice(1).map(Number);
  for (const list of ["pet", "thing"]) {
    const [elsewhere, first] = of(best, list);
    assertEquals([elsewhere, first], [0, 0], list);
  }
  assertEquals(of(best, "name").slice(1), [0, 0, 0, 0]);
  const [elsewhere, ...letters] = of(other, "name");
  assert(letters.reduce((sum, count) => sum + count) > elsewhere, `${letters}, elsewhere ${elsewhere}`);
  const places = found.filter(([name]) => name === best).flatMap(([, [, ...counts]]) => counts.map(Number));
  const inside = found.filter(([name]) => name === best).flatMap(([, counts]) => counts.slice(2).map(Number));
  const total = (counts: number[]) => counts.reduce((sum, count) => sum + count);
  assertEquals((100 * total(inside) / total(places)).toFixed(1), `${share(best)}`);

  const patches = new Map(tableOf("head replaced").map(([name, excesses]) => [name, excesses.map(Number)]));
  const none = patches.get("none")!, recall = none.length - 1;
  assertSaid(`recall costs ${patches.get(best)![recall]} instead of ${none[recall]}`);
  assertSaid(`with ${patches.get(other)![recall].toFixed(3)}.`);
  const lost = (name: string) => patches.get(name)!.map((excess, skill) => excess - none[skill]);
  assert(lost(best).slice(0, recall).every((nats) => nats < 0.25), `${lost(best)}`);
  assert(lost(other).slice(0, recall).every((nats) => nats < 0.25), `${lost(other)}`);
  for (const name of ["layer 1, head 1", "layer 1, head 2"]) {
    assert(lost(name).every((nats) => nats > 0.25), `${name}: ${lost(name)}`);
  }
});

Deno.test("what the notebook says about its two ablations is so", () => {
  const excesses = new Map(tableOf("excess").map(([name, values]) => [name, values]));
  const unchanged = excesses.get("unchanged")!, positions = excesses.get("no position embeddings")!;
  const layer = excesses.get("one layer, not two")!, recall = 4, all = 5;
  assertSaid(`has lost recall: ${layer[recall]}, where guessing among four words costs ln 4 = 1.386`);
  assertSaid(`at the end every skill is worse, recall most: ${positions[recall]}`);
  assertSaid(`The two losses, ${positions[all]} and ${layer[all]} above the optimum`);
  const worse = (values: string[]) => values.map((value, skill) => Number(value) - Number(unchanged[skill]));
  assert(worse(layer).slice(0, recall).every((nats) => nats < 0.03), `${layer}, unchanged ${unchanged}`);
  assert(worse(positions).every((nats) => nats > 0), `${positions}, unchanged ${unchanged}`);
  assertEquals(Math.max(...worse(positions)), worse(positions)[recall]);
});

/** Stands in for the kernel: keeps what each cell prints, and writes it as JSON at the end. */
const KERNEL = `
const printed: string[][] = [];
console.log = (...values: unknown[]) => { printed[printed.length - 1].push(values.join(" ") + "\\n"); };
const jupyter = {
  md: (_: TemplateStringsArray, text: string) => ({ text }),
  image: (png: Uint8Array) => ({ text: String.fromCharCode(...png.subarray(1, 4)) === "PNG" ? "picture" : "?" }),
  display({ text }: { text: string }, { update }: { update?: boolean } = {}) {
    if (!update) printed[printed.length - 1].push(text);
    return Promise.resolve();
  },
};
Object.assign(Deno, { jupyter });
`;

Deno.test("the cells are valid TypeScript and print what stands in the notebook", async () => {
  const cells = codeCells.map((cell) => `printed.push([]);\n${sourceOf(cell)}`).join("\n");
  // The experiments are trained from one seed instead of three.
  const seeds = "const SEEDS = [1, 2, 3];", program = cells.replace(seeds, "const SEEDS = [1];");
  assert(program !== cells, `there is no ${seeds}`);
  const end = "\nDeno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(printed)));";
  const args = ["run", "-q", "--check", "--allow-read", "-"];
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(Deno.execPath(), { args, cwd: folder, env: { NO_COLOR: "1" }, ...pipes })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(KERNEL + program + end));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  const printed: string[][] = JSON.parse(new TextDecoder().decode(stdout));
  for (const [index, cell] of codeCells.entries()) {
    let expected = shownBy(cell), actual = inOrder(printed[index]);
    if (sourceOf(cell).includes("of SEEDS")) {
      const firstSeed = (texts: string[]) =>
        texts.map((text) =>
          text === "picture" ? text : rowsOf(text).map((row) => [row[0], row[1], row.at(-1)]).join("\n")
        );
      [expected, actual] = [firstSeed(expected), firstSeed(actual)];
    }
    assertEquals(
      actual,
      expected,
      `this cell prints something else than in the notebook:\n${sourceOf(cell)}`,
    );
  }
});

/** Joins lines that follow each other, as the notebook does. */
function inOrder(texts: readonly string[]): string[] {
  const outputs: string[] = [];
  let isLine = false;
  for (const text of texts) {
    if (isLine && text.endsWith("\n")) outputs[outputs.length - 1] += text;
    else outputs.push(text);
    isLine = text.endsWith("\n");
  }
  return outputs;
}
