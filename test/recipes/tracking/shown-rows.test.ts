import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadSamples } from "../../../src/data/samples.ts";
import { evenly, rowShower } from "../../../src/recipes/tracking/shown-rows.ts";
import { SHIPPED } from "../../support/runs.ts";

const { samples } = await loadSamples({
  csv: join(SHIPPED, "val.csv"),
  images: join(SHIPPED, "images"),
  requireValue: true,
});
const predictions = samples.map(({ index, entity, value }) => ({
  ...{ index, entity_name: entity, truth: value, prediction: value, confidence: 0.5 },
}));

test("rows are taken evenly, the first and the last among them, none twice", () => {
  expect(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 3, 6, 9]);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 200 }), (length, count) => {
      const list = Array.from({ length }, (_, i) => i);
      const some = evenly(list, count);
      expect(new Set(some).size).toBe(Math.min(length, count));
      expect([some[0], some.at(-1)]).toEqual([0, length - 1]);
    }),
  );
});

test("the same rows are shown at each evaluation, with question, outcome and a small picture", async () => {
  const show = rowShower(samples, "What is the {entity}?", 3);
  const [first, second] = [await show(predictions), await show(predictions.toReversed())];
  expect(first).toHaveLength(3);
  expect(new Set(second.map(({ index }) => index))).toEqual(new Set(first.map(({ index }) => index)));
  const [row] = first;
  expect(row).toMatchObject({ question: `What is the ${row!.entity.replaceAll("_", " ")}?`, outcome: "tp" });
  expect(row!.picture!.jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  expect(Math.max(row!.picture!.width, row!.picture!.height)).toBeLessThanOrEqual(240);
});

test("a photograph that is gone leaves its row without a picture", async () => {
  const gone = samples.map((sample) => ({ ...sample, imagePath: "nowhere.jpg" }));
  const [row] = await rowShower(gone, "{entity}", 1)(predictions);
  expect(row).toMatchObject({ index: gone[0]!.index, picture: null });
});
