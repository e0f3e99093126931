/**
 * Onward from our folders: `optimum-cli export onnx` writes them as ONNX, and transformers.js answers from that as our commands
 * do. These run where MINIFORMER_OPTIMUM_PYTHON names an interpreter with optimum-onnx, and are reported as ignored elsewhere;
 * docs/hugging_face.md has the versions.
 */

import { assert, assertRejects } from "@std/assert";
import { inFolder } from "./_command.ts";
import {
  assertSameAnswers,
  classifications,
  fillings,
  generations,
  type Question,
  runPython,
  trainModels,
} from "./_pipelines.ts";

const python = Deno.env.get("MINIFORMER_OPTIMUM_PYTHON");
const script = new URL("folders/transformers_js.ts", import.meta.url).pathname;
const PACKAGE = "npm:@huggingface/transformers@4.3.1";

/** Asks transformers.js. */
async function ask(...files: string[]): Promise<void> {
  const args = ["run", "-A", "-q", "--no-lock", "--no-config", script, PACKAGE, ...files];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** Writes a folder as ONNX, in the folder itself, as model cards say. */
const convert = (folder: string, task: string) =>
  runPython(
    python!,
    "-m",
    "optimum.commands.optimum_cli",
    "export",
    "onnx",
    "--model",
    folder,
    "--task",
    task,
    `${folder}/onnx`,
  );

Deno.test("transformers.js answers as our commands, from what optimum makes of our folders [optimum]", {
  ignore: python === undefined,
}, () =>
  inFolder(async (cwd) => {
    await trainModels(cwd);
    const folder = (name: string) => `${cwd}/runs/${name}/last`;
    await convert(folder("chars"), "text-generation-with-past");
    await convert(folder("gpt2"), "text-generation-with-past");
    for (const name of ["roberta", "roberta_chars"]) {
      await convert(folder(name), "fill-mask");
      await convert(folder(`${name}-classifier`), "text-classification");
    }
    // it fills the first mask only, and cuts no text
    const isPlain = ({ input, length }: Question) =>
      length === undefined && String(input).split("<mask>").length < 3;
    await assertSameAnswers(cwd, [
      ...generations(folder("chars"), ["The fox", "Fußgänger 😀", "é>\n"]),
      ...generations(folder("gpt2")),
      ...generations(folder("gpt2"), ["The cat"]).map((question) => ({ ...question, tokens: 30 })),
      ...["roberta", "roberta_chars"].flatMap((name) => fillings(folder(name))).filter(isPlain),
      ...["roberta", "roberta_chars"].flatMap((name) => classifications(folder(`${name}-classifier`))).filter(
        isPlain,
      ),
    ], ask);
    // when it does, model cards of GPT-1 should say so, too
    await assertRejects(
      () => convert(folder("gpt1"), "text-generation-with-past"),
      Error,
      "unsupported architecture",
    );
  }));
