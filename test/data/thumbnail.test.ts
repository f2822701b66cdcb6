import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { makeThumbnail } from "../../src/data/thumbnail.ts";
import { SHIPPED } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

test("a photograph becomes a small JPEG of the same proportions", async () => {
  const file = join(SHIPPED, "images", "51bQPPtMqYL.jpg");
  const whole = await sharp(file).metadata();
  const small = await makeThumbnail(file, 100);
  const { format, width, height } = await sharp(small).metadata();
  expect({ format, longest: Math.max(width, height) }).toEqual({ format: "jpeg", longest: 100 });
  expect(width / height).toBeCloseTo(whole.width / whole.height, 1);
  expect(small.length).toBeLessThan(10_000);
});

test("what is missing or broken is told by its name", async () => {
  const broken = join(folder, "broken.jpg");
  writeFileSync(broken, "no image");
  await expect(makeThumbnail(join(folder, "gone.jpg"), 100)).rejects.toThrow("gone.jpg: no such image");
  await expect(makeThumbnail(broken, 100)).rejects.toThrow("broken.jpg: is no image that can be read");
});
