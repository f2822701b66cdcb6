import type { Random } from "../../util/random.ts";
import { createCanvas } from "./canvas.ts";
import { chance, pick } from "./choose.ts";
import { type Box, CANVAS, type Point } from "./geometry.ts";
import { drawGround } from "./ground.ts";
import type { Layout, PlacedLine } from "./layout.ts";
import { type Palette, toRgb } from "./palette.ts";
import { type Outline, type Rgb, rectangle, type Shape, stroke } from "./shapes.ts";

const BADGE = 0.2;

/** A label as pixels from 0 to 255, [S,S,3]: ground, badges, arrows and letters. */
export function drawLabel({ lines, angle }: Layout, palette: Palette, size: number, random: Random): Float32Array {
  const canvas = createCanvas(size);
  const { scene, label } = drawGround(lines, palette, random);
  for (const shape of scene) canvas.fill(shape);
  for (const shape of label) canvas.fill(shape, angle);
  const styles = new Map(lines.map(({ source }) => [source, chooseStyle(palette, random)]));
  for (const line of lines) for (const shape of drawLine(line, styles.get(line.source)!)) canvas.fill(shape, angle);
  return canvas.pixels;
}

/** How a line looks, all parts of it. */
interface Style {
  readonly colour: Rgb;
  /** On a field of its colour the letters are in the paper's. */
  readonly badge?: { readonly letters: Rgb; readonly isWide: boolean; readonly roundness: number };
}

function chooseStyle({ paper, ink, accent }: Palette, random: Random): Style {
  const colour = toRgb(pick(random, [ink, ink, accent]));
  if (!chance(random, BADGE)) return { colour };
  const roundness = pick(random, [0, 0.1, 0.5]);
  return { colour, badge: { letters: toRgb(paper), isWide: chance(random, 0.3), roundness } };
}

function drawLine(line: PlacedLine, { colour, badge }: Style): readonly Shape[] {
  const letters = { outlines: letterOutlines(line), paint: badge && !line.arrow ? badge.letters : colour };
  if (line.arrow) return [{ outlines: arrowOutlines(line), paint: colour }, letters];
  if (!badge) return [letters];
  const [left, top, right, bottom] = line.room;
  const field: Box = badge.isWide ? [-CANVAS, top, 2 * CANVAS, bottom] : [left - 3, top, right + 3, bottom];
  return [{ outlines: [rectangle(field, badge.roundness * (bottom - top))], paint: colour }, letters];
}

function letterOutlines(line: PlacedLine): readonly Outline[] {
  const { text, face, size, stretch, baseline } = line;
  const starts = letterStarts(line);
  return [...text].flatMap((char, i) =>
    face
      .outlines(char)
      .map((points) => points.map((c, p) => (p % 2 === 0 ? starts[i] + size * stretch * c : baseline + size * c))),
  );
}

/** Where each letter begins, and where the last one ends. */
export function letterStarts({ text, face, size, stretch, spacing, left }: PlacedLine): readonly number[] {
  const starts = [left];
  for (const char of text) starts.push(starts.at(-1)! + size * (stretch * face.advance(char) + spacing));
  return starts;
}

/** A double arrow below or beside a quantity. */
function arrowOutlines({ arrow, room, size, left, width }: PlacedLine): readonly Outline[] {
  const [roomLeft, top, , bottom] = room;
  const inset = 0.12 * size;
  if (arrow === "across") {
    const y = bottom - 0.3 * size;
    return doubleArrow([left, y], [left + width, y], size);
  }
  if (arrow === "up") {
    const x = roomLeft + 0.3 * size;
    return doubleArrow([x, bottom - inset], [x, top + inset], size);
  }
  return doubleArrow([roomLeft + inset, bottom - inset], [roomLeft + size, top + 2 * inset], size);
}

function doubleArrow(from: Point, to: Point, size: number): readonly Outline[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const unit = (0.28 * size) / Math.hypot(dx, dy);
  const width = 0.09 * size;
  const head = ([x, y]: Point, sign: number) => {
    const [ax, ay] = [sign * dx * unit, sign * dy * unit];
    return [0.6, -0.6].map((wing) => stroke([x, y], [x + ax - wing * ay, y + ay + wing * ax], width));
  };
  return [stroke(from, to, width), ...head(from, 1), ...head(to, -1)];
}
