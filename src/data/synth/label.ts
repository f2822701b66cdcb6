import type { DataSettings } from "../../config/data-schema.ts";
import { random } from "../../util/random.ts";
import { chance } from "./choose.ts";
import { composeLines } from "./content.ts";
import { drawLabel, letterStarts } from "./drawing.ts";
import type { Face } from "./faces.ts";
import type { Fact } from "./fact.ts";
import { type Box, CANVAS, cornersOf, turn } from "./geometry.ts";
import { type Layout, layOut, type PlacedLine } from "./layout.ts";
import { choosePalette } from "./palette.ts";
import { photograph } from "./photograph.ts";

/** A line of text as it stands on a picture, in pixels. */
export interface TextBox {
  readonly text: string;
  /** Left, top, right and bottom of what encloses it. */
  readonly box: Box;
  /** The middle of each character, [x, y]; spaces included. */
  readonly centres: readonly (readonly number[])[];
}

/** A label that can be drawn. All of it follows from its fact, its name and the settings. */
export interface Label {
  /** From top to bottom. */
  readonly lines: readonly TextBox[];
  /** The picture as JPEG. */
  draw(): Promise<Buffer>;
}

const ATTEMPTS = 20;
/** Of these, the first ones may have arrows: beside one a long quantity has less room. */
const WITH_ARROWS = 5;

/**
 * Plans the label of a fact.
 * @param name what tells it from another label of the same fact
 * @param inFull share of units in full words
 */
export function planLabel(
  fact: Fact,
  name: string,
  faces: readonly Face[],
  settings: DataSettings["synth"],
  inFull: number,
): Label {
  const stream = (of: string) => random(settings.seed, `synth ${of} ${name}`);
  const [content, places] = [stream("content"), stream("layout")];
  let layout: Layout | undefined;
  for (let i = 0; i < ATTEMPTS && layout === undefined; i++) {
    const lines = composeLines(fact, i < WITH_ARROWS ? settings : { ...settings, arrows: 0 }, inFull, content);
    layout = layOut(lines, faces, settings, places);
  }
  if (layout === undefined) throw new Error(`no label has room for ${fact.number} ${fact.unit}`);
  const planned = layout;
  const scale = settings.size / CANVAS;
  return {
    lines: planned.lines.map((line) => toTextBox(line, planned.angle, scale)),
    draw() {
      const look = stream("look");
      const palette = choosePalette(chance(look, settings.dark), settings.contrast, look);
      return photograph(drawLabel(planned, palette, settings.size, look), settings, stream("photograph"));
    },
  };
}

/** Capitals reach three quarters of the size above the base line, the tails of letters a quarter below. */
function toTextBox(line: PlacedLine, angle: number, scale: number): TextBox {
  const { text, left, width, baseline, size } = line;
  const [top, bottom] = [baseline - 0.75 * size, baseline + 0.22 * size];
  const corners = cornersOf([left, top, left + width, bottom]).map((corner) => turn(corner, angle));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const starts = letterStarts(line);
  const rounded = (x: number) => Math.round(10 * scale * x) / 10;
  const centres = [...text].map((_, i) => turn([(starts[i] + starts[i + 1]) / 2, baseline - 0.3 * size], angle));
  return {
    text,
    box: [rounded(Math.min(...xs)), rounded(Math.min(...ys)), rounded(Math.max(...xs)), rounded(Math.max(...ys))],
    centres: centres.map((centre) => centre.map(rounded)),
  };
}
