/** Child processes under watch: how long they take, how much memory they hold, what they say. */

/** Most memory that a child may hold, in bytes. */
const MAX_BYTES = 1e9;

/** The memory that a process holds, where the system says it. */
async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0);
}

/** What ended a child that did not end by itself. */
export type Stop = "time" | "memory" | undefined;

/** Looks at a child until it ends, and ends it when it takes too long or too much memory. */
export async function watch(
  child: Deno.ChildProcess,
  { isLate, interval = 50 }: { isLate: () => boolean; interval?: number },
): Promise<{ code: number; signal: Deno.Signal | null; stop: Stop }> {
  let stop: Stop, ended = false;
  const status = child.status.finally(() => ended = true);
  while (!ended) {
    if (isLate()) stop = "time";
    else if (await residentBytes(child.pid) > MAX_BYTES) stop = "memory";
    if (stop !== undefined && !ended) {
      child.kill("SIGKILL");
      break;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([status, new Promise((done) => timer = setTimeout(done, interval))]);
    clearTimeout(timer);
  }
  const { code, signal } = await status;
  return { code, signal, stop };
}

/** The lines of a stream as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
