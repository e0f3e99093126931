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

/** The losses of the experiments, by name, as they are in the notebook. */
const experiments = new Map(
  codeCells.flatMap(shownBy).filter((text) => text.startsWith("| validation loss"))
    .flatMap(rowsOf).map(([name, ...rest]) => [name, rest.slice(0, -1).map(Number)]),
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
  assertEquals(pictures.length, 4, "by hand, training, every head, experiments");
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
