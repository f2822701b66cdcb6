import { describe, expect, test } from "vitest";
import { createCanvas } from "../../../src/data/synth/canvas.ts";
import { CANVAS } from "../../../src/data/synth/geometry.ts";
import { ellipse, frame, type Outline, rectangle, type Shape, stroke } from "../../../src/data/synth/shapes.ts";

const RED: Shape["paint"] = [255, 0, 0];

/** The red of each pixel as a part of 1. */
function cover(outlines: readonly Outline[], angle = 0, size = CANVAS): Float32Array {
  const canvas = createCanvas(size);
  canvas.fill({ outlines, paint: RED }, angle);
  return Float32Array.from({ length: size * size }, (_, i) => canvas.pixels[3 * i] / 255);
}

const area = (covered: Float32Array) => covered.reduce((sum, part) => sum + part, 0);
const at = (covered: Float32Array, x: number, y: number) => covered[y * CANVAS + x];

test("a pixel is covered by as much of it as is inside", () => {
  const covered = cover([rectangle([10.25, 20.5, 12, 22])]);
  const rows = [20, 21, 22].map((y) => [9, 10, 11, 12].map((x) => at(covered, x, y)));
  expect(rows).toEqual([
    [0, 0.375, 0.5, 0],
    [0, 0.75, 1, 0],
    [0, 0, 0, 0],
  ]);
});

test.each<[string, readonly Outline[], number]>([
  ["a triangle", [[40, 30, 80, 33, 50, 80]], 0.5 * (40 * 50 - 3 * 10)],
  ["an ellipse", [ellipse(50, 50, 30, 20)], Math.PI * 600],
  ["a box with round corners", [rectangle([20, 20, 60, 50], 10)], 40 * 30 - (4 - Math.PI) * 100],
  ["a frame", frame(rectangle([20, 20, 60, 60]), rectangle([30, 30, 50, 50])), 1600 - 400],
  ["a stroke", [stroke([20, 30], [50, 70], 3)], 50 * 3],
])("%s covers its area, turned or not, at any size", (_, outlines, expected) => {
  const near = (found: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(0.01); // arcs are polygons
  near(area(cover(outlines)));
  near(area(cover(outlines, 25)));
  near(area(cover(outlines, 0, 2 * CANVAS)) / 4);
});

describe("what is off the canvas", () => {
  test("changes nothing on it", () => {
    const beyond = rectangle([-500, -500, 500, 500]);
    expect(cover([beyond]).every((part) => part === 1)).toBe(true);
    expect(area(cover([rectangle([120, 0, 150, 50])]))).toBe(0);
    expect(area(cover([rectangle([-50, 0, -20, 50])]))).toBe(0);
  });

  test("is cut off", () => {
    expect(area(cover([rectangle([-10, -10, 10, 10])]))).toBeCloseTo(100);
    expect(area(cover([rectangle([100, 100, 130, 130])]))).toBeCloseTo(144);
  });
});

test("shapes cover those before, and a paint may go from one colour to another", () => {
  const canvas = createCanvas(CANVAS);
  const whole = rectangle([0, 0, CANVAS, CANVAS]);
  canvas.fill({ outlines: [whole], paint: { from: [0, 100, 200], to: [112, 100, 88], along: [1, 0] } });
  canvas.fill({ outlines: [rectangle([50, 50, 60, 60])], paint: [1, 2, 3] });
  const colour = (x: number, y: number) => [0, 1, 2].map((c) => canvas.pixels[3 * (y * CANVAS + x) + c]);
  expect(colour(30, 5)).toEqual([30, 100, 170]);
  expect(colour(55, 55)).toEqual([1, 2, 3]);
});
