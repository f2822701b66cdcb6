import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TableStats, tableStats } from "../../src/data/stats.ts";
import { openTable } from "../../src/data/table.ts";
import { encodeCsv } from "../../src/formats/csv.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const COLUMNS = ["image_link", "group_id", "entity_name", "entity_value"];

async function statsOf(rows: readonly (readonly string[])[], columns = COLUMNS): Promise<TableStats> {
  const path = join(folder, "rows.csv");
  writeFileSync(path, encodeCsv(columns.map((name, c) => [name, ...rows.map((row) => row[c])])));
  return tableStats(await openTable(path, ["image_link", "entity_name"]));
}

const ROWS = [
  ["http://x/1.jpg", "7", "width", "1 inch"],
  ["http://x/1.jpg", "7", "height", "2.5 inch"],
  ["http://x/2.jpg", "7", "width", "3 inch"],
  ["http://x/2.jpg", "7", "width", "3 inch"], // repeats
  ["http://x/3.jpg", "8", "width", "1 inch"],
  ["http://x/3.jpg", "8", "width", "2 inch"], // contradicts
  ["http://x/4.jpg", "9", "width", "1.0 inch"],
  ["http://x/4.jpg", "9", "width", "1 inch"], // agrees, though it is written otherwise
  ["http://x/5.jpg", "9", "width", ""],
  ["http://x/5.jpg", "9", "width", "4 gram"],
  ["http://x/6.jpg", "9", "voltage", "[100.0, 240.0] volt"],
  ["http://x/7.jpg", "9", "voltage", "[12, 24] volt"],
  ["http://x/8.jpg", "9", "voltage", "10 volt to 20 volt"],
  ["http://x/9.jpg", "9", "voltage", "1.5e3 volt"],
  ["http://x/9.jpg", "9", "wattage", "[3, 4] horsepower"],
  ["http://x/9.jpg", "9", "colour", "blue"],
];

describe("a table counted by hand", async () => {
  const stats = await statsOf(ROWS);
  const labels = stats.labels!;

  test("rows, links, repeats", () => {
    expect(stats).toMatchObject({ columns: COLUMNS, rows: 16, links: 9 });
    expect(stats.repeats).toEqual({ repeated_rows: 1, contradictions: 1, links_with_several_entities: 2 });
  });

  test("entities, most rows first", () => {
    expect(stats.entities.map(({ entity }) => entity)).toEqual(["width", "voltage", "colour", "height", "wattage"]);
    expect(stats.entities[0]).toMatchObject({ known: true, rows: 9, share: 9 / 16, links: 5, groups: 3, values: 5 });
    expect(stats.entities[0].top_values.slice(0, 2)).toEqual([
      { value: "1 inch", rows: 3 },
      { value: "3 inch", rows: 2 },
    ]);
    expect(stats.entities[2]).toMatchObject({ entity: "colour", known: false });
  });

  test("groups", () => {
    const { histogram, ...groups } = stats.groups!;
    expect(groups).toMatchObject({ count: 3, min: 2, median: 4, max: 10, largest: [{ group: "9", rows: 10 }, {}, {}] });
    expect(histogram.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test("units with the numbers of labels of the official form", () => {
    const [inch, ...others] = labels.units;
    expect(inch).toMatchObject({ entity: "width", unit: "inch", allowed: true, rows: 7, share: 7 / 8 });
    expect(inch).toMatchObject({ min: 1, median: 1, max: 3, p1: 1, p99: 3 });
    expect(inch.histogram).toEqual([
      { from: 1, to: 1.585, count: 4 },
      { from: 1.585, to: 2.512, count: 1 },
      { from: 2.512, to: 3.981, count: 2 },
    ]);
    expect(others.map(({ entity, unit, allowed }) => [entity, unit, allowed])).toEqual([
      ["height", "inch", true],
      ["width", "gram", false],
    ]);
  });

  test("labels of another form", () => {
    expect(labels.empty).toBe(1);
    expect(labels.odd).toMatchObject({ rows: 7, by_form: { range: 4, scientific: 1, other: 1, empty: 1 } });
    expect(labels.odd.by_entity[0]).toEqual({
      ...{ entity: "voltage", rows: 4, range: 3, scientific: 1, other: 0, empty: 0 },
    });
    expect(labels.odd.shapes).toContainEqual({
      ...{ shape: "[N, N] volt", form: "range", rows: 2, examples: ["[100.0, 240.0] volt", "[12, 24] volt"] },
    });
    expect(labels.odd.shapes.map(({ shape }) => shape).slice(1)).toEqual([
      "",
      "N volt to N volt",
      "NeN volt",
      "[N, N] horsepower",
      "blue",
    ]);
  });

  test("units that the entity does not allow, in labels of any form", () => {
    expect(labels.foreign_units.rows).toBe(2);
    expect(labels.foreign_units.units).toEqual([
      { entity: "wattage", unit: "horsepower", rows: 1, examples: ["[3, 4] horsepower"] },
      { entity: "width", unit: "gram", rows: 1, examples: ["4 gram"] },
    ]);
  });
});

test("a test table has neither labels nor, maybe, groups", async () => {
  const rows = [
    ["0", "http://x/1.jpg", "width"],
    ["1", "http://x/1.jpg", "width"],
    ["2", "http://x/2.jpg", "height"],
  ];
  const stats = await statsOf(rows, ["index", "image_link", "entity_name"]);
  expect(stats).toMatchObject({ rows: 3, links: 2, groups: null, labels: null });
  expect(stats.repeats).toEqual({ repeated_rows: 1, contradictions: 0, links_with_several_entities: 0 });
  expect(stats.entities[0]).toMatchObject({ entity: "width", groups: null, values: null, top_values: [] });
});

test("spaces around a link make no other image of it", async () => {
  const links = ["http://x/1.jpg", " http://x/1.jpg", "http://x/1.jpg "];
  expect(await statsOf(links.map((link) => [link, "7", "width", "1 inch"]))).toMatchObject({
    links: 1,
    repeats: { repeated_rows: 2, contradictions: 0 },
  });
});

test("a table of no rows, or without an entity's column, is refused", async () => {
  await expect(statsOf([])).rejects.toThrow("has a header and no rows");
  await expect(statsOf([["x"]], ["image_link"])).rejects.toThrow("lacks the column entity_name");
});

test("cells that look alike to a careless key are kept apart", async () => {
  const rows = [
    ["http://x/1.jpg", "1", 'a"|"b', "1 gram"],
    ["http://x/2.jpg", "1", "a", '"b|1 gram'],
    ["http://x/3.jpg", "1", "__proto__", "1 constructor"],
    ["http://x/4.jpg", "1", "constructor", `${"9".repeat(400)} gram`],
    ["http://x/5.jpg", "1", "width", "0 inch"],
  ];
  const { entities, labels } = await statsOf(rows);
  expect(entities.map(({ entity, known }) => [entity, known])).toEqual([
    ["__proto__", false],
    ["a", false],
    ['a"|"b', false],
    ["constructor", false],
    ["width", true],
  ]);
  const unitOf = (entity: string) => labels!.units.find((line) => line.entity === entity)!;
  expect(unitOf("__proto__")).toMatchObject({ unit: "constructor", allowed: null, rows: 1 });
  expect(unitOf("constructor")).toMatchObject({ unit: "gram", rows: 1, min: null, max: null, histogram: [] });
  expect(unitOf("width")).toMatchObject({ min: 0, max: 0, histogram: [] });
});

const pick = (...texts: string[]) => fc.constantFrom(...texts);
const anyRow = fc.tuple(
  pick("http://x/1.jpg", "http://x/2.jpg", "http://x/3.jpg"),
  pick("1", "2", ""),
  pick("width", "height", "item_weight", "colour", ""),
  pick(
    "1 inch",
    "1.0 inch",
    "2 inch",
    "2 gram",
    "[1, 2] inch",
    "[3, 4] inch",
    "[5, 6] inch",
    "[7, 8] inch",
    "1e3 gram",
    "",
    "?",
  ),
);
const anyRows = fc.array(anyRow, { minLength: 1, maxLength: 30 });

test("the order of the rows does not matter", async () => {
  const shuffled = anyRows.chain((rows) =>
    fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
  );
  await fc.assert(
    fc.asyncProperty(shuffled, async ([rows, others]) => {
      expect(await statsOf(others)).toEqual(await statsOf(rows));
    }),
    { numRuns: 60 },
  );
});

test("the parts add up, and are what a slow count finds", async () => {
  const distinct = (rows: readonly (readonly string[])[], ...columns: number[]) =>
    new Set(rows.map((row) => JSON.stringify(columns.map((c) => row[c])))).size;
  await fc.assert(
    fc.asyncProperty(anyRows, async (rows) => {
      const { entities, links, repeats, groups, labels } = await statsOf(rows);
      expect(entities.reduce((sum, line) => sum + line.rows, 0)).toBe(rows.length);
      expect(links).toBe(distinct(rows, 0));
      expect(repeats.repeated_rows).toBe(rows.length - distinct(rows, 0, 2, 3));
      expect(entities.reduce((sum, line) => sum + line.links, 0)).toBe(distinct(rows, 0, 2));
      expect(entities.reduce((sum, line) => sum + line.groups!, 0)).toBe(distinct(rows, 1, 2));
      expect(groups!.count).toBe(distinct(rows, 1));
      const official = labels!.units.reduce((sum, line) => sum + line.rows, 0);
      expect(official + labels!.odd.rows).toBe(rows.length);
      expect(labels!.odd.shapes.reduce((sum, line) => sum + line.rows, 0)).toBe(labels!.odd.rows);
    }),
    { numRuns: 60 },
  );
});
