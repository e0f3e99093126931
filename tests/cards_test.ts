import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { findCheckpoint } from "../commands/files/checkpoint_folder.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { inFolder, small, story, succeed, words } from "./_command.ts";

const device = ["--device", "cpu"];
const cardIn = (folder: string) => Deno.readTextFile(`${folder}/README.md`);

const pictureIn = (folder: string) => Deno.readFile(`${folder}/loss_curve.png`);

/** How a card begins to say what a run has come to. */
const PICTURE = "\n## Results\n\n![Training and validation loss](loss_curve.png)\n\n| step | ";

/** The command line in a card, as words; the cards of these tests have no quotes in it. */
const commandIn = (card: string) =>
  card.match(/^deno task ((?:train|finetune)[^]*?)\n```/m)![1].replaceAll(/ \\\n */g, " ").split(" ");

Deno.test("cards are in last/ and best/, and do not depend on the folder or on a break", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const line = [...words("train --data story.txt --steps 20 --save_interval 3"), ...small, ...device];
    await succeed([...line, "--name", "whole"], { cwd });
    await succeed([...line, "--name", "broken", "--stop_after", "7"], { cwd });
    const stopped = await cardIn(`${cwd}/runs/broken/last`);
    assertStringIncludes(stopped, "This is step 7 of 20.");
    assertStringIncludes(stopped, PICTURE);
    const early = await pictureIn(`${cwd}/runs/broken/last`);
    await succeed(words("train --resume runs/broken --device cpu"), { cwd });
    for (const name of ["last", "best"]) {
      const card = await cardIn(`${cwd}/runs/whole/${name}`);
      assertEquals(await cardIn(`${cwd}/runs/broken/${name}`), card);
      assertStringIncludes(card, PICTURE);
      assertEquals(
        await pictureIn(`${cwd}/runs/broken/${name}`),
        await pictureIn(`${cwd}/runs/whole/${name}`),
      );
      assertStringIncludes(card, "- texts: `story.txt`\n");
      assertStringIncludes(card, "- training text: 4320 characters, 4320 tokens\n");
      assertMatch(card, /\n- validation text: 480 characters, 480 tokens, the last 10 % of the texts\n/);
      assertStringIncludes(
        card,
        "\n- sequences: 269 of 16 tokens in each epoch, 29 in the validation text\n",
      );
      assertMatch(card, /\n- tokenizer: characters, \d+ tokens\n/);
      assertMatch(card, /\n- gpt2, 1 layer, 2 heads, 16 wide, .* parameters\n/);
      assertMatch(card, /\n- 20 steps of 4 × 16 tokens, /);
    }
    const last = await cardIn(`${cwd}/runs/whole/last`);
    const { validationLoss } = JSON.parse(
      (await Deno.readTextFile(`${cwd}/runs/whole/metrics.jsonl`)).trim().split("\n").at(-1)!,
    );
    assertStringIncludes(
      last,
      ` | ${validationLoss.toFixed(4)} | ${Math.exp(validationLoss).toPrecision(4)} | `,
    );

    assertNotEquals(early, await pictureIn(`${cwd}/runs/broken/last`));
    // no checksum covers them
    const state = await Deno.readTextFile(`${cwd}/runs/whole/last/training_state.json`);
    assert(!/README|loss_curve/.test(state), state);
    assertEquals(
      (await succeed(words("doctor runs/whole"), { cwd })).match(/loss_curve|left over|others|FAULTY/),
      null,
    );

    // the command in the card repeats the run, bit for bit
    await succeed([...commandIn(last), "--name", "again"], { cwd });
    const model = (run: string) => Deno.readFile(`${cwd}/runs/${run}/last/model.safetensors`);
    assertEquals(await model("again"), await model("whole"));
    assertEquals(await cardIn(`${cwd}/runs/again/last`), last);
    assertEquals(await pictureIn(`${cwd}/runs/again/last`), await pictureIn(`${cwd}/runs/whole/last`));
  }));

Deno.test("a card that the user has edited stays when its run is resumed, and a removed one is written again", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const line = words("train --data story.txt --steps 20 --save_interval 5 --stop_after 5");
    await succeed([...line, ...small, ...device], { cwd });
    const [last, best] = ["last", "best"].map((name) => `${cwd}/runs/story/${name}`);
    const edited = (await cardIn(best)).replace("# license: mit", "license: apache-2.0");
    const picture = await pictureIn(best);
    await Deno.writeTextFile(`${best}/README.md`, edited);
    await Deno.remove(`${last}/README.md`);
    await succeed(words("train --resume runs/story --device cpu"), { cwd });
    assertEquals(await cardIn(best), edited);
    assertEquals(await pictureIn(best), picture, "it belongs to the card");
    assertNotEquals(await pictureIn(last), picture);
    assertStringIncludes(await cardIn(last), "This is step 20 of 20.");
    const names = Array.from(Deno.readDirSync(best), ({ name }) => name).filter((name) =>
      /README|loss_curve/.test(name)
    );
    assertEquals(names.sort(), ["README.md", "loss_curve.png"]);
    // an edited card is no damage
    await succeed(words("generate --checkpoint runs/story/best --max_new_tokens 3 --device cpu"), { cwd });
    await succeed(words("doctor runs/story"), { cwd });
  }));

Deno.test("a run that is resumed from best/ has its card in last/", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed([...words("train --data story.txt --steps 4"), ...small, ...device], { cwd });
    const path = `${cwd}/runs/story/best`, last = `${cwd}/runs/story/last`;
    await Deno.remove(last, { recursive: true });
    using folder = await RunFolder.open(path);
    await folder.rewind({ ...await findCheckpoint(path, { training: true }), step: 4 });
    assertEquals(await cardIn(last), await cardIn(path));
    assertEquals(await pictureIn(last), await pictureIn(path));
  }));

Deno.test("a masked model and a classifier have cards of their own, whose commands repeat them", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const line = words("train --data story.txt --objective mlm --mask_rate 0.3 --steps 4 --name masked");
    await succeed([...line, ...small, ...device], { cwd });
    const masked = await cardIn(`${cwd}/runs/masked/last`);
    assertStringIncludes(masked, "\npipeline_tag: fill-mask\n");
    assertStringIncludes(masked, "--mask-rate 0.3");
    const rows = Array.from(
      { length: 20 },
      (_, i) => `The ${i % 4 ? "cat" : "dog"}\t${i % 4 ? "good|" : "b\`ad"}\n`,
    );
    await Deno.writeTextFile(`${cwd}/train.tsv`, rows.join(""));
    await Deno.writeTextFile(`${cwd}/dev.tsv`, rows.slice(0, 4).join(""));
    await succeed(
      words(
        "finetune --data train.tsv --validation dev.tsv --checkpoint runs/masked --epochs 2 --seed 3 --device cpu",
      ),
      { cwd },
    );
    const run = `${cwd}/runs/masked-classifier`, card = await cardIn(`${run}/last`);
    assertStringIncludes(card, "\npipeline_tag: text-classification\n");
    assertStringIncludes(card, "\n- classes: ``b`ad``, `good|`\n");
    assertStringIncludes(card, PICTURE);
    assertEquals(new TextDecoder("latin1").decode((await pictureIn(`${run}/last`)).subarray(1, 4)), "PNG");
    await Deno.stat(`${run}/best/loss_curve.png`);
    assertStringIncludes(card, "\n- 20 texts to train on, 4 to validate on\n");
    assertStringIncludes(card, "\n- validated on: `dev.tsv`\n");
    assertStringIncludes(card, "\n- majority prediction: accuracy 75 %\n");
    assertStringIncludes(card, "Trained from `runs/masked/last` with Miniformer");
    const command = commandIn(card);
    assertEquals(
      command,
      words(
        "finetune --checkpoint runs/masked/last --data train.tsv --validation dev.tsv --epochs 2 --seed 3 --device cpu",
      ),
    );
    await succeed([...command, "--name", "again"], { cwd });
    assertEquals(
      await Deno.readFile(`${cwd}/runs/again/last/model.safetensors`),
      await Deno.readFile(`${run}/last/model.safetensors`),
    );
  }));

Deno.test("hostile names of files are code in a card, and many names are cut", () =>
  inFolder(async (cwd) => {
    const hostile = "a\n---\n# b `c` <i>.txt";
    await Deno.mkdir(`${cwd}/many`);
    await Deno.writeTextFile(`${cwd}/${hostile}`, story(60));
    for (let i = 10; i < 40; i++) await Deno.writeTextFile(`${cwd}/many/${i}.txt`, story(5));
    const files = [hostile, ...Array.from({ length: 30 }, (_, i) => `many/${10 + i}.txt`)];
    await succeed(["train", "--data", ...files, "--steps", "2", "--name", "r", ...small, ...device], { cwd });
    const card = await cardIn(`${cwd}/runs/r/last`);
    assertStringIncludes(card, "- texts: ``a\\n---\\n# b `c` <i>.txt``, `many/10.txt`, ");
    assertStringIncludes(card, "`many/18.txt` and 21 others\n");
    assert(!card.includes("many/30.txt"), "a command line of thousands of files is cut");
    assertEquals(card.split("\n# b `c` <i>.txt").length, 2, "as it is in the block of code only");
  }));
