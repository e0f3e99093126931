/**
 * What the pipelines of transformers.js answer: for tests/onnx_test.ts.
 *
 *     deno run -A --no-lock --no-config tests/folders/transformers_js.ts PACKAGE QUESTIONS.json ANSWERS.json
 *
 * @module
 */

const [specifier, questions, answers] = Deno.args;
// not a literal, so that neither the check of types nor deno.lock asks for the package
const { env, pipeline } = await import(specifier);
env.allowRemoteModels = false;
const found: unknown[] = [];
for (const { task, folder, input, tokens } of JSON.parse(await Deno.readTextFile(questions))) {
  const [, runs, name] = folder.match(/^(.*\/)([^/]+\/[^/]+)$/);
  env.localModelPath = runs;
  const run = await pipeline(task, name, { dtype: "fp32", device: "cpu" });
  if (task === "text-generation") {
    const inputs = run.tokenizer(input);
    const output = await run.model.generate({ ...inputs, do_sample: false, max_new_tokens: tokens });
    const ids: number[] = output.tolist()[0].map(Number);
    const [{ generated_text: text }] = await run(input, { do_sample: false, max_new_tokens: tokens });
    found.push({ ids, text });
  } else {
    const scores = await run(input, { top_k: task === "fill-mask" ? 5 : null });
    found.push(
      task === "fill-mask" ? [scores] : Object.fromEntries(
        scores.map(({ label, score }: { label: string; score: number }) => [label, score]),
      ),
    );
  }
  await run.dispose();
}
await Deno.writeTextFile(answers, JSON.stringify(found));
