/**
 * Pipelines of transformers on folders of ours, and our commands on folders of theirs: the same ids, and scores that differ
 * by 1e-5 at most. These run where `python3`, or the interpreter that MINIFORMER_PYTHON names, has torch and transformers,
 * and are reported as ignored elsewhere.
 */

import { assert } from "@std/assert";
import { inFolder } from "./_command.ts";
import {
  assertSameAnswers,
  classifications,
  CONTEXT,
  fillings,
  generations,
  ourAnswer,
  type Question,
  runPython,
  trainModels,
} from "./_pipelines.ts";

const python = Deno.env.get("MINIFORMER_PYTHON") ?? "python3";
const script = new URL("folders/pipelines.py", import.meta.url).pathname;
const ask = (questions: string, answers: string) => runPython(python, script, "answer", questions, answers);

const ready = "import torch, transformers, tokenizers; print(int(transformers.__version__[0]) >= 5)";
const ignore = !await runPython(python, "-c", ready).then((printed) => printed.includes("True"), () => false);

Deno.test(
  "our commands answer as pipelines on folders that transformers wrote [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await runPython(python, script, "write", cwd);
      const short = "Fußgänger 😀", long = "The fox sat on the mat. ".repeat(12);
      const pairs = [[short, short], [long, short], [short, long], [long, `${long} the end`]];
      await assertSameAnswers(cwd, [
        ...["gpt2", "gpt2_gelu", "gpt1"].flatMap((name) => generations(`${cwd}/${name}`)),
        ...["gpt2_on", "gpt2_ends"].flatMap((name) => generations(`${cwd}/${name}`, ["The fox"])),
        ...["roberta", "roberta_plain"].flatMap((name) => fillings(`${cwd}/${name}`)),
        ...["roberta_classes", "gpt2_classes", "gpt1_classes"].flatMap((name) =>
          classifications(`${cwd}/${name}`)
        ),
        ...["roberta_each", "roberta_one", "roberta_number"].flatMap((name) =>
          classifications(`${cwd}/${name}`).slice(0, 2)
        ),
        ...pairs.map(([text, text_pair]): Question => ({
          ...{ task: "text-classification", folder: `${cwd}/roberta_classes`, input: { text, text_pair } },
          ...text === text_pair ? {} : { length: CONTEXT },
        })),
      ], ask);
    }),
);

Deno.test(
  "pipelines answer as our commands on folders that our commands wrote [python]",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await trainModels(cwd);
      const folder = (name: string) => `${cwd}/runs/${name}/last`;
      const ended = generations(folder("gpt2"), ["The cat"]).map((question) => ({ ...question, tokens: 30 }));
      await assertSameAnswers(cwd, [
        ...generations(folder("chars"), ["The fox", "Fußgänger 😀", "é>\n"]),
        ...ended,
        ...["gpt2", "gpt1"].flatMap((name) => generations(folder(name))),
        ...["roberta", "roberta_chars"].flatMap((name) => fillings(folder(name))),
        ...["gpt2", "gpt1", "roberta", "roberta_chars"].flatMap((name) =>
          classifications(folder(`${name}-classifier`))
        ),
      ], ask);
      const { ids } = await ourAnswer(cwd, ended[0]) as { ids: number[] };
      assert(ids.length < 30, `the text does not end: ${ids}`);
    }),
);
