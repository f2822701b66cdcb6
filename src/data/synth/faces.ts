import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Outline } from "./shapes.ts";

/** What is used of opentype.js: its published types bring those of browsers with them, which Node's program must not see. */
interface Opentype {
  parse(font: ArrayBuffer): {
    readonly unitsPerEm: number;
    hasChar(char: string): boolean;
    charToGlyph(char: string): {
      readonly advanceWidth: number;
      getPath(x: number, y: number, size: number): Path;
    };
  };
}
interface Path {
  readonly commands: readonly ({ readonly type: string } & {
    readonly [coordinate in "x1" | "y1" | "x" | "y"]?: number;
  })[];
}

const require = createRequire(import.meta.url);

/** A typeface as outlines: what is drawn then depends on no font of the machine. Lengths are parts of the text's size. */
export interface Face {
  readonly name: string;
  /** From the beginning of a character to that of the next. @throws RangeError for a character the face lacks */
  advance(char: string): number;
  /** From a character's place on the base line; y points down. */
  outlines(char: string): readonly Outline[];
}

/** Sans, serif, mono, condensed and round, plain and bold: what product labels are set in. */
const FACES = [
  ...["arimo 400", "arimo 700", "tinos 400", "tinos 700", "cousine 400", "cousine 700"],
  ...["roboto-condensed 400", "roboto-condensed 700", "oswald 500", "fredoka 600"],
] as const;

/** That outlines are asked for in; the package rounds nothing. */
const SIZE = 1000;

/** For what would not fit otherwise. */
export const NARROW = "roboto-condensed 400";

/** Reads all faces; some 20 ms. */
export function loadFaces(): readonly Face[] {
  const opentype = require("opentype.js") as Opentype;
  return FACES.map((name) => loadFace(name, opentype));
}

function loadFace(name: string, opentype: Opentype): Face {
  const [family, weight] = name.split(" ");
  const { buffer, byteOffset, byteLength } = readFileSync(
    require.resolve(`@fontsource/${family}/files/${family}-latin-${weight}-normal.woff`),
  );
  const font = opentype.parse(buffer.slice(byteOffset, byteOffset + byteLength));
  const glyphs = new Map<string, { advance: number; outlines: readonly Outline[] }>();
  const find = (char: string) => {
    const known = glyphs.get(char);
    if (known) return known;
    if (!font.hasChar(char)) throw new RangeError(`${name} has no "${char}"`);
    const glyph = font.charToGlyph(char);
    const found = { advance: glyph.advanceWidth / font.unitsPerEm, outlines: flatten(glyph.getPath(0, 0, SIZE), SIZE) };
    glyphs.set(char, found);
    return found;
  };
  return { name, advance: (char) => find(char).advance, outlines: (char) => find(char).outlines };
}

/** Lines for each curve: at the sizes of labels nobody sees the corners. */
const CURVE_STEPS = 4;

/** Straight lines for TrueType's curves, each a parabola from one point by a second to a third. */
function flatten({ commands }: Path, size: number): readonly Outline[] {
  const outlines: number[][] = [];
  let [fromX, fromY] = [0, 0];
  for (const { type, x1 = 0, y1 = 0, x = 0, y = 0 } of commands) {
    if (type === "Z") continue;
    if (type === "M") outlines.push([]);
    if (type === "C") throw new RangeError("a face with cubic curves, which is none of those that are drawn");
    const outline = outlines.at(-1)!;
    for (let i = 1; type === "Q" && i < CURVE_STEPS; i++) {
      const t = i / CURVE_STEPS;
      const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
      outline.push((a * fromX + b * x1 + c * x) / size, (a * fromY + b * y1 + c * y) / size);
    }
    outline.push(x / size, y / size);
    [fromX, fromY] = [x, y];
  }
  return outlines;
}
