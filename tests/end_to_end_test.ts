import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, metricsOf, story, succeed, words } from "./_command.ts";
import { hasAdapter } from "./_testing.ts";

/** Runs what stands after `deno task` in a command line. */
function type(line: string, cwd: string): Promise<string> {
  return succeed(words(line.replace("deno task ", "")), { cwd });
}

Deno.test({
  name: "the first command line of the projects before this one runs word for word",
  ignore: !hasAdapter,
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/shakespeare.txt`, story(300));
      const said = await type(
        "deno task train --data shakespeare.txt --epochs 20 --batch_size 32 --context_length 256 --lr 0.0003 " +
          "--device webgpu --stop_after 2",
        cwd,
      );
      assertMatch(said, /^training +15 steps of 32 × 256 tokens, 20.* epochs, learning rate 0.0003 to/m);
      assertMatch(said, /^done +step 2 of 15/m);
    }),
});

Deno.test("the other command lines of the projects before this one run word for word", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/input.txt`, story(300));
    const seen = await type(
      "deno task train --data input.txt --epochs 10 --batch_size 32 --seq_len 64 --stop_after 2",
      cwd,
    );
    assertMatch(seen, /^training +32 steps of 32 × 64 tokens, 10\.\d epochs/m);

    await Deno.writeTextFile(`${cwd}/my_novel.txt`, "In a galaxy far away, a cat sat.\n".repeat(200));
    await type("deno task train --data my_novel.txt --epochs 3 --batch_size 32 --seq_len 32", cwd);
    const resumed = await type(
      "deno task train --data my_novel.txt --resume runs/my_novel --epochs 25 --stop_after 20",
      cwd,
    );
    assertStringIncludes(resumed, "Resuming runs/my_novel/last at step 18.");
    assertEquals((await metricsOf(`${cwd}/runs/my_novel`)).length, 20);
    const written = await type(
      'deno task generate --checkpoint runs/my_novel --prompt "In a galaxy far away" --temperature 0.7 --top_k 40 ' +
        "--top_p 0.9 --max_new_tokens 200",
      cwd,
    );
    assert(written.startsWith("In a galaxy far away"), written);
    assertEquals(written.length, "In a galaxy far away".length + 200 + 1);
  }));

/** What a project elsewhere does with the library. */
const program = `
import {
  causalBatches, CharTokenizer, generate, Gpt, makeTales, openBackend, PRESETS, train, TrainingRun,
} from "@miniformer/miniformer";

const { text } = makeTales({ seed: 1, characters: 5000 });
const tokenizer = CharTokenizer.fromText(text);
const { model: sizes, training } = PRESETS.tiny;
const model = new Gpt({ ...sizes, vocabSize: tokenizer.vocabSize, contextLength: 32 });
const backend = await openBackend("cpu");
const batches = causalBatches(tokenizer.encode(text), { contextLength: 32, batchSize: 2, seed: 1 });
const run = new TrainingRun(backend, model, batches, { ...training, steps: 20, warmupSteps: 2, seed: 1 });
const losses: number[] = [];
for await (const reports of train(run)) losses.push(...reports.map(({ loss }) => loss));
const prompt = tokenizer.encode("Once ");
let written = "";
for await (const [ids] of generate(backend, model, { prompt, maxNewTokens: 30 })) written += tokenizer.decode(ids);
console.log(JSON.stringify({ losses, written }));
`;

Deno.test("a project elsewhere links this one, trains 20 steps and generates", () =>
  inFolder(async (cwd) => {
    const configuration = {
      links: [new URL("..", import.meta.url).pathname],
      imports: { "@miniformer/miniformer": "jsr:@miniformer/miniformer@^0.1.0" },
    };
    await Deno.writeTextFile(`${cwd}/deno.json`, JSON.stringify(configuration));
    await Deno.writeTextFile(`${cwd}/main.ts`, program);
    // checked, and without a single permission
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "--no-prompt", "main.ts"],
      cwd,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const { losses, written } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals([losses.length, written.length], [20, 30]);
    assert(losses[19] < losses[0] - 0.3, `${losses[0]} became ${losses[19]}`);
  }));
