/**
 * System errors in a few words. Deno, Node and Bun have different classes and messages for the same error; its code is the
 * same.
 *
 * @module
 */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EEXIST: "something else has this name",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "part of the path is a file, not a folder",
  EFBIG: "File too large",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EPIPE: "its reader has exited",
  ENAMETOOLONG: "the name is too long",
  EIO: "input/output error",
};

/**
 * The reason of a system error in a few words.
 *
 * @example
 * ```ts
 * import { reason } from "./reason.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(reason(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" })), "the disk is full");
 * assertEquals(reason(new Error("out of paper")), "out of paper");
 * ```
 *
 * @param error What was thrown.
 * @returns Such as `no such file or folder`; of an error without a code that is listed, its message.
 */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "NotCapable") return `Deno's permissions forbid it (${error.message})`;
  return REASONS[codeOf(error) ?? ""] ?? error.message.replace(/ \(os error \d+\).*/s, "");
}

/**
 * Whether an error says that there is nothing at a path.
 *
 * @param error What was thrown.
 * @returns Whether its code is ENOENT, or its class Deno's `NotFound`.
 */
export const isMissing = (error: unknown): boolean =>
  codeOf(error) === "ENOENT" || error instanceof Error && error.name === "NotFound";

const codeOf = (error: unknown): string | undefined => (error as { readonly code?: string } | null)?.code;
