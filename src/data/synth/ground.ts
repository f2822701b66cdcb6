import type { Random } from "../../util/random.ts";
import { between, chance, pick } from "./choose.ts";
import type { Box, PlacedLine } from "./layout.ts";
import { type Colour, css, type Palette, sceneColour } from "./palette.ts";
import { CANVAS } from "./set-line.ts";

/** What is around a label, and the label itself without its text, as SVG. */
export interface Ground {
  readonly scene: string;
  readonly label: string;
}

const SHAPES = ["box", "box", "round box", "ellipse", "bottle"] as const;
const ON_WHITE = 0.5;

/**
 * A label that fills the picture, lies on something, or text beside a thing. Under letters there is paper or shade and
 * nothing else, so that the palette's contrast holds.
 */
export function drawGround(lines: readonly PlacedLine[], palette: Palette, random: Random): Ground {
  const kind = pick(random, ["whole", "pack", "pack", "beside"] as const);
  const { paper, shade, accent } = palette;
  const fill = chance(random, 0.5) ? "url(#paper)" : css(paper);
  const base = gradient(paper, shade, random) + rect([0, 0, CANVAS, CANVAS], fill);
  const all = boundsOf(lines);
  if (kind === "whole")
    return { scene: base, label: `${bands(shade, random)}${border([3, 3, 109, 109], accent, random)}` };
  if (kind === "beside") return { scene: base + clutter(lines, random, 3), label: "" };
  const white = chance(random, ON_WHITE);
  const scene = rect([0, 0, CANVAS, CANVAS], white ? "#fff" : css(sceneColour(random)));
  const pad = between(random, 3, 12);
  const box: Box = [all[0] - pad, all[1] - pad, all[2] + pad, all[3] + pad];
  const label = pack(box, fill, accent, random);
  return { scene: scene + (white ? "" : clutter([], random, 4)) + gradient(paper, shade, random), label };
}

function boundsOf(lines: readonly PlacedLine[]): Box {
  const side = (i: number, extreme: (...numbers: number[]) => number) => extreme(...lines.map(({ room }) => room[i]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

function gradient(from: Colour, to: Colour, random: Random): string {
  const end = pick(random, ['x2="1" y2="0"', 'x2="0" y2="1"', 'x2="1" y2="1"']);
  const stops = [from, to].map((colour, i) => `<stop offset="${i}" stop-color="${css(colour)}"/>`).join("");
  return `<defs><linearGradient id="paper" x1="0" y1="0" ${end}>${stops}</linearGradient></defs>`;
}

/** A pack around the text. */
function pack(box: Box, fill: string, accent: Colour, random: Random): string {
  const [left, top, right, bottom] = box;
  const [width, height, x, y] = [right - left, bottom - top, (left + right) / 2, (top + bottom) / 2];
  const stroke = chance(random, 0.4)
    ? `stroke="${css(accent)}" stroke-width="${between(random, 0.6, 2.5).toFixed(2)}"`
    : "";
  const shape = pick(random, SHAPES);
  if (shape === "ellipse") {
    const [rx, ry] = [width, height].map((side) => (side * Math.SQRT1_2).toFixed(2)); // goes through the corners
    return `<ellipse cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" rx="${rx}" ry="${ry}" fill="${fill}" ${stroke}/>`;
  }
  if (shape !== "bottle") return rect(box, fill, `rx="${shape === "box" ? 0 : 8}" ${stroke}`);
  const neck = 0.2 * width;
  const cap = rect([x - 1.3 * neck, top - 30, x + 1.3 * neck, top - 18], css(accent), 'rx="2"');
  return (
    cap +
    rect([x - neck, top - 20, x + neck, top + 4], fill) +
    rect([left, top - 6, right, CANVAS + 9], fill, `rx="7" ${stroke}`)
  );
}

/** Stripes of the shade across the label. */
function bands(shade: Colour, random: Random): string {
  return Array.from({ length: random.int(3) }, () => {
    const at = between(random, 0, CANVAS);
    const wide = between(random, 6, 40);
    const box: Box = chance(random, 0.7) ? [-CANVAS, at, 2 * CANVAS, at + wide] : [at, -CANVAS, at + wide, 2 * CANVAS];
    return rect(box, css(shade));
  }).join("");
}

const border = (box: Box, colour: Colour, random: Random) =>
  chance(random, 0.3) ? rect(box, "none", `rx="${random.int(8)}" stroke="${css(colour)}" stroke-width="1.2"`) : "";

/** Things without text, none of them under a line. */
function clutter(lines: readonly PlacedLine[], random: Random, most: number): string {
  return Array.from({ length: 1 + random.int(most) }, () => {
    const [x, y] = [between(random, 0, CANVAS), between(random, 0, CANVAS)];
    const [rx, ry] = [between(random, 4, 30), between(random, 4, 30)];
    const box: Box = [x - rx, y - ry, x + rx, y + ry];
    if (lines.some(({ room }) => overlap(grown(room), box))) return "";
    const fill = css(sceneColour(random));
    if (chance(random, 0.5)) return rect(box, fill, `rx="${random.int(9)}"`);
    return `<ellipse cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" rx="${rx.toFixed(2)}" ry="${ry.toFixed(2)}" fill="${fill}"/>`;
  }).join("");
}

/** By what a line moves when the label is turned. */
const grown = ([left, top, right, bottom]: Box): Box => [left - 8, top - 8, right + 8, bottom + 8];

const overlap = (a: Box, b: Box) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function rect([left, top, right, bottom]: Box, fill: string, more = ""): string {
  const place = `x="${left.toFixed(2)}" y="${top.toFixed(2)}"`;
  return `<rect ${place} width="${(right - left).toFixed(2)}" height="${(bottom - top).toFixed(2)}" fill="${fill}" ${more}/>`;
}
