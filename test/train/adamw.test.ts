import { expect, test } from "vitest";
import { type AdamWConfig, clipGradient, gradientNorm, startAdamW, stepAdamW } from "../../src/train/adamw.ts";

const CONFIG: AdamWConfig = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.1 };

/** Algorithm 2 of Loshchilov & Hutter 2019 for one number, as it is printed there. */
function byTheBook(
  theta: number,
  gradients: readonly number[],
  lr: number,
  { betas, eps, weight_decay }: AdamWConfig,
): number {
  let [m, v] = [0, 0];
  gradients.forEach((g, i) => {
    m = betas[0] * m + (1 - betas[0]) * g;
    v = betas[1] * v + (1 - betas[1]) * g ** 2;
    const mHat = m / (1 - betas[0] ** (i + 1));
    const vHat = v / (1 - betas[1] ** (i + 1));
    theta = theta - lr * weight_decay * theta - (lr * mHat) / (Math.sqrt(vHat) + eps);
  });
  return theta;
}

test("steps are those of the paper", () => {
  const gradients = [0.3, -0.2, 0.05, 0.4];
  const [values, state] = [Float32Array.of(0.5, -2), startAdamW(2)];
  for (const g of gradients) stepAdamW(values, Float32Array.of(g, -g), state, 0.01, CONFIG);
  expect(values[0]).toBeCloseTo(byTheBook(0.5, gradients, 0.01, CONFIG), 6);
  expect(values[1]).toBeCloseTo(
    byTheBook(
      -2,
      gradients.map((g) => -g),
      0.01,
      CONFIG,
    ),
    6,
  );
  expect(state.step).toBe(4);
});

test("the first step is the learning rate long whatever the gradient's size", () => {
  for (const g of [1e-4, 1, 1e4]) {
    const values = Float32Array.of(0);
    stepAdamW(values, Float32Array.of(g), startAdamW(1), 0.01, CONFIG);
    expect(values[0]).toBeCloseTo(-0.01, 5);
  }
});

test("decay is decoupled: without a gradient the numbers shrink by lr times weight_decay", () => {
  const values = Float32Array.of(2);
  stepAdamW(values, Float32Array.of(0), startAdamW(1), 0.5, CONFIG);
  expect(values[0]).toBeCloseTo(2 * (1 - 0.5 * 0.1), 6);
});

test("a rate of 0 moves nothing, but the moments go on", () => {
  const [values, state] = [Float32Array.of(2), startAdamW(1)];
  stepAdamW(values, Float32Array.of(1), state, 0, CONFIG);
  expect(values[0]).toBe(2);
  expect(state.first[0]).toBeCloseTo(0.1, 7);
});

test("a gradient is clipped to a norm and never lengthened", () => {
  const long = Float32Array.of(3, -4);
  expect(gradientNorm(long)).toBe(5);
  clipGradient(long, 5, 1);
  expect(gradientNorm(long)).toBeCloseTo(1, 5);
  expect(long[0]! / long[1]!).toBeCloseTo(-3 / 4, 6);
  const short = Float32Array.of(0.3, 0.4);
  clipGradient(short, 0.5, 1);
  expect([...short]).toEqual([...Float32Array.of(0.3, 0.4)]);
});

test("the norm of many small numbers loses nothing to float32", () => {
  expect(gradientNorm(new Float32Array(10_000_000).fill(1e-3))).toBeCloseTo(Math.sqrt(10), 4);
});
