import type { Random } from "../../util/random.ts";
import { chance, pick } from "./choose.ts";
import { drawGround } from "./ground.ts";
import type { Layout, PlacedLine } from "./layout.ts";
import { css, type Palette } from "./palette.ts";
import { CANVAS } from "./set-line.ts";

const BADGE = 0.2;

/** A label as SVG, `size` pixels a side: ground, badges, arrows, and letters as outlines. */
export function drawLabel({ lines, angle }: Layout, palette: Palette, size: number, random: Random): string {
  const { scene, label } = drawGround(lines, palette, random);
  const styles = new Map(lines.map(({ source }) => [source, chooseStyle(palette, random)]));
  const text = lines.map((line) => drawLine(line, styles.get(line.source)!)).join("");
  const canvas = `width="${size}" height="${size}" viewBox="0 0 ${CANVAS} ${CANVAS}"`;
  const turned = `<g transform="rotate(${angle.toFixed(2)} ${CANVAS / 2} ${CANVAS / 2})">${label}${text}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${canvas}>${scene}${turned}</svg>`;
}

/** How a line looks, all parts of it. */
interface Style {
  readonly colour: string;
  /** On a field of its colour the letters are in the paper's. */
  readonly badge?: { readonly letters: string; readonly isWide: boolean; readonly roundness: number };
}

function chooseStyle({ paper, ink, accent }: Palette, random: Random): Style {
  const colour = css(pick(random, [ink, ink, accent]));
  if (!chance(random, BADGE)) return { colour };
  const roundness = pick(random, [0, 0.1, 0.5]);
  return { colour, badge: { letters: css(paper), isWide: chance(random, 0.3), roundness } };
}

function drawLine(line: PlacedLine, { colour, badge }: Style): string {
  if (line.arrow) return drawArrow(line, colour) + drawLetters(line, colour);
  return badge ? drawBadge(line, colour, badge) + drawLetters(line, badge.letters) : drawLetters(line, colour);
}

function drawBadge(
  { room: [left, top, right, bottom] }: PlacedLine,
  colour: string,
  { isWide, roundness }: NonNullable<Style["badge"]>,
): string {
  const radius = roundness * (bottom - top);
  const [x, width] = isWide ? [-CANVAS, 3 * CANVAS] : [left - 3, right - left + 6];
  return `<rect x="${short(x)}" y="${short(top)}" width="${short(width)}" height="${short(bottom - top)}" rx="${short(radius)}" fill="${colour}"/>`;
}

/** Parts of the canvas' unit that whole numbers of a path count: quicker to write and to read than decimals. */
const FINE = 100;

/** All letters of a line as one path. */
function drawLetters(line: PlacedLine, colour: string): string {
  const { text, face, size, stretch, baseline } = line;
  const starts = letterStarts(line);
  const [width, height, y] = [FINE * size * stretch, FINE * size, FINE * baseline];
  let path = "";
  for (let i = 0; i < text.length; i++) {
    const x = FINE * starts[i];
    for (const { type, points } of face.outline(text[i])) {
      path += type;
      for (let p = 0; p < points.length; p += 2) {
        path += `${p > 0 ? " " : ""}${Math.round(x + width * points[p])} ${Math.round(y + height * points[p + 1])}`;
      }
    }
  }
  return `<path transform="scale(${1 / FINE})" fill="${colour}" d="${path}"/>`;
}

/** Where each letter begins, and where the last one ends. */
export function letterStarts({ text, face, size, stretch, spacing, left }: PlacedLine): readonly number[] {
  const starts = [left];
  for (const char of text) starts.push(starts.at(-1)! + size * (stretch * face.advance(char) + spacing));
  return starts;
}

/** A double arrow below or beside a quantity. */
function drawArrow({ arrow, room, size, left, width }: PlacedLine, colour: string): string {
  const [roomLeft, top, , bottom] = room;
  const inset = 0.12 * size;
  if (arrow === "across")
    return doubleArrow([left, bottom - 0.3 * size], [left + width, bottom - 0.3 * size], size, colour);
  if (arrow === "up") {
    const x = roomLeft + 0.3 * size;
    return doubleArrow([x, bottom - inset], [x, top + inset], size, colour);
  }
  return doubleArrow([roomLeft + inset, bottom - inset], [roomLeft + size, top + 2 * inset], size, colour);
}

function doubleArrow(
  from: readonly [number, number],
  to: readonly [number, number],
  size: number,
  colour: string,
): string {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const unit = (0.28 * size) / Math.hypot(dx, dy);
  const head = ([x, y]: readonly [number, number], sign: number) => {
    const [ax, ay] = [sign * dx * unit, sign * dy * unit];
    const wings = [0.6, -0.6].map((wing) => `${short(x + ax - wing * ay)} ${short(y + ay + wing * ax)}`);
    return `M${wings[0]}L${short(x)} ${short(y)}L${wings[1]}`;
  };
  const shaft = `M${short(from[0])} ${short(from[1])}L${short(to[0])} ${short(to[1])}`;
  return `<path d="${shaft}${head(from, 1)}${head(to, -1)}" fill="none" stroke="${colour}" stroke-width="${short(0.09 * size)}"/>`;
}

const short = (x: number) => x.toFixed(2);
