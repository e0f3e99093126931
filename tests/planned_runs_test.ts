import { assert, assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { GPT_ABLATIONS, GPT_SIZES } from "../ablations/gpt.ts";
import { ROBERTA_ABLATIONS, ROBERTA_SIZES } from "../ablations/roberta.ts";
import { UsageError } from "../commands/cli/errors.ts";
import type { Variant } from "../commands/lab_report/lab_types.ts";
import { flagsOf, planVariants } from "../commands/lab/planned_runs.ts";
import { SCALING_FLAGS, SCALING_VARIANTS } from "../commands/lab/scaling_sizes.ts";
import { inFolder, story } from "./_command.ts";

const variant = (name: string, ...flags: string[]): Variant => ({ name, title: name, question: "", flags });
const tales = ["--data", "tales", "--steps", "10"];
const plan = (flags: readonly string[], ...variants: Variant[]) => planVariants({ flags, variants }, "wasm");

Deno.test("flags of a variant take the place of those of the lab, also of those that say the same", async () => {
  const lab = [...tales, "--layers", "1", "--ff-mult", "2", "--no-tied"];
  const [plain, deep, other] = await plan(
    lab,
    variant("plain"),
    variant("deep", "--n-layers", "4"),
    variant("other", "--epochs", "2", "--feed-forward-dim", "99", "--tied"),
  );
  assertEquals(plain.flags, [
    "--data=tales",
    "--steps=10",
    "--layers=1",
    "--feed-forward-multiple=2",
    "--no-tied",
  ]);
  assertEquals(deep.settings, { data: ["tales"], steps: 10, layers: 4, feedForwardMultiple: 2, tied: false });
  assertEquals(other.flags, ["--data=tales", "--layers=1", "--tied", "--epochs=2", "--feed-forward-dim=99"]);
  assertEquals([plain.steps, deep.steps], [10, 10]);
  assert(deep.work > 2 * plain.work && deep.work < 4 * plain.work, "the time left follows from the sizes");
  const [longer] = await plan(lab, variant("longer", "--steps", "20"));
  assertEquals(longer.work, 2 * plain.work);
  const [accumulated] = await plan(lab, variant("accumulated", "--accumulation", "3"));
  assertEquals(accumulated.work, 3 * plain.work);
  // two passes over 1.1 million characters, in batches of the preset
  assert(other.steps > 1000, `${other.steps} steps`);
});

Deno.test("flags are checked by train's own definitions before anything starts, and the variant is named", async () => {
  const refuse = async (message: string, flags: string[], ...own: string[]) => {
    const variants = [variant("plain"), variant("bad", ...own)];
    await assertRejects(() => planVariants({ flags, variants }, "wasm"), UsageError, message);
  };
  await refuse("bad: --layers is 0: expected a whole number at least 1", tales, "--layers", "0");
  await refuse("bad: Unknown flag --layer: did you mean --layers?", tales, "--layer", "2");
  await refuse("bad: --heads is 3, which does not divide --model-dim 64", tales, "--heads", "3");
  await refuse("bad: --mask-rate is for --objective mlm", tales, "--mask-rate", "0.2");
  await refuse("plain: --seed cannot be given: a lab sets it for each run", [...tales, "--seed", "3"]);
  for (
    const flag of [
      "--name=x",
      "--out=x",
      "--resume=x",
      "--stop-after=3",
      "--device=cpu",
      "--threads=2",
      "--dry-run",
    ]
  ) {
    await refuse(`bad: ${flag.split("=")[0]} cannot be given`, tales, flag);
  }
  const twice = () => plan(tales, variant("a"), variant("a"));
  await assertRejects(twice, Error, 'Cannot run two variants or a folder called "a"');
  const long = () => plan(tales, variant("a".repeat(201)));
  await assertRejects(long, UsageError, 'aaa": expected at most 200 characters; sweep fewer flags at once');
  await assertRejects(() => plan(tales, variant("../a")), Error, 'called "../a"');
  await assertRejects(() => plan(["--data", "missing.txt"], variant("a")), Error, "Cannot read missing.txt");
});

Deno.test("a plan changes with the texts and the block, which may be a path or a URL", () =>
  inFolder(async (folder) => {
    const data = `${folder}/a.txt`, block = `${folder}/my_block.ts`, flags = ["--data", data, "--steps", "3"];
    await Deno.writeTextFile(data, story(100));
    await Deno.writeTextFile(block, "export const block = 1;");
    const both = [variant("a", "--block", block), { ...variant("b"), block: toFileUrl(block).href }];
    const [path, url] = await plan(flags, ...both);
    assertEquals([path.block?.name, path.block?.sha256], ["my_block.ts", url.block?.sha256]);
    assertEquals(path.flags, [`--data=${data}`, "--steps=3"], "the block is given apart");
    await Deno.writeTextFile(block, "export const block = 2;");
    await Deno.writeTextFile(data, story(101));
    const [changed] = await plan(flags, both[0]);
    assert(changed.block?.sha256 !== path.block?.sha256);
    assert(changed.textFingerprint !== path.textFingerprint);
    await assertRejects(
      () => plan(tales, variant("a", "--block", `${folder}/my_blok.ts`)),
      Error,
      "did you mean",
    );
  }));

Deno.test("--config gives the settings of another run, but for its seed", () =>
  inFolder(async (folder) => {
    const config = `${folder}/run.json`;
    const settings = { data: [`${folder}/a.txt`], layers: 3, seed: 7, steps: 50 };
    await Deno.writeTextFile(`${folder}/a.txt`, story(100));
    await Deno.writeTextFile(config, JSON.stringify({ settings }));
    const [plan] = await planVariants({
      flags: ["--config", config],
      variants: [variant("a", "--steps", "5")],
    }, "cpu");
    assertEquals(plan.settings, { data: settings.data, layers: 3, steps: 5 });
  }));

Deno.test("a block that is no file, as where the program is run from the network, is refused with advice", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, story(100));
    await assertRejects(
      () =>
        planVariants({
          flags: ["--data", `${folder}/a.txt`],
          variants: [variant("a"), { ...variant("b"), block: "https://example.org/no_norm.ts" }],
        }, "cpu"),
      Error,
      "b: its block is https://example.org/no_norm.ts, and blocks are read from disk: run the lab in a copy of the " +
        "project, or leave this variant out with --only",
    );
  }));

Deno.test("values become flags that give them again", () => {
  const values = { data: ["a b.txt", "-c.txt"], learningRate: 1e-7, tied: false, lines: true, prompt: "" };
  const flags = [
    "--data=a b.txt",
    "--data=-c.txt",
    "--learning-rate=1e-7",
    "--no-tied",
    "--lines",
    "--prompt=",
  ];
  assertEquals(flagsOf(values), flags);
});

Deno.test("all variants of the labs that come with Miniformer can be run", async () => {
  const sizes = await Promise.all(
    [SCALING_FLAGS.default, SCALING_FLAGS.quick].map((flags) =>
      planVariants({ flags, variants: SCALING_VARIANTS }, "wasm")
    ),
  );
  assertEquals(sizes.map((plans) => plans.map(({ steps }) => steps)), [
    SCALING_VARIANTS.map(() => 3000),
    SCALING_VARIANTS.map(() => 20),
  ]);
  const lists = [[GPT_ABLATIONS, GPT_SIZES], [ROBERTA_ABLATIONS, ROBERTA_SIZES]] as const;
  for (const [variants, sizes] of lists) {
    const [plain, quick] = await Promise.all(
      [sizes.default, sizes.quick].map((flags) => planVariants({ flags, variants }, "wasm")),
    );
    assertEquals([plain, quick].map((plans) => plans.length), [variants.length, variants.length]);
    const work = (plans: typeof plain) => plans.reduce((sum, { work }) => sum + work, 0);
    assert(work(quick) < work(plain) / 20, "the quick ones take a twentieth of the time at most");
    const blocks = plain.flatMap(({ block }) => block ?? []);
    assert(
      blocks.length >= 3 && blocks.every(({ path }) => path.startsWith("ablations/")),
      `${blocks[0]?.path}`,
    );
  }
});
