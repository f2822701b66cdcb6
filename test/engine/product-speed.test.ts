import { expect, test } from "vitest";
import { createEngine } from "../../src/engine/create.ts";
import { measureProducts } from "../../src/engine/product-speed.ts";

const THREADS = { products: "fp32", threads: null } as const;
const onnxruntime = () => createEngine({ name: "ort", backend: "auto", providers: ["cpu"], ...THREADS });
const wasm = () => createEngine({ name: "tfjs", backend: "wasm", providers: ["cpu"], ...THREADS });

test("a product in half that is taken in float32 all the same has no speed of its own", async () => {
  const speed = await measureProducts(await onnxruntime());
  expect(speed).toMatchObject({ gflops_fp32: expect.any(Number), gflops_fp16: null });
});

test("products in whole numbers are timed where they are taken, and nowhere else", async () => {
  const whole = await measureProducts(await onnxruntime());
  expect(whole.gflops_int8).toBeGreaterThan(0);
  expect(whole.gflops_int8x2).toBeGreaterThan(0);
  const single = await measureProducts(await wasm());
  expect(single).toMatchObject({ gflops_int8: null, gflops_int8x2: null });
});
