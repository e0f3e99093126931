/**
 * What `doctor` reports.
 *
 * @module
 */

/** One line of the report, for people and for programs. */
export interface Finding {
  /** What it is about, in one or two words. */
  readonly name: string;
  /** What was found. */
  readonly text: string;
  /** Whether it is a fault. */
  readonly faulty?: boolean;
  /** The numbers and names in the text. */
  readonly figures?: Readonly<Record<string, unknown>>;
}
