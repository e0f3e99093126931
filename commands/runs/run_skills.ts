/**
 * The validation loss of a run by skill: measured with each validation, recorded in `metrics.jsonl`, and drawn at the end as
 * `skills.svg` and `skills.png`.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { log } from "../../core/math.ts";
import type { Batch } from "../../data/batches.ts";
import { type OraclePosition, type Skill, SKILLS } from "../../data/oracle.ts";
import { IGNORE_INDEX } from "../../kernels/cross_entropy.ts";
import type { ModelsByKind } from "../../models/families.ts";
import { skillsPlot } from "../../plots/skills_plot.ts";
import { evaluateTokens } from "../../training/evaluate.ts";
import type { MetricsRecord, SkillLosses } from "../../training/tensorboard_events.ts";
import { printDiagnostic } from "../cli/errors.ts";
import type { RunFolder } from "./run_folder.ts";

/** What is known of the targets of validation batches. */
interface KnownTargets {
  /** The index of each target in its text, or IGNORE_INDEX. */
  indices(): readonly Uint32Array[];
  /** What the oracle says of an index. */
  positions(index: number): OraclePosition | undefined;
}

/** The targets of a skill. */
interface SkillTargets {
  readonly skill: Skill;
  /** The batch of each, and its index there. */
  readonly places: (readonly [batch: number, target: number])[];
  /** Sum of −ln p of the oracle. */
  optimal: number;
}

/** Measures a model by skill. */
export class RunSkills {
  readonly #model: ModelsByKind["causal"];
  readonly #batches: readonly Batch[];
  readonly #known: KnownTargets;
  /** Found with the first validation: a run that is only described needs none. */
  #targets: readonly SkillTargets[] | undefined;

  constructor(model: ModelsByKind["causal"], batches: readonly Batch[], known: KnownTargets) {
    [this.#model, this.#batches, this.#known] = [model, batches, known];
  }

  /** The validation loss, with the bits that `evaluate` gives it, and what it is by skill. */
  async evaluate(backend: Backend): Promise<{ loss: number; skills: MetricsRecord["skills"] }> {
    const { loss, losses } = await evaluateTokens(backend, this.#model, this.#batches);
    this.#targets ??= sortBySkill(this.#known);
    const skills: Partial<Record<Skill, SkillLosses>> = {};
    for (const { skill, places, optimal } of this.#targets) {
      const { length: positions } = places;
      const sum = places.reduce((sum, [batch, target]) => sum + losses[batch][target], 0);
      if (positions > 0) skills[skill] = { positions, loss: sum / positions, optimal: optimal / positions };
    }
    return { loss, skills: isEmpty(skills) ? undefined : skills };
  }
}

const isEmpty = (skills: MetricsRecord["skills"]) => skills === undefined || Object.keys(skills).length === 0;

function sortBySkill({ indices, positions }: KnownTargets): SkillTargets[] {
  const sorted = SKILLS.map((skill): SkillTargets => ({ skill, places: [], optimal: 0 }));
  indices().forEach((targets, batch) =>
    targets.forEach((index, target) => {
      const position = index === IGNORE_INDEX ? undefined : positions(index);
      if (position === undefined) return;
      const found = sorted[SKILLS.indexOf(position.skill)];
      found.places.push([batch, target]);
      found.optimal -= log(position.probability);
    })
  );
  return sorted;
}

/** Draws the skills over the steps, where they were recorded. */
export async function drawSkills(folder: RunFolder, subtitle: string): Promise<void> {
  if (newest(folder) === undefined) return;
  try {
    await folder.addPicture("skills", await skillsPlot(folder.records, { title: folder.path, subtitle }));
  } catch (error) {
    printDiagnostic(`The skills could not be drawn: ${(error as Error).message}`);
  }
}

/** The newest figures in words: the skills from the best to the worst. */
export function describeSkills(folder: Pick<RunFolder, "path" | "records">): string | undefined {
  const skills = newest(folder);
  if (skills === undefined) return;
  const sorted = Object.entries(skills).map(([skill, { loss, optimal }]) => ({
    skill,
    excess: loss - optimal,
  }))
    .sort((a, b) => a.excess - b.excess);
  const parts = sorted.map(({ skill, excess }) => `${skill} ${excess.toFixed(3)}`);
  return `${parts.join(", ")} nats per character above the optimum (${folder.path}/skills.svg)`;
}

const newest = ({ records }: Pick<RunFolder, "records">) =>
  records.findLast(({ skills }) => !isEmpty(skills))?.skills;
