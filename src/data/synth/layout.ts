import type { DataSettings } from "../../config/data-schema.ts";
import type { Random } from "../../util/random.ts";
import { between, chance, pick } from "./choose.ts";
import type { Line } from "./content.ts";
import { type Face, NARROW } from "./faces.ts";
import { type Box, CANVAS, cornersOf, MARGIN, turn } from "./geometry.ts";
import { leftRoom, lineHeight, lineWidth, type SetLine, setLine, TEXT_SIZES, textWidth } from "./set-line.ts";

/** A line in its place, in units of the canvas, before the label is turned. */
export interface PlacedLine extends SetLine {
  /** Where its letters begin. */
  readonly left: number;
  readonly baseline: number;
  readonly width: number;
  /** The room of the line with its arrow: left, top, right, bottom. */
  readonly room: Box;
}

export interface Layout {
  /** From top to bottom. */
  readonly lines: readonly PlacedLine[];
  /** Degrees, clockwise, around the middle of the canvas. */
  readonly angle: number;
}

const HIGHEST = CANVAS - 2 * MARGIN;
const OTHER_FACE = 0.25;

/**
 * Places lines on the canvas; where there is no room for all, some that are not the answer are left out.
 * @returns undefined when the answer itself does not fit
 */
export function layOut(
  lines: readonly Line[],
  faces: readonly Face[],
  settings: DataSettings["synth"],
  random: Random,
): Layout | undefined {
  const narrow = faces.find(({ name }) => name === NARROW)!;
  const [main, second] = [pick(random, faces), pick(random, faces)];
  const stretch = between(random, 0.92, 1.12);
  const spacing = chance(random, 0.2) ? between(random, 0, 0.08) : 0;
  const set = lines.map((line) => {
    const face = chance(random, OTHER_FACE) ? second : main;
    return setLine(line, { face, narrow, size: between(random, TEXT_SIZES.low, TEXT_SIZES.high), stretch, spacing });
  });
  if (lines.some(({ isAnswer }, i) => isAnswer && set[i] === undefined)) return undefined;
  let parts = set.flatMap((part) => (part ? [part] : []));
  while (leastHeight(parts) > HIGHEST && parts.length > 1) {
    const dropped = parts.findLastIndex(([{ source }]) => !source.isAnswer);
    parts = parts.filter((_, i) => i !== dropped);
  }
  const placed = place(shrink(parts.flat()), random);
  const wanted = chance(random, settings.rotated) ? between(random, -settings.rotation, settings.rotation) : 0;
  return { lines: placed, angle: largestAngle(placed, wanted) };
}

const heightOf = (lines: readonly SetLine[]) => lines.reduce((sum, line) => sum + lineHeight(line), 0);

const withSize = (line: SetLine, factor: number): SetLine => ({
  ...line,
  size: Math.max(Math.min(line.size, TEXT_SIZES.least), line.size * factor),
});

const leastHeight = (parts: readonly (readonly SetLine[])[]) => heightOf(parts.flat().map((line) => withSize(line, 0)));

/** Makes letters smaller, none below the least size, until all lines have room. */
function shrink(lines: readonly SetLine[]): readonly SetLine[] {
  let shrunk = lines;
  for (let factor = 1; heightOf(shrunk) > HIGHEST; factor -= 0.02) {
    shrunk = lines.map((line) => withSize(line, factor));
  }
  return shrunk;
}

function place(lines: readonly SetLine[], random: Random): readonly PlacedLine[] {
  const free = HIGHEST - heightOf(lines);
  const gaps = new Set(lines.map(({ source }) => source)).size - 1;
  const gap = gaps > 0 ? (free * between(random, 0, chance(random, 0.3) ? 1 : 0.3)) / gaps : 0;
  let top = MARGIN + between(random, 0, free - gap * gaps);
  const align = pick(random, [0, 0.5, 0.5, 1, undefined]); // undefined: each line anywhere
  const widest = Math.max(...lines.map(lineWidth));
  const blockLeft = MARGIN + between(random, 0, CANVAS - 2 * MARGIN - widest);
  return lines.map((line, i) => {
    const [width, height] = [lineWidth(line), lineHeight(line)];
    const slack = align === undefined ? CANVAS - 2 * MARGIN - width : widest - width;
    const left = (align === undefined ? MARGIN : blockLeft) + slack * (align ?? random.uniform());
    const room: Box = [left, top, left + width, top + height];
    const middle = line.arrow === "across" ? top + 0.6 * line.size : top + height / 2;
    top += height + (lines[i + 1]?.source === line.source ? 0 : gap); // parts of a line stay together
    return { ...line, left: left + leftRoom(line), width: textWidth(line), baseline: middle + 0.35 * line.size, room };
  });
}

/** The angle wanted, or what of it leaves every line on the canvas. */
function largestAngle(lines: readonly PlacedLine[], wanted: number): number {
  const isInside = (angle: number) =>
    lines.every(({ room }) =>
      cornersOf(room).every((corner) => turn(corner, angle).every((c) => c >= 1 && c < CANVAS)),
    );
  return [wanted, wanted / 2, wanted / 4].find(isInside) ?? 0;
}
