/**
 * Processes that print a line of JSON for each figure, with a limit on their time.
 *
 * @module
 */

/** A program with its arguments. */
export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables of its environment besides ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The path of a script of the benchmarks. */
export const pathOf = (script: string): string => new URL(`../${script}`, import.meta.url).pathname;

/**
 * Runs a program, and yields what its lines say as they come.
 *
 * @param program The program.
 * @param seconds After which it is ended.
 * @returns The objects in its standard output; other lines are left out.
 * @throws {Error} If it fails, with the last line of its errors, or is ended, once all of its lines are read.
 */
export async function* linesOf<Line>({ program, args, env }: Program, seconds: number): AsyncGenerator<Line> {
  const pipes = { stdout: "piped", stderr: "piped", stdin: "null" } as const;
  const child = new Deno.Command(program, { args: [...args], env, ...pipes }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, 1000 * seconds);
  const errors = new Response(child.stderr).text();
  try {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line) as Line;
    }
    const { success } = await child.status, last = (await errors).trim().split("\n").at(-1);
    if (isLate) throw new Error(`it was ended after ${seconds} seconds`);
    if (!success) throw new Error(last || "it failed without a message");
  } finally {
    clearTimeout(timer);
  }
}
