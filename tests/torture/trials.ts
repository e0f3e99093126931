/** Trials: what is tried, in which order, and what became of it. */

/** Something that is tried. */
export interface Trial {
  /** What the trials are counted under. */
  readonly group: string;
  /** What it is, such as `at 37: rename`. */
  readonly name: string;
  /** Tries it; gives what is wrong, if anything. */
  attempt(): Promise<string | undefined>;
}

/** How the trials of a group went. */
export interface Tally {
  /** How many there are. */
  readonly planned: number;
  /** How many were tried. */
  tried: number;
  /** What failed, and how. */
  readonly failures: string[];
}

/** How to try. */
export interface TryOptions {
  /** Decides the order. */
  readonly seed: number;
  /** When to stop, in milliseconds since 1970; without it, everything is tried. */
  readonly until?: number;
  /** How many to try at most. */
  readonly most?: number;
  /** How many are tried side by side. */
  readonly workers: number;
  /** Is told of each trial that failed, and now and then how far it is. */
  report?(line: string): void;
}

/**
 * Tries. Groups take turns, so that a share of the time is a share of each of them; the order within a group is random.
 *
 * @param trials What to try.
 * @param options How.
 * @returns What became of each group.
 */
export async function tryAll(trials: readonly Trial[], options: TryOptions): Promise<Map<string, Tally>> {
  const { seed, until = Infinity, most = Infinity, workers, report = () => {} } = options;
  const queue = inTurns(trials, seed).slice(0, most), tallies = new Map<string, Tally>();
  for (const { group } of trials) {
    const planned = (tallies.get(group)?.planned ?? 0) + 1;
    tallies.set(group, { planned, tried: 0, failures: [] });
  }
  let next = 0, failed = 0, toldAt = Date.now();
  const work = async () => {
    while (next < queue.length && Date.now() < until) {
      const { group, name, attempt } = queue[next++], tally = tallies.get(group)!;
      const problem = await attempt().catch((error) => `the torture itself fails: ${Deno.inspect(error)}`);
      tally.tried++;
      if (problem !== undefined) {
        tally.failures.push(`${name}: ${problem}`);
        failed++;
        report(`failed  ${group}, ${name}: ${problem}`);
      }
      if (Date.now() - toldAt < 30_000) continue;
      toldAt = Date.now();
      report(`so far  ${next} of ${queue.length} tried, ${failed} failed`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return tallies;
}

/** One of each group after the other, groups and each group in random order. */
function inTurns(trials: readonly Trial[], seed: number): Trial[] {
  const byGroup = [...Map.groupBy(trials, ({ group }) => group).values()];
  const groups = shuffled(byGroup, seed).map((group) => shuffled(group, seed));
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => groups.flatMap((group) => group[i] ?? [])).flat();
}

/** Numbers from 0 to 1 that depend on the seed only. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const result = [...items], draw = random(seed);
  for (let i = result.length - 1; i > 0; i--) {
    const other = Math.floor(draw() * (i + 1));
    [result[i], result[other]] = [result[other], result[i]];
  }
  return result;
}
