import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scoreFiles } from "../../src/recipes/score.ts";

const folder = mkdtempSync(join(tmpdir(), "amlc-score-"));

function score(predictions: string, truth: string) {
  const files = { predictions: join(folder, "predictions.csv"), truth: join(folder, "truth.csv") };
  writeFileSync(files.predictions, predictions);
  writeFileSync(files.truth, truth);
  return scoreFiles(files);
}

const TRUTH = "entity_name,entity_value\nwidth,1.0 inch\nwidth,\nheight,2.0 foot\nheight,3.0 foot\n";

describe("the score of a predictions file", () => {
  test("counts overall and by entity; truth without index is numbered from 0", async () => {
    const result = await score("index,prediction\n3,\n2,2.0 inch\n1,\n0,1.0 inch\n", TRUTH);
    expect(result).toMatchObject({ f1: 0.5, tp: 1, fp: 1, fn: 1, tn: 1, rows: 4 });
    expect(result.by_entity.width).toMatchObject({ f1: 1, tp: 1, tn: 1 });
    expect(result.by_entity.height).toMatchObject({ f1: 0, fp: 1, fn: 1 });
  });

  test("pairs rows by the truth's own index where it has one", async () => {
    const result = await score("index,prediction\n7,a\n9,b\n", "index,entity_value\n9,b\n7,a\n");
    expect(result).toMatchObject({ tp: 2, by_entity: {} });
  });

  test.each([
    ["a row is missing", "index,prediction\n0,\n", "predictions.csv: lacks rows which", "index 1, 2, 3 (3 in all)"],
    [
      "a row is too many",
      "index,prediction\n0,\n1,\n2,\n3,\n8,\n",
      "truth.csv: lacks rows which",
      "index 8 (1 in all)",
    ],
    ["an index stands twice", "index,prediction\n0,\n0,\n", 'line 3 has index "0" again', "first on line 2"],
    ["a column is missing", "index,answer\n0,\n", "predictions.csv: lacks the column", "prediction"],
  ])("is refused when %s", async (_, predictions, message, detail) => {
    const attempt = score(predictions, TRUTH);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(detail);
  });

  test("is refused when there are no rows in either file", async () => {
    const attempt = score("index,prediction\n", "index,entity_value\n");
    await expect(attempt).rejects.toThrow("predictions.csv: has a header and no rows");
  });
});
