/**
 * The table of skills, on tales.
 *
 * @module
 */
import type { FromWorker } from "../../protocol.ts";
import { element, show, write } from "../elements.ts";
import { lossText, wholeNumber } from "../format.ts";

/** The table. */
export class SkillsView {
  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began" || message.kind === "opened") show("skills-panel", false);
    if (message.kind !== "skills") return;
    write("skills-step", `step ${wholeNumber(message.step)}`);
    show("skills-panel", true);
    element("skills").replaceChildren(
      ...message.rows.map(({ skill, positions, loss, optimal, excess }) => {
        const row = document.createElement("tr"), name = document.createElement("th");
        name.scope = "row";
        name.textContent = skill;
        row.append(name);
        for (const text of [wholeNumber(positions), ...[loss, optimal, excess].map(lossText)]) {
          row.insertCell().textContent = text;
        }
        return row;
      }),
    );
  }
}
