import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { f16ToF32, f32ToF16 } from "../../src/formats/half.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { parametersOf } from "../../src/model/lora.ts";
import { declareIn, loadModel } from "../../src/model/model.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { int8Names, int8Parts } from "../../src/model/weight-blocks.ts";
import { random } from "../../src/util/random.ts";
import { sizeOf, tensor } from "../../src/util/tensor.ts";
import { relativeDistance } from "../support/errors.ts";
import { GOLDENS, loadGolden } from "../support/goldens.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

describe.each(GOLDENS)("the weights of %s in whole numbers", (name) => {
  test("are each within half a step of the row's scale, and the largest of a row is a whole number of its own", async () => {
    const { model: exact } = await loadGolden(name);
    const { weights, config, dtype } = await loadModel(exact.folder, "i8");
    expect([config.int8, dtype]).toEqual([1, "f16"]);
    const whole = parametersOf(paligemmaParameters(config)).filter(({ int8 }) => int8);
    expect(whole.length).toBeGreaterThan(10);
    for (const { name, shape } of whole) {
      const names = int8Names(name);
      const [q, scales] = [weights[names.int8]!.data as Int8Array, weights[names.scales]!.data as Float32Array];
      const wanted = exact.weights[name]!.data as Float32Array;
      const width = shape[1]!;
      for (let row = 0; row < scales.length; row++) {
        const numbers = Int8Array.from({ length: width }, (_, k) => q[k * scales.length + row]!);
        expect(Math.max(...numbers.map(Math.abs))).toBe(63);
        const errors = Array.from(numbers, (n, k) => Math.abs(n * scales[row]! - wanted[row * width + k]!));
        expect(Math.max(...errors)).toBeLessThanOrEqual(0.5001 * scales[row]!);
      }
    }
  });

  test("are as exact as a half, in two for each number", async () => {
    const { model: exact } = await loadGolden(name);
    const { weights, config, dtype } = await loadModel(exact.folder, "i8x2");
    expect([config.int8, dtype]).toEqual([2, "f16"]);
    for (const { name, shape } of parametersOf(paligemmaParameters(config)).filter(({ int8 }) => int8)) {
      const names = int8Names(name);
      const [q, r] = [weights[names.int8]!.data as Int8Array, weights[names.rest]!.data as Int8Array];
      const scales = weights[names.scales]!.data as Float32Array;
      const wanted = exact.weights[name]!.data as Float32Array;
      const found = wanted.map((_, i) => {
        const [row, k] = [Math.floor(i / shape[1]!), i % shape[1]!];
        const at = k * shape[0]! + row;
        return scales[row]! * (q[at]! + r[at]! / 126);
      });
      const halves = f16ToF32(f32ToF16(wanted));
      expect(relativeDistance(found, wanted)).toBeLessThan(1.5 * relativeDistance(halves, wanted));
    }
  });

  test("stand in the place of the matrices: no weight is there twice", async () => {
    const { weights, config } = await loadModel((await loadGolden(name)).model.folder, "i8");
    for (const { name, int8 } of parametersOf(paligemmaParameters(config)))
      expect(Object.hasOwn(weights, name), name).toBe(!int8);
  });
});

test("of many hidden units, rows that make them and columns that read them are rounded a part at a time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "amlc-int8-"));
  try {
    const drawn = await widenTiny(folder, 5000);
    const { weights, config } = await loadModel(folder, "i8x2");
    const inParts = parametersOf(paligemmaParameters(config)).filter(({ name }) => drawn.has(name));
    expect(inParts.length).toBe(3 * config.text.numLayers);
    for (const parameter of inParts) {
      const parts = int8Parts(parameter);
      expect(parts.length).toBe(3);
      const matrix = drawn.get(parameter.name)!;
      for (const { names, from, shape } of parts) {
        const [q, r] = [weights[names.int8]!.data as Int8Array, weights[names.rest]!.data as Int8Array];
        const scales = weights[names.scales]!.data as Float32Array;
        const wanted = new Float32Array(q.length);
        const found = wanted.map((_, i) => {
          const [k, row] = [Math.floor(i / shape[0]), i % shape[0]];
          wanted[i] = matrix[(from[0] + row) * parameter.shape[1]! + from[1] + k]!;
          return scales[row]! * (q[i]! + r[i]! / 126);
        });
        expect(relativeDistance(found, wanted), names.int8).toBeLessThan(1e-4);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Writes the tiny golden with so many hidden units, and gives the matrices that were drawn for it. */
async function widenTiny(folder: string, units: number): Promise<Map<string, Float32Array>> {
  cpSync(join(import.meta.dirname, "../goldens/tiny/model"), folder, { recursive: true });
  const [config, file] = [join(folder, "config.json"), join(folder, "model.safetensors")];
  const told = JSON.parse(readFileSync(config, "utf8"));
  writeFileSync(config, JSON.stringify({ ...told, text_config: { ...told.text_config, intermediate_size: units } }));
  const saved = new Map(await readSafetensors(file));
  const [generator, drawn] = [random(0, "hidden units"), new Map<string, Float32Array>()];
  for (const [name, { shape }] of saved) {
    if (!/language_model.*mlp/.test(name)) continue;
    const wide = shape.map((size) => (size === told.text_config.intermediate_size ? units : size));
    const data = Float32Array.from({ length: sizeOf(wide) }, () => generator.uniform() - 0.5);
    drawn.set(name, data);
    saved.set(name, tensor("f32", wide, data));
  }
  writeFileSync(file, encodeSafetensors(saved));
  return drawn;
}

test("a base in blocks is not put into whole numbers: the error says what to do", () => {
  const config = { ...PALIGEMMA_3B, blocks: { bits: 4, block: 32 } } as const;
  expect(() => declareIn(config, "i8")).toThrow(
    "engine.weights: int8 wants a base whose weights are whole, and this one is in 4 bits",
  );
  expect(() => declareIn(config, "i8x2")).toThrow("engine.weights: int8x2 wants a base whose weights are whole");
  expect(declareIn({ ...PALIGEMMA_3B, int8: 1 }, "f32")).toEqual({ config: PALIGEMMA_3B, dtype: "f32" });
});

test.each([
  ["a matrix that is rounded", "vision_tower.encoder.layers.0.mlp.fc1.weight"],
  ["a vector that is not", "vision_tower.encoder.layers.0.mlp.fc1.bias"],
])("NaN in %s is refused by its file and name", async (_, broken) => {
  const folder = mkdtempSync(join(tmpdir(), "amlc-int8-"));
  try {
    cpSync(join(import.meta.dirname, "../goldens/tiny/model"), folder, { recursive: true });
    const file = join(folder, "model.safetensors");
    const saved = await readSafetensors(file);
    (saved.get(broken)!.data as Float32Array)[1] = Number.NaN;
    writeFileSync(file, encodeSafetensors(saved));
    await expect(loadModel(folder, "i8")).rejects.toThrow(`${file}: ${broken}: 1 of `);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
