/**
 * What the examinations of `doctor` return: its report prints one line per finding.
 *
 * @module
 */

/** One line of what `doctor` reports, for people and for programs. */
export interface Finding {
  /** What it is about, in one or two words. */
  readonly name: string;
  readonly text: string;
  readonly faulty?: boolean;
  /** The numbers and names in the text. */
  readonly figures?: Readonly<Record<string, unknown>>;
}
