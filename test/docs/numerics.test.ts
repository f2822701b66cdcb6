import { describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { loadGolden } from "../support/goldens.ts";
import { readDocument, readTable } from "./documents.ts";
import { errorLimits, measureErrors } from "./golden-errors.ts";

/** Columns of the table after the first; the last one is the limit. The reference is too slow for `wide` here. */
const MEASURED = [
  { golden: "tiny", engine: ortEngine() },
  { golden: "tiny", engine: referenceEngine },
  { golden: "wide", engine: ortEngine() },
] as const;

const limits = errorLimits();
const table = readTable(readDocument("docs/numerics.md"), "quantity").map(([quantity, ...cells]) => ({
  quantity: quantity!,
  limit: limits.get(quantity!)!,
  figures: cells.slice(0, -1).map(Number),
}));

// The figures themselves: npx vitest run test/docs/numerics.test.ts --reporter=verbose
describe.each(MEASURED.map((column, i) => [column.golden, column.engine.name, i] as const))(
  "%s on %s",
  (name, _, i) => {
    test("no quantity is further from torch than docs/numerics.md allows", async ({ annotate }) => {
      const errors = await measureErrors(MEASURED[i]!.engine, await loadGolden(name));
      await annotate(
        Object.entries(errors)
          .map(([quantity, error]) => `${quantity}: ${error.toExponential(1)}`)
          .join("\n"),
      );
      expect(table.map(({ quantity }) => quantity)).toEqual(Object.keys(errors));
      for (const { quantity, limit, figures } of table) {
        expect(errors[quantity], quantity).toBeLessThanOrEqual(limit);
        expect(figures[i], `the document's figure of ${quantity}`).toBeLessThanOrEqual(limit);
      }
    });
  },
);
