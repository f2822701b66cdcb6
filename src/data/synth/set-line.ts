import type { Line } from "./content.ts";
import type { Face } from "./faces.ts";
import { CANVAS, MARGIN } from "./geometry.ts";
import type { Arrow } from "./phrases.ts";
import { NO_BREAK } from "./quantity.ts";

/** In units of the canvas, where small letters are a good half as high. */
export const TEXT_SIZES = { least: 11, low: 14, high: 24 } as const;
const WIDEST = CANVAS - 2 * MARGIN;

/** How a line is set. */
export interface Setting {
  readonly face: Face;
  /** The same in a narrow face. */
  readonly narrow: Face;
  readonly size: number;
  /** Width to height of the letters, 1 as designed. */
  readonly stretch: number;
  /** Between letters, as part of the size. */
  readonly spacing: number;
}

/** A line of letters of one size, not placed yet. */
export interface SetLine {
  readonly text: string;
  /** The line that this one is, or is a part of. */
  readonly source: Line;
  readonly arrow?: Arrow;
  readonly face: Face;
  readonly size: number;
  readonly stretch: number;
  readonly spacing: number;
}

/** Room that an arrow takes besides its text, as parts of the text's size. */
const ARROW_ROOM: Readonly<Record<Arrow, { readonly left: number; readonly height: number }>> = {
  across: { left: 0, height: 1.75 },
  up: { left: 0.75, height: 1.9 },
  slanting: { left: 1.3, height: 1.5 },
};

export const leftRoom = ({ arrow, size }: SetLine) => (arrow ? ARROW_ROOM[arrow].left * size : 0);
export const textWidth = ({ text, face, size, stretch, spacing }: SetLine) =>
  size * (stretch * [...text].reduce((sum, char) => sum + face.advance(char), 0) + spacing * (text.length - 1));
export const lineWidth = (line: SetLine) => leftRoom(line) + textWidth(line);
export const lineHeight = ({ arrow, size }: SetLine) => (arrow ? ARROW_ROOM[arrow].height : 1.15) * size;

/**
 * Sets a line as large as it may be: at the size asked for, smaller, in two lines, or smaller still and narrow.
 * @returns one line or more; undefined when it fits in no way
 */
export function setLine(line: Line, setting: Setting): readonly SetLine[] | undefined {
  return setPart(line.text, line, setting);
}

function setPart(text: string, source: Line, setting: Setting): readonly SetLine[] | undefined {
  const { least, low } = TEXT_SIZES;
  const { narrow, ...own } = setting;
  const tight = { ...own, face: narrow, stretch: 1, spacing: 0 };
  return (
    fitted(text, source, own, low) ??
    broken(text, source, " ", setting) ??
    fitted(text, source, own, least) ??
    fitted(text, source, tight, least) ??
    broken(text, source, NO_BREAK, setting)
  );
}

function fitted(
  text: string,
  source: Line,
  setting: Omit<Setting, "narrow">,
  least: number,
): readonly SetLine[] | undefined {
  const arrow = source.arrow && { arrow: source.arrow };
  const set: SetLine = { text: text.replaceAll(NO_BREAK, " "), source, ...arrow, ...setting };
  const size = set.size * Math.min(1, WIDEST / lineWidth(set));
  return size >= least ? [{ ...set, size }] : undefined;
}

/** In two, at the space nearest the middle. */
function broken(text: string, source: Line, space: string, setting: Setting): readonly SetLine[] | undefined {
  const spaces = [...text].flatMap((char, at) => (char === space ? [at] : []));
  if (source.arrow || spaces.length === 0) return undefined;
  const offMiddle = (at: number) => Math.abs(at - (text.length - 1) / 2);
  const at = spaces.reduce((best, next) => (offMiddle(next) < offMiddle(best) ? next : best));
  const parts = [text.slice(0, at), text.slice(at + 1)].map((part) => setPart(part, source, setting));
  return parts[0] && parts[1] ? [...parts[0], ...parts[1]] : undefined;
}
