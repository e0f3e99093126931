import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { evaluateWith } from "../commands/lab/evaluated_run.ts";
import { inFolder, succeed, words } from "./_command.ts";

Deno.test("the model of a run of tales is evaluated by skill, as evaluate does", () =>
  inFolder(async (cwd) => {
    const run = `${cwd}/runs/tales`, device = ["--device=wasm", "--threads=1"];
    const line =
      "train --data tales --steps 2 --context_length 32 --validation_fraction 0.004 --sample_interval 2";
    await succeed([...words(line), ...device], { cwd });
    const { loss, optimal, skills } = await evaluateWith()(run, device);
    const evaluate = ["evaluate", "--checkpoint", `${run}/last`, ...device, "--json"];
    const { tales } = JSON.parse(await succeed(evaluate, { cwd }));
    assertEquals([loss, optimal], [tales.all.loss, tales.all.optimal]);
    const [{ skill, positions }] = tales.skills;
    assertEquals(skills[skill].positions, positions);
    const sum = (of: "loss" | "optimal") =>
      Object.values(skills).reduce((sum, part) => sum + part.positions * part[of], 0);
    assertAlmostEquals(sum("loss") - sum("optimal"), (loss! - optimal!) * tales.all.positions, 1e-6);
  }));

Deno.test("an evaluation that fails is an error that names the run and says why", () =>
  inFolder(async (cwd) => {
    const programs = {
      "console.error('error: the disk is full\\n  at x'); Deno.exit(1)": "the disk is full",
    };
    for (const [body, why] of Object.entries({ ...programs, "Deno.exit(1)": "evaluate says nothing" })) {
      await Deno.writeTextFile(`${cwd}/cli.ts`, body);
      const evaluate = evaluateWith(toFileUrl(`${cwd}/cli.ts`));
      await assertRejects(
        () => evaluate("lab/x/runs/a-seed-1", []),
        Error,
        `Cannot evaluate lab/x/runs/a-seed-1: ${why}`,
      );
    }
  }));
