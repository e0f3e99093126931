/**
 * The command lines of the five projects in PyTorch that this one replaces: each, typed after `deno task`, runs or is answered
 * by one line that says what to type here. They are run on the text that one of these projects asks its readers to paste,
 * where the READMEs lie beside this repository, and on one of our own of the same length.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { inFolder, miniformer, words } from "./_command.ts";

/** A command line, what becomes of it, and what is left afterwards. */
interface Line {
  /** The command line in the README of the project; without it, what its text asks for in other words. */
  readonly theirs?: string;
  /** What is typed after `deno task`. */
  readonly typed: string;
  /** What is appended so that the test takes seconds instead of minutes. */
  readonly shortened?: string;
  /** Lines that are printed, on either stream. */
  readonly says?: readonly RegExp[];
  /** What is answered in one line instead. The same line with what that says in place of the file must run. */
  readonly refused?: RegExp;
  /** Files that are there afterwards. */
  readonly leaves?: readonly string[];
}

/** What mini-transformer-lab asks for in each of its parts, in this order. */
const MINI_TRANSFORMER_LAB: readonly Line[] = [
  {
    theirs: "python3 mini-transformer-lab.py train --data your_text.txt --epochs 10",
    typed: "train --data your_text.txt --epochs 10",
    says: [/^done +step /m],
    leaves: ["runs/your_text/last/model.safetensors", "runs/your_text/sample_generation.txt"],
  },
  {
    theirs:
      'python3 mini-transformer-lab.py generate --checkpoint checkpoint.pt --prompt "The future of AI is"',
    typed: 'generate --checkpoint checkpoint.pt --prompt "The future of AI is"',
    refused: /^error: Cannot use checkpoint\.pt: .*; type --checkpoint runs\/your_text$/,
  },
  {
    theirs: "python mini-transformer-lab.py train --data shakespeare.txt --epochs 20 --batch_size 32 " +
      "--context_length 256 --lr 0.0003 --device cuda",
    typed:
      "train --data shakespeare.txt --epochs 20 --batch_size 32 --context_length 256 --lr 0.0003 --device cuda",
    shortened: "--stop_after 2", // of so many tokens the CPU takes minutes
    says: [
      /^--device cuda: WebGPU finds no GPU on this machine; computing on WebAssembly/m,
      /^done +step 2 of /m,
    ],
  },
  {
    theirs:
      'python mini-transformer-lab.py generate --checkpoint best_model.pt --prompt "In a galaxy far away" ' +
      "--temperature 0.7 --top_k 40 --top_p 0.9 --max_new_tokens 200",
    typed:
      'generate --checkpoint best_model.pt --prompt "In a galaxy far away" --temperature 0.7 --top_k 40 ' +
      "--top_p 0.9 --max_new_tokens 200",
    refused: /^error: Cannot use best_model\.pt: .*; type --checkpoint runs\/shakespeare(\/best)?$/,
  },
  {
    typed: "train --data my_novel.txt --epochs 20 --save-every epoch",
    leaves: ["runs/my_novel/epoch-15/model.safetensors"],
  },
  {
    theirs:
      "python mini-transformer-lab.py train --data my_novel.txt --resume checkpoint_epoch_15.pt --epochs 25",
    typed: "train --data my_novel.txt --resume checkpoint_epoch_15.pt --epochs 25",
    refused: /^error: Cannot use checkpoint_epoch_15\.pt: .*; type --resume runs\/my_novel\/epoch-15$/,
  },
];

/** What "Mini GPT-Style" asks for. */
const MINI_GPT_STYLE: readonly Line[] = [
  {
    theirs: "python train.py --epochs 10 --batch_size 32 --seq_len 64",
    typed: "train --epochs 10 --batch_size 32 --seq_len 64",
    says: [/^data +input\.txt: /m, /^note +input\.txt is in this folder.* --data tales$/m],
    leaves: ["runs/input/loss_curve.png", "runs/input/sample_generation.txt"],
  },
  {
    theirs: 'python demo_generation.py --prompt "The meaning of life"',
    typed: 'generate --prompt "The meaning of life"',
    says: [/^The meaning of life/m, /^200 tokens in /m],
  },
  {
    typed: "generate --temperature 0.5,0.8,1.2 --num_samples 2 --out sample_generation.txt",
    leaves: ["sample_generation.txt"],
  },
  {
    typed: 'attention --text "The meaning of life" --layer 1 --head 1 --out attention_head_0.png',
    leaves: ["attention_head_0.png"],
  },
  {
    typed:
      "train --n_layers 2 --num_heads 2 --embed_dim 32 --ff_mult 2 --seq_len 16 --tokenizer bpe --vocab_size 300 " +
      "--learning_rate 0.001 --batch_size 8 --epochs 2 --name sizes",
    says: [/^model +gpt2, 2 layers, 2 heads, 32 wide, context 16: /m],
  },
  { typed: "generate --checkpoint model_checkpoint.pt", refused: /; type --checkpoint runs\/sizes$/ },
];

/** What "Mini-GPT" asks for: its sizes and settings, and the tokenizer of GPT-2. */
const MINI_GPT: readonly Line[] = [
  {
    typed: "train --data corpus.txt --preset mini-gpt --batch_size 8 --learning_rate 5e-4 --epochs 10",
    shortened: "--stop_after 1",
    says: [/^model +gpt1, 2 layers, 4 heads, 128 wide/m],
  },
  {
    typed: "train --data corpus.txt --preset mini-gpt --tokenizer gpt2",
    refused: /^error: Cannot read gpt2: .*put vocab\.json and merges\.txt of gpt2 .* into tokenizers\/gpt2/,
  },
];

/** What "Mini GPT-1" and "Transformer Miniatures" are about; their code is in notebooks. */
const OTHERS: readonly Line[] = [
  {
    typed: "train --data shakespeare.txt --architecture gpt1 --seq_len 64",
    shortened: "--stop_after 2",
    says: [/^model +gpt1, /m],
  },
  {
    typed: "train --data corpus.txt --objective mlm --tokenizer bpe --vocab_size 300 --seq_len 16 --epochs 2",
    says: [/^model +roberta, /m],
  },
  { typed: 'fill-mask --text "The <mask> of life"', says: [/\d %/] },
  {
    typed: "train --data corpus.txt --objective mlm --tokenizer roberta",
    refused:
      /^error: Cannot read roberta: .*into tokenizers\/roberta, and type --tokenizer tokenizers\/roberta$/,
  },
];

const PROJECTS = {
  "mini-transformer-lab": MINI_TRANSFORMER_LAB,
  "Mini GPT-Style": MINI_GPT_STYLE,
  "Mini-GPT": MINI_GPT,
  "Mini GPT-1 and Transformer Miniatures": OTHERS,
};

/** Where the READMEs of the projects lie, if they do. */
const READMES = new URL("../../shared/five/", import.meta.url);

const readmes = await Array.fromAsync(Deno.readDir(READMES)).catch(() => undefined).then((entries) =>
  entries && Promise.all(entries.map(({ name }) => Deno.readTextFile(new URL(name, READMES))))
);

/** The text that mini-transformer-lab asks its readers to paste. */
const theirText = readmes?.flatMap((text) =>
  text.match(/(?<=here is an example:\s*```\n).*?(?=```)/s) ?? []
)[0];

/** A text of our own of the same length, with all letters of the prompts. */
const ourText =
  `In the harbour of a small town stood a crane that nobody used any more. Axel, who kept its keys, climbed
up every morning, oiled the wheels and looked over the water. When the fog was thick he could see only the tops of the
masts, and he counted them aloud, as if the boats were children on their way to school.

One winter the council wanted to sell the crane for its iron. A buyer came, walked around it twice, knocked on the legs
and wrote a number into a book. Axel asked for a week. He went from house to house and told the people what the crane
had lifted in its time: a church bell, two locomotives, a whale, the first piano of the island, and once, by mistake,
the roof of the bakery.

At the end of the week the town came to the quay. The baker brought bread, the teacher brought the children, and the
captain of the ferry brought a long rope. They tied it to the hook, and Axel turned the great wheel, slowly at first.
The chain groaned, rust fell like red snow, and then the hook rose with a wooden seat, and in the seat sat the mayor,
who had lost a bet. He looked down on the roofs, the gardens and the grey sea, and he was quiet for quite a while.

When he was on the ground again, he tore the paper in two. Since that day the crane lifts one person every Sunday, and
whoever has been up there speaks a little less on Monday. Axel is old now. Each evening he hangs the keys on the nail
by the door, and each morning they are still warm from somebody else's hand. Nobody has asked him whose hand it is, and
he has never said.
`.padEnd(1527, ".").slice(0, 1527);

/** A machine without any adapter, so that every machine computes the same. */
const env = { DENO_WEBGPU_BACKEND: "dx12" };

async function follow(
  { typed, shortened = "", says = [], refused, leaves = [] }: Line,
  cwd: string,
): Promise<void> {
  const { code, stdout, stderr } = await miniformer(words(`${typed} ${shortened}`), { cwd, env });
  const said = `${stdout}\n${stderr}`;
  if (refused === undefined) assertEquals(code, 0, said);
  else {
    assertEquals([code, stdout], [1, ""], said);
    assertMatch(stderr, /^error: .*\n?$/);
    assertMatch(stderr.trimEnd(), refused);
    const [flag, value] = stderr.match(/(?<=; type )--\S+ \S+(?=,|\n|$)/)?.[0].split(" ") ?? [];
    if (value !== undefined) {
      const advised = typed.replace(new RegExp(`${flag} \\S+`), `${flag} ${value}`);
      assert(advised !== typed, `${stderr} does not say what to type instead of ${typed}`);
      await follow({ typed: advised }, cwd);
    }
  }
  for (const line of says) assertMatch(said, line);
  for (const file of leaves) assert((await Deno.stat(`${cwd}/${file}`)).size > 0, file);
}

const TEXTS = { "the text that they ask for": theirText, "a text of our own of the same length": ourText };

for (const [name, text] of Object.entries(TEXTS)) {
  for (const [project, lines] of Object.entries(PROJECTS)) {
    const ignore = text === undefined; // the READMEs are not beside this repository
    Deno.test(
      { name: `${project}: each command line runs or says what to type, on ${name}`, ignore },
      (test) =>
        inFolder(async (cwd) => {
          for (const file of ["your_text", "shakespeare", "my_novel", "corpus", "input"]) {
            await Deno.writeTextFile(`${cwd}/${file}.txt`, text!);
          }
          for (const line of lines) {
            await test.step(
              `deno task ${line.typed} ${line.shortened ?? ""}`.trimEnd(),
              () => follow(line, cwd),
            );
          }
        }),
    );
  }
}

Deno.test({
  name: "the table has every command line of the five READMEs, word for word, and no other under their name",
  ignore: readmes === undefined,
  fn() {
    const found = readmes!.flatMap((text) => {
      const whole = text.replaceAll(/\s*\\\n\s*/g, " ");
      return Array.from(whole.matchAll(/^python3? \S+\.py .*$/gm), ([line]) => line.replace(/\s+#.*/, ""));
    });
    const table = Object.values(PROJECTS).flat();
    assertEquals(table.flatMap(({ theirs }) => theirs ?? []).sort(), found.sort());
    for (const { theirs, typed } of table) {
      const own = theirs?.replace(/^python3? \S+\.py /, "");
      if (own !== undefined) assert([own, `train ${own}`, `generate ${own}`].includes(typed), typed);
    }
  },
});

Deno.test("the text of our own has the length of theirs", () => {
  assertEquals(ourText.length, 1527);
  assertEquals(theirText?.length ?? 1527, 1527);
});
