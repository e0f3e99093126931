/**
 * The page: connects the form, the view of the run and the worker.
 *
 * @module
 */
import { BeginForm } from "./view/begin_form.ts";
import { connect, type Connection } from "./view/connection.ts";
import { KeptRunView } from "./view/kept_run.ts";
import { show, write } from "./view/elements.ts";
import type { FromWorker, Question, ToWorker } from "./protocol.ts";
import { InsideView } from "./view/inside/inside_view.ts";
import { AttentionView } from "./view/look/attention_view.ts";
import { NextTokenView } from "./view/look/next_token_view.ts";
import { SkillsView } from "./view/look/skills_view.ts";
import { SurpriseView } from "./view/look/surprise_view.ts";
import { OpenFiles } from "./view/open_files.ts";
import { RateView } from "./view/rate_view.ts";
import { RunView } from "./view/run_view.ts";
import { TakeAway } from "./view/take_away.ts";

/** Failures of these are shown beside the field they belong to, not as an alert. */
const SHOWN_BESIDE: readonly ToWorker["kind"][] = [
  "text",
  "plan",
  "distribution",
  "attention",
  "inside",
  "surprise",
];

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
  openFiles.receive(message);
  for (const look of looks) look.receive(message);
  if (message.kind === "state" && message.state === "idle") form?.reopen();
}

const view = new RunView(send);
const rate = new RateView(send);
const takeAway = new TakeAway(send);
const ask = (question: Question) => connection?.send(question);
const looks = [
  new NextTokenView(ask),
  new SurpriseView(ask),
  new SkillsView(),
  new AttentionView(ask),
  new InsideView(ask),
];
let form: BeginForm | undefined;
let keptRun: KeptRunView | undefined;
const openFiles = new OpenFiles(send, complain, (text) => form?.setText(text));
connect(receive, complain).then((connected) => {
  connection = connected;
  keptRun = new KeptRunView(send);
  form = new BeginForm(send, (choices) => send({ kind: "begin", choices }));
}).catch((error) => complain(error.message));
