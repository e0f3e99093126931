/**
 * The small models of all families, compared with the published ones.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { verify as verifySmallRuns } from "../../training/verification/verify.ts";
import { conclusionLine, describeMachine, resultLine } from "./report.ts";

/** The result for a small run: its checksum and the published one, and where it first differs. */
export interface FamilyResult {
  readonly name: string;
  readonly steps: number;
  readonly sha256: string;
  readonly published: string;
  readonly equal: boolean;
  /** The first step after which a tensor differs, 0 for the initial values, and the first tensor that does. */
  readonly difference?: { readonly step: number; readonly tensor: string };
}

/** Trains the small runs, and says of each whether it equals the published one. */
export async function verifyFamilies(
  backend: Backend,
  { say }: { say(line: string): void },
): Promise<{ readonly equal: boolean; readonly device: string; readonly models: readonly FamilyResult[] }> {
  const { device } = backend, models: FamilyResult[] = [], start = performance.now();
  say(describeMachine(device));
  for await (const { difference, ...result } of verifySmallRuns(backend)) {
    const { name, sha256, published } = result, equal = difference === undefined;
    models.push({ ...result, equal, ...difference && { difference } });
    const where = difference?.step === 0 ? "before the first step" : `after step ${difference?.step}`;
    say(resultLine(
      name,
      sha256,
      equal
        ? `= published`
        : `DIFFERS from the published ${published}: first ${where}, in ${difference.tensor}`,
    ));
  }
  const count = models.filter(({ equal }) => equal).length, equal = count === models.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  say(
    conclusionLine(
      "result",
      `${count} of ${models.length} models are bit for bit the published ones (${seconds}s)`,
    ),
  );
  return { equal, device, models };
}
