import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { ENTITIES, UNITS, type Unit } from "../../../src/challenge/entities.ts";
import { parseDataSettings } from "../../../src/config/load.ts";
import { loadFaces } from "../../../src/data/synth/faces.ts";
import type { Fact } from "../../../src/data/synth/fact.ts";
import { type Label, planLabel } from "../../../src/data/synth/label.ts";
import { choosePalette, contrastOf } from "../../../src/data/synth/palette.ts";
import { NOTES, PHRASES, SYLLABLES } from "../../../src/data/synth/phrases.ts";
import { UNIT_STYLES } from "../../../src/data/synth/unit-styles.ts";
import { random } from "../../../src/util/random.ts";

const faces = loadFaces();
const { synth } = parseDataSettings({});
const FACT: Fact = { entity: "item_weight", number: "34", unit: "gram" };
const NAMES = Array.from({ length: 60 }, (_, i) => `row ${i}`);
const plan = (name: string, settings = synth, fact = FACT) => planLabel(fact, name, faces, settings, 0.1);

test("every face has every character that is drawn", () => {
  const phrases = Object.values(PHRASES).flatMap(({ marked, bare }) => [...marked, ...bare]);
  const signs = Object.values(UNIT_STYLES).flatMap(({ short }) => short);
  const words = Object.values(UNIT_STYLES).flatMap(({ full }) => full);
  const text = [...phrases, ...NOTES, ...SYLLABLES, ...words].join("");
  const chars = new Set([text, text.toUpperCase(), ...signs, "0123456789.,"].join(""));
  for (const face of faces) for (const char of chars) expect(face.advance(char)).toBeGreaterThan(0);
});

test("the longest quantity of every unit has room, in full words and beside arrows too", () => {
  const tight = { ...synth, arrows: 1, rotated: 1 };
  for (const entity of ENTITIES) {
    for (const unit of UNITS[entity] as readonly Unit[]) {
      const label = planLabel({ entity, number: "12345.67", unit }, unit, faces, tight, 1);
      const text = label.lines.map((line) => line.text).join(" ");
      expect(text.toLowerCase()).toContain(`12345.67 ${UNIT_STYLES[unit].full[1]}`);
    }
  }
});

describe("what is said of a picture", () => {
  test("lines stand on it, one below the other, none smaller than can be read", () => {
    for (const name of NAMES) {
      const { lines } = plan(name, { ...synth, rotated: 0 });
      for (const [i, { box }] of lines.entries()) {
        const [left, top, right, bottom] = box;
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(Math.max(right, bottom)).toBeLessThanOrEqual(112);
        expect(bottom - top).toBeGreaterThanOrEqual(10.5); // letters of size 11
        if (i > 0) expect(top).toBeGreaterThanOrEqual(lines[i - 1].box[3]);
      }
    }
  });

  test("turned lines are still on it, and characters are inside their line", () => {
    let turned = 0;
    for (const name of NAMES) {
      for (const { text, box, centres } of plan(name, { ...synth, rotated: 1 }).lines) {
        const [left, top, right, bottom] = box;
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(Math.max(right, bottom)).toBeLessThanOrEqual(112);
        expect(centres).toHaveLength(text.length);
        for (const [x, y] of centres) expect(x > left && x < right && y > top && y < bottom).toBe(true);
        if (centres[0][1] !== centres.at(-1)![1]) turned++;
      }
    }
    expect(turned).toBeGreaterThan(20);
  });

  test("letters are where it says: there is contrast inside each line's box, at any size", async () => {
    for (const size of [112, 224]) {
      for (const name of NAMES.slice(0, 12)) {
        const label = plan(name, { ...synth, size, noise: 0, blurred: 0, quality: [95, 95] });
        const { data, width } = await pixelsOf(label);
        expect(width).toBe(size);
        for (const { box, text } of label.lines) {
          const [left, top, right, bottom] = box.map(Math.round);
          const seen = [];
          for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) seen.push(data[y * width + x]);
          expect(Math.max(...seen) - Math.min(...seen), `${name}: ${text}`).toBeGreaterThan(50);
        }
      }
    }
  });
});

/** In grey. */
async function pixelsOf(label: Label) {
  const { data, info } = await sharp(await label.draw())
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width };
}

test("text has the contrast that is asked for, light on dark or dark on light", () => {
  for (let seed = 0; seed < 300; seed++) {
    const isDark = seed % 2 === 0;
    const { paper, shade, ink, accent } = choosePalette(isDark, 4.5, random(seed, "palette"));
    for (const text of [ink, accent]) {
      for (const ground of [paper, shade]) expect(contrastOf(text, ground)).toBeGreaterThanOrEqual(4.5);
      expect(text.lightness > paper.lightness).toBe(isDark);
    }
  }
});

test("contrast is that of WCAG's definition", () => {
  const grey = (lightness: number) => ({ hue: 0, saturation: 0, lightness });
  expect(contrastOf(grey(0), grey(1))).toBeCloseTo(21);
  expect(contrastOf({ hue: 240, saturation: 1, lightness: 0.5 }, grey(1))).toBeCloseTo(8.592, 3); // #00f on white
});

describe("the bytes of a picture", () => {
  test("are the same whenever it is drawn, and others for another row, seed or noise", async () => {
    const first = await plan("a").draw();
    const others = [plan("b"), plan("a", { ...synth, seed: 1 }), plan("a", { ...synth, noise: 20 })];
    const drawn = await Promise.all(others.map((label) => label.draw()));
    expect((await plan("a").draw()).equals(first)).toBe(true);
    for (const other of drawn) expect(other.equals(first)).toBe(false);
  });

  test("a blur takes the edges, not the brightness", async () => {
    const sharpOnes = { ...synth, noise: 0, blurred: 0, quality: [95, 95] as [number, number] };
    const [clear, soft] = await Promise.all(
      [sharpOnes, { ...sharpOnes, blurred: 1, blur: 3 }].map((settings) => pixelsOf(plan("c", settings))),
    );
    const mean = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const edges = (data: Uint8Array) =>
      data.reduce((sum, value, i) => sum + Math.abs(value - (data[i + 1] ?? value)), 0);
    expect(Math.abs(mean(soft.data) - mean(clear.data))).toBeLessThan(1.5);
    expect(edges(soft.data)).toBeLessThan(0.8 * edges(clear.data));
  });
});
