import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

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
    readonly [coordinate in "x" | "y" | "x1" | "y1" | "x2" | "y2"]?: number;
  })[];
}

const require = createRequire(import.meta.url);

/** A typeface as outlines: what is drawn then depends on no font of the machine. Lengths are parts of the text's size. */
export interface Face {
  readonly name: string;
  /** From the beginning of a character to that of the next. @throws RangeError for a character the face lacks */
  advance(char: string): number;
  /** From a character's place on the base line; y points down. */
  outline(char: string): Outline;
}

/** Commands of an SVG path, each with its points: x, y, x, y. */
export type Outline = readonly { readonly type: string; readonly points: readonly number[] }[];

/** Sans, serif, mono, condensed and round, plain and bold: what product labels are set in. */
const FACES = [
  ...["arimo 400", "arimo 700", "tinos 400", "tinos 700", "cousine 400", "cousine 700"],
  ...["roboto-condensed 400", "roboto-condensed 700", "oswald 500", "fredoka 600"],
] as const;

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
  const glyphs = new Map<string, { advance: number; outline: Outline }>();
  const find = (char: string) => {
    const known = glyphs.get(char);
    if (known) return known;
    if (!font.hasChar(char)) throw new RangeError(`${name} has no "${char}"`);
    const glyph = font.charToGlyph(char);
    const found = { advance: glyph.advanceWidth / font.unitsPerEm, outline: toOutline(glyph.getPath(0, 0, 1000)) };
    glyphs.set(char, found);
    return found;
  };
  return { name, advance: (char) => find(char).advance, outline: (char) => find(char).outline };
}

/** (The package's own way to write paths loses commands when it rounds.) */
function toOutline({ commands }: Path): Outline {
  return commands.map(({ type, x1, y1, x2, y2, x, y }) => ({
    type,
    points: [x1, y1, x2, y2, x, y].flatMap((coordinate) => (coordinate === undefined ? [] : [coordinate / 1000])),
  }));
}
