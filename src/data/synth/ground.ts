import type { Random } from "../../util/random.ts";
import { between, chance, pick } from "./choose.ts";
import { type Box, CANVAS, type Point } from "./geometry.ts";
import type { PlacedLine } from "./layout.ts";
import { type Colour, type Palette, sceneColour, toRgb } from "./palette.ts";
import { ellipse, frame, type Outline, type Paint, rectangle, type Shape } from "./shapes.ts";

/** What is around a label, and the label itself without its text. */
export interface Ground {
  readonly scene: readonly Shape[];
  /** Turned with the text. */
  readonly label: readonly Shape[];
}

const PACKS = ["box", "box", "round box", "ellipse", "bottle"] as const;
const ALONG: readonly Point[] = [
  [1, 0],
  [0, 1],
  [1, 1],
];
const ON_WHITE = 0.5;
const GRADIENT = 0.5;
const BORDER = 0.35;

/**
 * A label that fills the picture, lies on something, or text beside a thing. Under letters there is paper or shade and
 * nothing else, so that the palette's contrast holds.
 */
export function drawGround(lines: readonly PlacedLine[], palette: Palette, random: Random): Ground {
  const kind = pick(random, ["whole", "pack", "pack", "beside"] as const);
  const [from, to] = [toRgb(palette.paper), toRgb(palette.shade)];
  const paper: Paint = chance(random, GRADIENT) ? { from, to, along: pick(random, ALONG) } : from;
  const whole = (paint: Paint): Shape => ({ outlines: [rectangle([0, 0, CANVAS, CANVAS])], paint });
  if (kind === "whole") {
    return { scene: [whole(paper)], label: [...bands(palette.shade, random), ...border(palette.accent, random)] };
  }
  if (kind === "beside") return { scene: [whole(paper), ...clutter(lines, random, 3)], label: [] };
  const isWhite = chance(random, ON_WHITE);
  const scene = [
    whole(isWhite ? [255, 255, 255] : toRgb(sceneColour(random))),
    ...(isWhite ? [] : clutter([], random, 4)),
  ];
  return { scene, label: pack(grown(boundsOf(lines), between(random, 3, 12)), paper, palette.accent, random) };
}

function boundsOf(lines: readonly PlacedLine[]): Box {
  const side = (i: number, extreme: (...numbers: number[]) => number) => extreme(...lines.map(({ room }) => room[i]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

const grown = ([left, top, right, bottom]: Box, by: number): Box => [left - by, top - by, right + by, bottom + by];

/** A pack around the text, some with a rim. */
function pack(box: Box, paper: Paint, accent: Colour, random: Random): readonly Shape[] {
  const [left, top, right, bottom] = box;
  const [width, height, x, y] = [right - left, bottom - top, (left + right) / 2, (top + bottom) / 2];
  const kind = pick(random, PACKS);
  const rim = chance(random, BORDER) ? between(random, 0.6, 2.5) : 0;
  const withRim = (outline: (more: number) => Outline): Shape[] => [
    { outlines: [outline(0)], paint: paper },
    ...(rim > 0 ? [{ outlines: frame(outline(rim), outline(0)), paint: toRgb(accent) }] : []),
  ];
  // an ellipse that goes through the corners
  if (kind === "ellipse")
    return withRim((more) => ellipse(x, y, width * Math.SQRT1_2 + more, height * Math.SQRT1_2 + more));
  if (kind !== "bottle") return withRim((more) => rectangle(grown(box, more), kind === "box" ? 0 : 8));
  const neck = 0.2 * width;
  return [
    { outlines: [rectangle([x - 1.3 * neck, top - 30, x + 1.3 * neck, top - 18], 2)], paint: toRgb(accent) },
    { outlines: [rectangle([x - neck, top - 20, x + neck, top + 4])], paint: paper },
    ...withRim((more) => rectangle(grown([left, top - 6, right, CANVAS + 9], more), 7)),
  ];
}

/** Stripes of the shade across the label. */
function bands(shade: Colour, random: Random): readonly Shape[] {
  return Array.from({ length: random.int(3) }, () => {
    const at = between(random, 0, CANVAS);
    const end = at + between(random, 6, 40);
    const box: Box = chance(random, 0.7) ? [-CANVAS, at, 2 * CANVAS, end] : [at, -CANVAS, end, 2 * CANVAS];
    return { outlines: [rectangle(box)], paint: toRgb(shade) };
  });
}

function border(colour: Colour, random: Random): readonly Shape[] {
  if (!chance(random, BORDER)) return [];
  const radius = random.int(8);
  const [outer, inner] = [2.4, 3.6].map((inset) => rectangle(grown([0, 0, CANVAS, CANVAS], -inset), radius));
  return [{ outlines: frame(outer, inner), paint: toRgb(colour) }];
}

/** By how much a line may move when the label is turned. */
const TURNED = 8;

/** Things without text, none of them under a line. */
function clutter(lines: readonly PlacedLine[], random: Random, most: number): readonly Shape[] {
  const things = Array.from({ length: 1 + random.int(most) }, () => {
    const [x, y] = [between(random, 0, CANVAS), between(random, 0, CANVAS)];
    const [rx, ry] = [between(random, 4, 30), between(random, 4, 30)];
    const box: Box = [x - rx, y - ry, x + rx, y + ry];
    const outline = chance(random, 0.5) ? rectangle(box, random.int(9)) : ellipse(x, y, rx, ry);
    return { box, shape: { outlines: [outline], paint: toRgb(sceneColour(random)) } };
  });
  const isFree = (box: Box) => !lines.some(({ room }) => overlap(grown(room, TURNED), box));
  return things.filter(({ box }) => isFree(box)).map(({ shape }) => shape);
}

const overlap = (a: Box, b: Box) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
