/**
 * Loaded into the program before its first line (`deno run --preload`): counts the operations that change something on
 * the disk, and at one of them carries out the orders in the environment. Reading does not count.
 *
 * Asynchronous operations are carried out at once, when they are called: several that are begun together would otherwise
 * end in an order that no two processes share, and a cut point would not be the same moment twice.
 */
import fs from "node:fs/promises";
import { type Operation, OPERATION_MARK, type Orders, ORDERS_VARIABLE } from "./orders.ts";

// deno-lint-ignore no-explicit-any -- functions of all kinds are replaced by name
type Any = any;
type Partly = () => void;

const orders: Orders = JSON.parse(Deno.env.get(ORDERS_VARIABLE) ?? '{"mode":"count","at":0}');
const original = { ...Deno } as Any, originalFile = { ...methodsOf(Deno.FsFile.prototype) } as Any;
const paths = new WeakMap<object, string>(), encoder = new TextEncoder();
let count = 0;

function methodsOf(prototype: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([name, { value }]) => [name, value]),
  );
}

function die(): never {
  original.kill(Deno.pid, "SIGKILL");
  while (true); // not one more line of the program
}

/** Counts an operation, and gives the error that it shall fail with, if it shall. */
function meet(operation: Operation, partly: Partly | undefined): Error | undefined {
  const path = operation.path.replaceAll("\n", " ");
  original.stderr.writeSync(encoder.encode(OPERATION_MARK + JSON.stringify({ ...operation, path }) + "\n"));
  if (orders.path !== undefined && !path.endsWith(orders.path)) return;
  const at = count++, { mode } = orders, failing = failureOf(operation, mode);
  if (mode === "full" && at >= orders.at && operation.growing) {
    partly?.();
    return failing;
  }
  if (mode === "fail" && (orders.path === undefined ? at === orders.at : at >= orders.at)) {
    partly?.();
    return failing;
  }
  if (at !== orders.at) return;
  if (mode === "torn") partly?.();
  if (mode === "kill" || mode === "torn") die();
  if (mode !== "signal") return;
  const send = () => original.kill(Deno.pid, orders.signal!);
  if (orders.delay) setTimeout(send, orders.delay);
  else send();
}

function failureOf({ growing }: Operation, mode: string): Error {
  const [code, message] = growing && (mode === "full" || orders.path === undefined)
    ? ["ENOSPC", "No space left on device (os error 28)"]
    : ["EIO", "Input/output error (os error 5)"];
  return Object.assign(new Error(message), { code });
}

/** Replaces a function and its synchronous twin; both do what the twin did. */
function replace(
  target: Any,
  name: string,
  describe: (self: Any, args: Any[]) => { path: string; growing?: boolean; partly?: Partly } | undefined,
): void {
  const before = target[`${name}Sync`];
  const carryOut = (self: Any, args: Any[]): Any => {
    const what = describe(self, args);
    if (what) {
      const { path, growing = false, partly } = what;
      const failure = meet({ kind: name, path: String(path), growing, divisible: !!partly }, partly);
      if (failure) throw failure;
    }
    const result = before.apply(self, args);
    if (result instanceof Deno.FsFile) paths.set(result, String(args[0]));
    return result;
  };
  target[`${name}Sync`] = function (this: Any, ...args: Any[]) {
    return carryOut(this, args);
  };
  target[name] = function (this: Any, ...args: Any[]) {
    return Promise.try(() => carryOut(this, args));
  };
}

const half = <Data extends Uint8Array | string>(data: Data): Data => data.slice(0, data.length >> 1) as Data;

function removeHalf(path: string): Partly | undefined {
  const entries = (() => {
    try {
      return Array.from(original.readDirSync(path) as Iterable<Deno.DirEntry>, ({ name }) => name).sort();
    } catch {
      return [];
    }
  })();
  if (entries.length < 2) return undefined;
  return () =>
    entries.slice(0, entries.length >> 1).forEach((name) =>
      original.removeSync(`${path}/${name}`, { recursive: true })
    );
}

const deno = Deno as Any, file = Deno.FsFile.prototype as Any;

replace(deno, "open", (_, [path, options = {}]) => {
  const changing = options.create || options.createNew || options.truncate;
  return changing ? { path, growing: true } : undefined;
});
replace(deno, "remove", (_, [path, options]) => ({
  path,
  partly: options?.recursive ? removeHalf(String(path)) : undefined,
}));
for (const name of ["create", "mkdir", "makeTempDir", "makeTempFile"]) {
  replace(deno, name, (_, [path]) => ({ path, growing: true }));
}
for (const name of ["link", "symlink", "rename"]) {
  replace(deno, name, (_, [from, to]) => ({ path: `${from} to ${to}`, growing: true }));
}
for (const name of ["truncate", "chmod", "chown", "utime"]) replace(deno, name, (_, [path]) => ({ path }));
replace(deno, "copyFile", (_, [from, to]) => ({
  path: `${from} to ${to}`,
  growing: true,
  partly: () => original.writeFileSync(to, half(original.readFileSync(from))),
}));
for (const name of ["writeFile", "writeTextFile"]) {
  replace(deno, name, (_, [path, data, options]) => ({
    path,
    growing: true,
    partly: () => original[`${name}Sync`](path, half(data), options),
  }));
}
replace(file, "write", (self, [bytes]) => ({
  path: paths.get(self) ?? "a file",
  growing: true,
  partly: bytes.length > 1 ? () => originalFile.writeSync.call(self, half(bytes)) : undefined,
}));
for (const name of ["sync", "syncData"]) {
  replace(file, name, (self) => ({ path: paths.get(self) ?? "a file", growing: true }));
}
for (const name of ["truncate", "utime", "lock", "tryLock", "unlock"]) {
  replace(file, name, (self) => ({ path: paths.get(self) ?? "a file" }));
}
Object.defineProperty(file, "writable", {
  get() {
    throw new Error("tests/torture/faults.ts cannot count what a stream writes: use write");
  },
});

// What files/ does by Node's interface is counted as the same operations of Deno's.
const node = fs as Any;
node.rename = (from: string, to: string) => deno.rename(from, to);
node.mkdir = (path: string, options?: Deno.MkdirOptions) => deno.mkdir(path, options);
node.unlink = node.rmdir = (path: string) => deno.remove(path);
node.open = async (path: string, flags: "r" | "wx") => {
  const opened: Deno.FsFile = await deno.open(
    path,
    flags === "r" ? { read: true } : { write: true, createNew: true },
  );
  const part = (bytes: Uint8Array<ArrayBuffer>, offset: number, length: number) =>
    bytes.subarray(offset, offset + length);
  return {
    write: async (...to: Parameters<typeof part>) => ({ bytesWritten: await opened.write(part(...to)) }),
    read: async (...to: Parameters<typeof part>) => ({ bytesRead: await opened.read(part(...to)) ?? 0 }),
    sync: () => opened.sync(),
    stat: () => opened.stat(),
    close: () => Promise.resolve(opened.close()),
  };
};
