/**
 * The page: connects the form, the view of the run and the worker.
 *
 * @module
 */
import { BeginForm } from "./view/begin_form.ts";
import { connect, type Connection } from "./view/connection.ts";
import { KeptRunView } from "./view/kept_run.ts";
import { element, show, write } from "./view/elements.ts";
import type { FromWorker, Question, ToWorker } from "./protocol.ts";
import { InsideView } from "./view/inside/inside_view.ts";
import { AttentionView } from "./view/look/attention_view.ts";
import { NextTokenView } from "./view/look/next_token_view.ts";
import { SkillsView } from "./view/look/skills_view.ts";
import { SurpriseView } from "./view/look/surprise_view.ts";
import { RateView } from "./view/rate_view.ts";
import { RunView } from "./view/run_view.ts";
import { TakeAway } from "./view/take_away.ts";

/** A larger file is not read: the page would take too long to encode it. */
const MAX_FILE_BYTES = 20e6;

/** Why one of these failed stands where it was asked for. */
const SHOWN_BESIDE: readonly ToWorker["kind"][] = ["text", "plan", "distribution", "attention", "inside"];

let connection: Connection | undefined;

const send = (message: ToWorker) => {
  complain("");
  connection?.send(message);
};

/** Shows an error until the next action, or takes it away. */
function complain(message: string): void {
  write("alert", message);
  show("alert", message !== "");
}

function receive(message: FromWorker): void {
  if (message.kind === "failed" && !SHOWN_BESIDE.includes(message.at)) complain(message.message);
  form?.receive(message);
  view.receive(message);
  rate.receive(message);
  takeAway.receive(message);
  keptRun?.receive(message);
  for (const look of looks) look.receive(message);
  if (message.kind === "state" && message.state === "idle") form?.reopen();
}

/** Reads a text file that is dropped on the page. */
async function readDropped(file: File): Promise<void> {
  if (file.size > MAX_FILE_BYTES) {
    return complain(
      `${file.name} has ${Math.ceil(file.size / 1e6)} MB, a text may have ${
        MAX_FILE_BYTES / 1e6
      }: drop a smaller one.`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    form?.setText(text);
  } catch {
    complain(`${file.name} is not a text in UTF-8: drop a plain text file.`);
  }
}

function acceptFiles(): void {
  const mark = (dropping: boolean) => document.body.classList.toggle("dropping", dropping);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(!element("begin").hidden);
  });
  addEventListener("dragleave", () => mark(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const file = event.dataTransfer?.files[0];
    if (file && !element("begin").hidden) readDropped(file);
  });
}

const view = new RunView(send);
const rate = new RateView(send);
const takeAway = new TakeAway(send);
const ask = (question: Question) => connection?.send(question);
const looks = [
  new NextTokenView(ask),
  new SurpriseView(),
  new SkillsView(),
  new AttentionView(ask),
  new InsideView(ask),
];
let form: BeginForm | undefined;
let keptRun: KeptRunView | undefined;
acceptFiles();
connect(receive, complain).then((connected) => {
  connection = connected;
  keptRun = new KeptRunView(send);
  form = new BeginForm(send, (choices) => send({ kind: "begin", choices }));
}).catch((error) => complain(error.message));
