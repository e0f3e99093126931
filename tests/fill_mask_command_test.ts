import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, metricsOf, miniformer, small, story, succeed, words } from "./_command.ts";

const quick = ["train", "--objective", "mlm", "--data", "story.txt", ...small, "--device", "cpu"];

Deno.test("a masked language model is trained, shows filled masks on the way, and fills those it is asked", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(400));
    const said = await succeed([...quick, "--steps", "150", "--lines"], { cwd });
    const lines = (await metricsOf(`${cwd}/runs/story`)).map((line) => JSON.parse(line));
    assert(lines[149].validationLoss < lines[0].loss - 0.5, "it learned");
    assertMatch(said, /^loss +validation [\d.]+ nats per token .* on \d+ of \d+ tokens/m);
    assertMatch(said, /^pseudo +perplexity [\d.]+, masking one token at a time \(512 tokens\)$/m);
    assertMatch(said, /^unigram +perplexity [\d.]+, and [\d.]+ one at a time$/m);
    const samples = await Deno.readTextFile(`${cwd}/runs/story/samples.txt`);
    assert(samples.split("\n---\n").length > 4 && /\[.( → .)?\]/.test(samples), samples);
    const config = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/best/config.json`));
    assertEquals([config.model_type, config.architectures], ["roberta", ["RobertaForMaskedLM"]]);

    // "T<mask>e": every line begins with The
    const one = await succeed(words('fill-mask --text "T<mask>e cat" --top_k 3 --device cpu'), { cwd });
    assertEquals(one.trimEnd().split("\n").length, 3);
    assertMatch(one, /^ *[\d.]+ % {2}"." {2,3}T.e cat$/m);
    const command = words(said.match(/^fill +deno task (.*)$/m)![1]);
    assertEquals(command.slice(0, 4), ["fill-mask", "--checkpoint", "runs/story", "--text"]);
    assertMatch(command[4], /^(cat|dog|hen|fox) sat <mask> the$/); // "The" before it would be too long for the model
    assert((await succeed([...command, "--device", "cpu"], { cwd })).includes("%"));
    const two = await succeed(words('fill-mask --text "T<mask>e c<mask>t" --device cpu'), { cwd });
    assertMatch(two, /^<mask> 1\n( *[\d.]+ % {2}".*"\n){5}\n<mask> 2\n( *[\d.]+ % {2}".*"\n){5}\nT.e c.t\n$/);
  }));

Deno.test("byte pairs, packed sequences and the other rule; objective and preset must fit together", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const flags = words("--tokenizer bpe --vocab_size 270 --mask_rule fairseq --mask_rate 0.3 --steps 4");
    const said = await succeed([...quick, ...flags], { cwd });
    assertMatch(said, /^unigram +perplexity [\d.]+, and [\d.]+ one at a time$/m);
    const { settings } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/last/training_state.json`));
    assertEquals([settings.preset, settings.architecture], ["roberta-short", "roberta"]);
    assertEquals([settings.maskRule, settings.maskRate, settings.epsilon], ["fairseq", 0.3, 1e-6]);
    const cases: [line: string, code: number, message: string][] = [
      [
        "--preset tiny --objective mlm",
        2,
        "--preset tiny is for --objective causal: expected one of roberta-",
      ],
      ["--objective mlm --no-tied", 2, "--tied is for --objective causal"],
      ["--mask_rate 0.2", 2, "--mask-rate is for --objective mlm"],
      ["--objective mlm --tokenizer plain", 1, "has no <s>, which a masked language model needs"],
      [
        "--objective mlm --validation one.txt --mask_rate 0.01 --steps 1",
        1,
        "Cannot validate on 11 tokens: none of them is masked; give a longer validation text, a higher --mask-rate",
      ],
      [
        "--objective mlm --validation story.txt --data one.txt",
        1,
        "Cannot train on one.txt: 10 characters are too few; at least 500 are needed",
      ],
      ["--resume runs/story --objective causal --steps 9", 2, "the run was started with mlm"],
    ];
    const plain = words("train --data story.txt --steps 1 --name plain --tokenizer bpe --vocab_size 258");
    await succeed([...plain, ...small, "--device", "cpu"], { cwd });
    await Deno.writeTextFile(`${cwd}/one.txt`, "The cat sa");
    await Deno.rename(`${cwd}/runs/plain/last`, `${cwd}/plain`);
    for (const [line, code, message] of cases) {
      const data = /--(resume|data) /.test(line) ? [] : ["--data", "story.txt"];
      const outcome = await miniformer(["train", ...data, ...words(line), "--device", "cpu"], { cwd });
      assertEquals(outcome.code, code, outcome.stderr);
      assertStringIncludes(outcome.stderr, message);
    }
  }));

Deno.test("the optimal loss of the built-in tales is not shown for a model that sees what follows", () =>
  inFolder(async (cwd) => {
    const said = await succeed(["train", "--objective", "mlm", ...small, "--steps", "1", "--device", "cpu"], {
      cwd,
    });
    assert(!said.includes("optimal"), said);
    assertStringIncludes(said, ", unigram ");
  }));

Deno.test("fill-mask refuses what it cannot fill, in one line", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...quick, "--steps", "1"], { cwd });
    await succeed(
      [...words("train --data story.txt --steps 1 --name gpt --device cpu"), ...small],
      { cwd },
    );
    const long = "The cat sat on the mat. <mask>";
    const cases: [line: string, message: string][] = [
      [
        'fill-mask --checkpoint runs/gpt --text "a <mask>"',
        "This is a causal language model, which predicts the next token; expected a masked language model, which " +
        "fills <mask>; deno task generate uses it",
      ],
      ["generate --checkpoint runs/story", "deno task fill-mask uses it"],
      ['fill-mask --checkpoint runs/story --text "The cat"', "The text has no <mask>: write <mask>"],
      [
        `fill-mask --checkpoint runs/story --text "${long}"`,
        "The text has 27 tokens and the model reads 16: shorten it, or give --truncate",
      ],
      [
        `fill-mask --checkpoint runs/story --truncate --text "${long}"`,
        "No <mask> is left among the first 16 tokens",
      ],
    ];
    for (const [line, message] of cases) {
      const { code, stdout, stderr } = await miniformer([...words(line), "--device", "cpu"], { cwd });
      assertEquals([code, stdout], [1, ""], line);
      assertStringIncludes(stderr, message);
      assertMatch(stderr, /^error: .*\n?$/);
    }
    const cut = words(`fill-mask --checkpoint runs/story --truncate --text "T<mask>e${long}" --device cpu`);
    await succeed(cut, { cwd });
  }));
