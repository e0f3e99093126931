/**
 * What the page and the picture of a coloured text share: the scale, and which texts stand for tokens.
 *
 * The scale has steps instead of a gradient, so that a colour can be read back as a number, and each step doubles the one
 * before: most losses of a trained model are near 0, and the few large ones differ most. Brightness alone tells losses
 * apart; what is better than the optimum is blue, which no form of colour blindness confuses with orange.
 *
 * @module
 */
import { visible } from "../core/visible.ts";

/**
 * A token, or a few that make one character together, and how well it was predicted.
 *
 * @category Plots
 */
export interface ColouredToken {
  /** What it stands for; any text. */
  readonly text: string;
  /** −ln p of the model, in nats; missing where there was no prediction, as for the first token of a text. */
  readonly loss?: number;
  /** −ln p of the process that the text was drawn from, in nats, where that is known. */
  readonly optimal?: number;
  /** What it takes to predict the token, where that is known. */
  readonly skill?: string;
}

/**
 * Headings of a coloured text.
 *
 * @category Plots
 */
export interface ColouredTextOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
}

/**
 * The most tokens that are coloured: browsers show a page at once, and viewers open a picture.
 *
 * @category Plots
 */
export const MOST_COLOURED: { readonly page: number; readonly picture: number } = {
  page: 20_000,
  picture: 4_000,
};

/** Where one colour ends and the next begins, in nats: losses use those from {@linkcode NEUTRAL} on. */
export const BOUNDS: readonly number[] = [-1, -0.1, 0.1, 0.5, 1, 2, 4, 8];

/** The level without a colour: less than 0.1 nats. */
export const NEUTRAL = 2;

/** Colours of one background, and of the texts on it. */
interface Theme {
  /** The colour of each level. */
  readonly levels: readonly string[];
  /** The colour of texts on each level. */
  readonly inks: readonly string[];
  /** The colour of texts that say something about the picture, or that were not predicted. */
  readonly faint: string;
}

const repeat = (counts: readonly [string, number][]) =>
  counts.flatMap(([ink, count]) => Array(count).fill(ink));

/** For a white and for a dark background. */
export const THEMES: { readonly light: Theme; readonly dark: Theme } = {
  light: {
    levels: [
      ...["#7fb2e0", "#d3e5f5", "#ffffff"],
      ...["#fff1cf", "#ffdc94", "#fdb755", "#ef8a1d", "#b94f08", "#7a2b05"],
    ],
    inks: repeat([["#1b1b1b", 7], ["#ffffff", 2]]),
    faint: "#636363",
  },
  dark: {
    levels: [
      ...["#2f6699", "#1f3a55", "#17191d"],
      ...["#332a14", "#55400f", "#7c560c", "#bd7a12", "#e59a35", "#ffd793"],
    ],
    inks: repeat([["#ececec", 6], ["#0d0e10", 3]]),
    faint: "#a0a0a0",
  },
};

/** A text that is ready to be drawn. */
export interface PreparedText {
  /** The tokens that are shown, and the level of each; −1 where nothing is known. */
  readonly tokens: readonly {
    readonly text: string;
    readonly level: number;
    readonly token: ColouredToken;
  }[];
  /** What the colours stand for. */
  readonly meaning: string;
  /** The levels of the legend. */
  readonly legend: readonly { readonly level: number; readonly label: string }[];
  /** Sentences about the whole: means, and what is left out. */
  readonly notes: readonly string[];
}

/**
 * Chooses a level for each token: by the loss, or, where an optimal loss is known for any of them, by what the loss is above
 * it.
 */
export function prepareText(tokens: readonly ColouredToken[], most: number): PreparedText {
  const shown = tokens.slice(0, most), isKnown = shown.some(({ optimal }) => isNumber(optimal));
  const valueOf = ({ loss, optimal }: ColouredToken): number => isKnown ? loss! - optimal! : loss!; // NaN if missing
  const measured = shown.filter((token) => isNumber(valueOf(token)));
  const mean = (value: (token: ColouredToken) => number) =>
    (measured.reduce((sum, token) => sum + value(token), 0) / measured.length).toFixed(4);
  const notes = [`${count(measured.length)} predicted tokens`];
  if (measured.length > 0) {
    notes[0] += `: mean loss ${mean(({ loss }) => loss!)} nats`;
    if (isKnown) notes[0] += `, optimal ${mean(({ optimal }) => optimal!)}, excess ${mean(valueOf)}`;
  }
  if (shown.length < tokens.length) {
    notes.push(`Shown are the first ${count(shown.length)} of ${count(tokens.length)} tokens.`);
  }
  const labels = BOUNDS.map((bound, index) => `${signed(bound)}…${signed(BOUNDS[index + 1])}`);
  labels.unshift(`< ${signed(BOUNDS[0])}`);
  labels[BOUNDS.length] = `> ${signed(BOUNDS[BOUNDS.length - 1])}`;
  labels[NEUTRAL] = isKnown ? `±${BOUNDS[NEUTRAL]}` : `< ${BOUNDS[NEUTRAL]}`;
  return {
    tokens: shown.map((token) => ({ text: shownText(token.text), level: levelOf(valueOf(token)), token })),
    meaning: isKnown ? "loss above the optimum, in nats" : "loss, in nats",
    legend: labels.map((label, level) => ({ level, label })).slice(isKnown ? 0 : NEUTRAL),
    notes,
  };
}

const isNumber = (value: number | undefined): value is number => Number.isFinite(value);

/** How many bounds a value has reached; −1 where there is none. */
function levelOf(value: number): number {
  return isNumber(value) ? BOUNDS.filter((bound) => value >= bound).length : -1;
}

const signed = (value: number) => `${value}`.replace("-", "−");

/** A number with commas: `12,345`. */
export const count = (value: number): string => `${value}`.replace(/\B(?=(\d{3})+$)/g, ",");

/** The most characters of a token that are shown. */
const MOST_CHARACTERS = 200;

/** A token as it is shown: line ends have a sign before them, other characters that could do harm are escaped. */
function shownText(text: string): string {
  const characters = [...text];
  const whole = characters.length > MOST_CHARACTERS
    ? `${characters.slice(0, MOST_CHARACTERS - 1).join("")}…`
    : text;
  return whole.split("\n").map(visible).join("↵\n");
}

/** A text in HTML or SVG. */
export function markup(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
