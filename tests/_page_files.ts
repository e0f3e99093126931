/** What the tests of opening models on the page share. */
import type { Shelf } from "../page/compute/kept_run.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { FromWorker, GivenFile, ToWorker } from "../page/protocol.ts";

/** The files of a folder as the page gets them: the path of each begins with the name of the folder. */
export function filesIn(folder: string, name: string = folder.replace(/.*\//, "")): GivenFile[] {
  return [...Deno.readDirSync(folder)].flatMap((entry): GivenFile[] => {
    const path = `${name}/${entry.name}`, place = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesIn(place, path) : [{ path, blob: new Blob([Deno.readFileSync(place)]) }];
  });
}

/** A place for a kept run, in memory. */
export function shelf(): Shelf {
  let content: Uint8Array<ArrayBuffer> | undefined;
  return { read: () => Promise.resolve(content), write: (bytes) => Promise.resolve(void (content = bytes)) };
}

/** A trainer and its answers. */
export function page(kept?: Shelf) {
  const answers: FromWorker[] = [], trainer: Trainer = new Trainer((message) => answers.push(message), kept);
  const send = async (...messages: ToWorker[]) => {
    for (const message of messages) await trainer.receive(message);
  };
  const last = <Kind extends FromWorker["kind"]>(kind: Kind) =>
    answers.findLast((answer) => answer.kind === kind) as (FromWorker & { kind: Kind }) | undefined;
  const losses = () => answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []);
  const generate = async (prompt: string, seed: number, temperature = 0.8) => {
    const { length } = answers;
    await send({ kind: "generate", prompt, temperature, seed });
    const pieces = answers.slice(length).flatMap((answer) =>
      answer.kind === "generated" ? [answer.piece] : []
    );
    return prompt + pieces.join("");
  };
  return { answers, trainer, send, last, losses, generate };
}
