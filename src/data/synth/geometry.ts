/** The edge of the canvas that everything is placed on; a picture of another size is the same one, larger or smaller. */
export const CANVAS = 112;
export const MARGIN = 4;

/** Left, top, right, bottom. */
export type Box = readonly [number, number, number, number];

export type Point = readonly [number, number];

export const cornersOf = ([left, top, right, bottom]: Box): readonly Point[] => [
  ...([
    [left, top],
    [right, top],
    [left, bottom],
    [right, bottom],
  ] as const),
];

/** A point after the label is turned. */
export function turn([x, y]: Point, degrees: number): Point {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const [dx, dy] = [x - CANVAS / 2, y - CANVAS / 2];
  return [CANVAS / 2 + cos * dx - sin * dy, CANVAS / 2 + sin * dx + cos * dy];
}
