/**
 * How fast text becomes ids and a corpus a vocabulary, here and with the peers, in one run.
 *
 *     deno run -A bench/tokenizers.ts [--json] [--only NAME] [FILE...]
 *
 * Without files, the two texts of ../shared/data. Each peer has a process of its own, so that memory is its own and its
 * first text is read by code that has not run before. All encode with GPT-2's vocabulary. "first" is a text seen for the
 * first time, "again" the median of three more. The vocabulary is trained on the last file; for figures that mean
 * something that should be a large one, such as the joined sources of Debian's package linux-doc (24 MB).
 *
 * Peers: npm `gpt-tokenizer`, `tiktoken` (WASM), and Hugging Face `tokenizers` (Rust, one thread) where Python has it.
 */

import { basename } from "@std/path";
import { textChunks } from "../commands/texts/files.ts";
import { loadGpt2 } from "../tests/_tokenizer_data.ts";
import { BpeTokenizer } from "../tokenizers/bpe/bpe_tokenizer.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { wholeLines } from "../tokenizers/whole_lines.ts";

/** One line of a process. Times are in seconds. */
interface Measurement {
  peer: string;
  task: "encode" | "long word" | "train";
  file?: string;
  bytes?: number;
  tokens?: number;
  vocabSize?: number;
  last?: string[];
  first: number;
  again?: number;
  peakMegabytes?: number;
}

type Encode = (text: string) => ArrayLike<number>;

const peers: Record<string, (vocabulary: string) => Promise<Encode>> = {
  "miniformer": async (vocabulary) => {
    const tokenizer = BpeTokenizer.fromHuggingFace(await Deno.readTextFile(vocabulary));
    return (text) => tokenizer.encode(text);
  },
  "gpt-tokenizer 4.0.0": async () => {
    const { encode } = await import("npm:gpt-tokenizer@4.0.0/encoding/r50k_base");
    return (text) => encode(text, { disallowedSpecial: new Set() });
  },
  "tiktoken 1.0.22 (WASM)": async () => {
    const { get_encoding } = await import("npm:tiktoken@1.0.22");
    const encoding = get_encoding("r50k_base");
    return (text) => encoding.encode_ordinary(text);
  },
};

function seconds<Result>(work: () => Result): [seconds: number, result: Result] {
  const start = performance.now();
  const result = work();
  return [(performance.now() - start) / 1000, result];
}

function say(measurement: Omit<Measurement, "peakMegabytes">): void {
  let peakMegabytes: number | undefined;
  try {
    peakMegabytes = Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]) / 1024;
  } catch {
    peakMegabytes = undefined; // Only Linux tells the peak.
  }
  console.log(JSON.stringify({ ...measurement, peakMegabytes }));
}

async function encodeAll(peer: string, vocabulary: string, files: string[]): Promise<void> {
  const encode = await peers[peer](vocabulary);
  encode("Hello, world!");
  for (const path of files) {
    const content = Deno.readFileSync(path);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
    const [first, ids] = seconds(() => encode(text));
    const again = [1, 2, 3].map(() => seconds(() => encode(text))[0]).sort((a, b) => a - b)[1];
    say({
      peer,
      task: "encode",
      file: basename(path),
      bytes: content.length,
      tokens: ids.length,
      first,
      again,
    });
  }
  say({ peer, task: "long word", first: seconds(() => encode("a".repeat(100_000)))[0] });
}

async function train(vocabSize: number, path: string): Promise<void> {
  const start = performance.now();
  const tokenizer = await trainBpe(wholeLines(textChunks(path)), { vocabSize, lines: true });
  const first = (performance.now() - start) / 1000;
  say({
    peer: "miniformer",
    task: "train",
    file: basename(path),
    bytes: Deno.statSync(path).size,
    vocabSize: tokenizer.vocabSize,
    last: tokenizer.merges.at(-1)!.map((id) => tokenizer.tokenOf(id)),
    first,
  });
}

/** Runs a process and reads its lines; none if it cannot be run. */
async function measure(command: string, args: string[]): Promise<Measurement[]> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
    return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    console.error(`left out: ${command} ${args.slice(-4).join(" ")}: ${(error as Error).message}`);
    return [];
  }
}

function show(
  { peer, task, file, bytes, tokens, vocabSize, first, again, peakMegabytes }: Measurement,
): string {
  const speed = (seconds: number | undefined): string =>
    seconds === undefined ? "" : `${(bytes! / seconds / 1e6).toFixed(1).padStart(7)} MB/s`;
  const memory = peakMegabytes === undefined ? "" : `${peakMegabytes.toFixed(0).padStart(5)} MB`;
  const columns = task === "encode"
    ? [`encode ${file}`, `${tokens} tokens`, `first ${speed(first)}`, `again ${speed(again)}`]
    : task === "train"
    ? [`train on ${file}`, `${vocabSize} tokens`, `${first.toFixed(2)} s`, memory]
    : ["encode 100,000 × a", "", `first ${(first * 1000).toFixed(0).padStart(7)} ms`, ""];
  const widths = [32, 16, 20, 20];
  return peer.padEnd(26) + columns.map((column, i) => column.padEnd(widths[i])).join("").trimEnd();
}

if (import.meta.main) {
  const [child, ...rest] = Deno.args;
  if (child === "child-encode") await encodeAll(rest[0], rest[1], rest.slice(2));
  else if (child === "child-train") await train(Number(rest[0]), rest[1]);
  else await compare(Deno.args);
}

async function compare(args: string[]): Promise<void> {
  const json = args.includes("--json");
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  const data = new URL("../../shared/data/", import.meta.url).pathname;
  const given = args.filter((arg, i) => !arg.startsWith("--") && args[i - 1] !== "--only");
  const files = given.length > 0
    ? given
    : ["wikitext2-valid.txt", "tinyshakespeare.txt"].map((name) => data + name);
  const gpt2 = await loadGpt2();
  if (!gpt2) {
    throw new Error(
      "Cannot compare: GPT-2's vocabulary is out of reach",
    );
  }
  const vocabulary = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(vocabulary, gpt2.toHuggingFace()["tokenizer.json"]);
    const self = ["run", "-A", "--no-check", new URL(import.meta.url).pathname];
    const python = new URL("tokenizers_peer.py", import.meta.url).pathname;
    const runs: [name: string, command: string, args: string[]][] = [];
    for (const peer of Object.keys(peers)) {
      runs.push(["encode", Deno.execPath(), [...self, "child-encode", peer, vocabulary, ...files]]);
    }
    runs.push(["encode", "python3", [python, "encode", vocabulary, ...files]]);
    for (const vocabSize of ["8192", "32768"]) {
      runs.push(["train", Deno.execPath(), [...self, "child-train", vocabSize, files.at(-1)!]]);
      runs.push(["train", "python3", [python, "train", vocabSize, files.at(-1)!]]);
    }
    const all: Measurement[] = [];
    for (const [name, command, args] of runs) {
      if (only !== undefined && name !== only) continue;
      for (const measurement of await measure(command, args)) {
        console.log(json ? JSON.stringify(measurement) : show(measurement));
        all.push(measurement);
      }
    }
    // A fast answer counts only if it is the same answer.
    const answers = Map.groupBy(all, ({ task, file, vocabSize }) => `${task} ${file} ${vocabSize ?? ""}`);
    for (const [what, given] of answers) {
      const answer = ({ tokens, last }: Measurement): string =>
        `${tokens ?? ""} ${last?.join(" + ") ?? ""}`.trim();
      if (new Set(given.map(answer)).size > 1) {
        console.error(
          `not the same ids: ${what}: ${given.map((one) => `${one.peer} ${answer(one)}`).join(", ")}`,
        );
      }
    }
  } finally {
    await Deno.remove(vocabulary);
  }
}
