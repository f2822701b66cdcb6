import type { Box, Point } from "./geometry.ts";

/** A closed outline: x, y, x, y, … in units of the canvas; a hole runs the other way round. */
export type Outline = readonly number[];

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** One colour, or from one to another across the canvas: to the right, down, or both. */
export type Paint = Rgb | { readonly from: Rgb; readonly to: Rgb; readonly along: Point };

export interface Shape {
  readonly outlines: readonly Outline[];
  readonly paint: Paint;
}

/** Of a quarter of a circle. */
const CORNER_STEPS = 8;

/** @param radius of the corners */
export function rectangle([left, top, right, bottom]: Box, radius = 0): Outline {
  const r = Math.min(radius, (right - left) / 2, (bottom - top) / 2);
  if (r <= 0) return [left, top, right, top, right, bottom, left, bottom];
  const centres = [
    [right - r, bottom - r],
    [left + r, bottom - r],
    [left + r, top + r],
    [right - r, top + r],
  ] as const;
  return centres.flatMap(([x, y], quarter) => arc(x, y, r, r, quarter));
}

export const ellipse = (x: number, y: number, rx: number, ry: number): Outline =>
  [0, 1, 2, 3].flatMap((quarter) => arc(x, y, rx, ry, quarter));

function arc(x: number, y: number, rx: number, ry: number, quarter: number): readonly number[] {
  return Array.from({ length: CORNER_STEPS + 1 }, (_, i) => {
    const angle = (Math.PI / 2) * (quarter + i / CORNER_STEPS);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  }).flat();
}

/** A straight stroke with square ends. */
export function stroke([x0, y0]: Point, [x1, y1]: Point, width: number): Outline {
  const half = width / 2 / Math.hypot(x1 - x0, y1 - y0);
  const [nx, ny] = [-half * (y1 - y0), half * (x1 - x0)];
  return [x0 + nx, y0 + ny, x0 - nx, y0 - ny, x1 - nx, y1 - ny, x1 + nx, y1 + ny];
}

/** An outline the other way round: a hole. */
export function reversed(outline: Outline): Outline {
  return outline.map((_, i) => outline[outline.length - 2 - 2 * (i >> 1) + (i & 1)]);
}

/** The frame between two outlines, the first around the second. */
export const frame = (outer: Outline, inner: Outline): readonly Outline[] => [outer, reversed(inner)];
