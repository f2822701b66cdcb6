import { expect, test } from "vitest";
import { f32ToF16 } from "../../src/formats/half.ts";
import { initWeight } from "../../src/model/init-weights.ts";
import { startWeightThreads } from "../../src/model/weight-threads.ts";
import { random } from "../../src/util/random.ts";

// More than two pieces of 2^20 numbers, the last one short.
const EMBEDDING = { name: "language_model.model.embed_tokens.weight", shape: [2100, 1024] };
const GLOROT = { name: "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", shape: [1100, 1000] };

test.each([EMBEDDING, GLOROT])("a large weight drawn in pieces is the weight: $name", async (parameter) => {
  const setting = { seed: 7, range: 0.02 } as const;
  const whole = initWeight(parameter, random(7, `weight ${parameter.name}`), 0.02);
  await using wide = startWeightThreads(10, { ...setting, dtype: "fp32" });
  await using narrow = startWeightThreads(10, { ...setting, dtype: "fp16" });
  const [single, half] = [await wide.draw(parameter), await narrow.draw(parameter)];
  expect(Buffer.compare(single, new Uint8Array(whole.buffer))).toBe(0);
  expect(Buffer.compare(half, new Uint8Array(f32ToF16(whole).buffer))).toBe(0);
});

test("tells of each piece, and gives up when it is told to", async () => {
  const stop = new AbortController();
  const told: number[] = [];
  const onDrawn = (bytes: number) => {
    told.push(bytes);
    stop.abort();
  };
  await using drawer = startWeightThreads(10, { seed: 0, range: 1, dtype: "fp16", onDrawn, signal: stop.signal });
  await expect(drawer.draw(EMBEDDING)).rejects.toThrow("aborted");
  expect(told).toEqual([2 ** 21]);
});
