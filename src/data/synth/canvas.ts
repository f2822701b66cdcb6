import { CANVAS, turn } from "./geometry.ts";
import type { Paint, Shape } from "./shapes.ts";

/** A picture in the making. */
export interface Canvas {
  /** Red, green and blue of each pixel, 0 to 255 and not rounded, [S,S,3]. */
  readonly pixels: Float32Array;
  /** Fills a shape with smooth edges, turned by some degrees around the middle. */
  fill(shape: Shape, angle?: number): void;
}

/**
 * A canvas of S by S pixels. Own code, so that every machine draws the same bytes, and without a parser in between: what a
 * pixel is covered by is summed up exactly, edge by edge (as in Raph Levien's font-rs).
 */
export function createCanvas(size: number): Canvas {
  const pixels = new Float32Array(3 * size * size);
  const cover = new Coverage(size);
  return {
    pixels,
    fill({ outlines, paint }, angle = 0) {
      const scale = size / CANVAS;
      // One affine map for all points of the shape: that of three of them.
      const [ox, oy] = turn([0, 0], angle);
      const [ax, ay] = turn([1, 0], angle);
      const [bx, by] = turn([0, 1], angle);
      const toX = (x: number, y: number) => scale * (ox + (ax - ox) * x + (bx - ox) * y);
      const toY = (x: number, y: number) => scale * (oy + (ay - oy) * x + (by - oy) * y);
      for (const points of outlines) {
        const last = points.length - 2;
        let [x0, y0] = [toX(points[last], points[last + 1]), toY(points[last], points[last + 1])];
        for (let i = 0; i <= last; i += 2) {
          const [x1, y1] = [toX(points[i], points[i + 1]), toY(points[i], points[i + 1])];
          cover.addEdge(x0, y0, x1, y1);
          [x0, y0] = [x1, y1];
        }
      }
      cover.paint(pixels, paint);
    },
  };
}

/** Signed areas beside edges. The sum over a row up to a pixel is the part of the pixel that is inside. */
class Coverage {
  readonly #size: number;
  readonly #stride: number;
  readonly #areas: Float64Array;
  /** Rows and columns with an edge. */
  #top = Infinity;
  #bottom = 0;
  #left = Infinity;
  #right = 0;

  constructor(size: number) {
    this.#size = size;
    this.#stride = size + 2;
    this.#areas = new Float64Array(this.#stride * size);
  }

  addEdge(fromX: number, fromY: number, toX: number, toY: number): void {
    if (fromY === toY) return;
    const sign = fromY < toY ? 1 : -1;
    const [x0, y0, x1, y1] = sign > 0 ? [fromX, fromY, toX, toY] : [toX, toY, fromX, fromY];
    const slope = (x1 - x0) / (y1 - y0);
    const [first, end] = [Math.max(0, Math.floor(y0)), Math.min(this.#size, Math.ceil(y1))];
    for (let row = first; row < end; row++) {
      const [high, low] = [Math.max(row, y0), Math.min(row + 1, y1)];
      this.#addRow(
        row,
        sign * (low - high),
        this.#clamp(x0 + slope * (high - y0)),
        this.#clamp(x0 + slope * (low - y0)),
      );
    }
    if (first < end) {
      this.#left = Math.min(this.#left, Math.floor(this.#clamp(Math.min(x0, x1))));
      this.#right = Math.max(this.#right, this.#clamp(Math.max(x0, x1)));
      this.#top = Math.min(this.#top, first);
      this.#bottom = Math.max(this.#bottom, end);
    }
  }

  /** What is left of the picture covers it from its first column on; what is right of it covers nothing. */
  #clamp(x: number): number {
    return x < 0 ? 0 : x > this.#size ? this.#size : x;
  }

  /** An edge within one row: `height` of it, from x to x. */
  #addRow(row: number, height: number, fromX: number, toX: number): void {
    const areas = this.#areas;
    const [left, right] = fromX < toX ? [fromX, toX] : [toX, fromX];
    const [first, last] = [Math.floor(left), Math.ceil(right) - 1];
    const at = row * this.#stride + first;
    if (last <= first) {
      const beside = (left + right) / 2 - first;
      areas[at] += height * (1 - beside);
      areas[at + 1] += height * beside;
      return;
    }
    let covered = 0; // of the pixels so far, and of this one the part right of the edge
    for (let column = first, i = at; column <= last + 1; column++, i++) {
      const total = (areaRightOf(column + 1, left, right) - areaRightOf(column, left, right)) * height;
      areas[i] += total - covered;
      covered = total;
    }
  }

  /** Paints what is covered, and begins anew. */
  paint(pixels: Float32Array, paint: Paint): void {
    const [size, stride, areas, right] = [this.#size, this.#stride, this.#areas, this.#right];
    const { from, change, along } = slopeOf(paint, size);
    const [[red, green, blue], [toRed, toGreen, toBlue], [alongX, alongY]] = [from, change, along];
    for (let y = this.#top; y < this.#bottom; y++) {
      let sum = 0;
      for (let x = this.#left, i = y * stride + x, p = 3 * (y * size + x); x < size; x++, i++, p += 3) {
        sum += areas[i];
        const alpha = sum < 0 ? Math.min(1, -sum) : Math.min(1, sum);
        if (alpha < NOTHING) {
          if (x > right) break;
          continue;
        }
        const t = alongX * x + alongY * y;
        pixels[p] += alpha * (red + t * toRed - pixels[p]);
        pixels[p + 1] += alpha * (green + t * toGreen - pixels[p + 1]);
        pixels[p + 2] += alpha * (blue + t * toBlue - pixels[p + 2]);
      }
    }
    if (this.#top < this.#bottom) areas.fill(0, this.#top * stride, this.#bottom * stride);
    [this.#top, this.#bottom, this.#left, this.#right] = [Infinity, 0, Infinity, 0];
  }
}

/** Less of a pixel than a byte can tell; sums are not exact. */
const NOTHING = 1 / 512;

/** Of a row of height 1 with an edge from `left` at one end to `right` at the other: the area before x that is right of it. */
function areaRightOf(x: number, left: number, right: number): number {
  if (x <= left) return 0;
  if (x >= right) return x - (left + right) / 2;
  return (x - left) ** 2 / (2 * (right - left));
}

/** A paint as a colour and its change with x and y. */
function slopeOf(paint: Paint, size: number) {
  if (!("from" in paint)) return { from: paint, change: [0, 0, 0], along: [0, 0] };
  const { from, to, along } = paint;
  const length = size * (along[0] + along[1]);
  return { from, change: to.map((part, i) => part - from[i]), along: along.map((part) => part / length) };
}
