import { describe, expect, test } from "vitest";
import type { UnitStats } from "../../src/data/stats/units.ts";
import type { TableStats } from "../../src/data/stats.ts";
import { dataStatsHtml } from "../../src/report/data-stats.ts";

const bins = [
  { from: 1, to: 1.585, count: 1200 },
  { from: 10, to: 15.85, count: 34 },
];

const unitOf = (entity: string, unit: string, allowed: boolean | null = true): UnitStats => ({
  ...{ entity, unit, allowed, rows: 1234, share: 1, min: 0, p1: 1, median: 5, p99: 100, max: 2.5e14, histogram: bins },
});

/** A small table's statistics with the given texts in every place that shows a text of the table. */
function statsWith(entity: string, unit = "inch", value = "[1, 2] inch"): TableStats {
  return {
    columns: ["image_link", "group_id", "entity_name", "entity_value"],
    ...{ rows: 263_859, links: 255_906 },
    entities: [
      {
        entity,
        known: true,
        rows: 1234,
        share: 0.4,
        links: 9,
        groups: 8,
        values: 7,
        top_values: [{ value, rows: 1100 }],
      },
    ],
    repeats: { repeated_rows: 0, contradictions: 3, links_with_several_entities: 7816 },
    groups: { count: 2, min: 1, median: 5.5, max: 10, largest: [{ group: value, rows: 10 }], histogram: bins },
    labels: {
      empty: 0,
      units: [unitOf(entity, unit), unitOf(entity, `${unit} hour`, false)],
      odd: {
        rows: 3554,
        by_form: { range: 3548, scientific: 6, other: 0, empty: 0 },
        by_entity: [{ entity, rows: 3554, range: 3548, scientific: 6, other: 0, empty: 0 }],
        shapes: [{ shape: value, form: "range", rows: 1775, examples: [value] }],
      },
      foreign_units: { rows: 1234, units: [{ entity, unit, rows: 1234, examples: [value] }] },
    },
  };
}

const withoutSpaces = (page: string) => page.replaceAll(/\s+/g, " ");

describe("the page of a table's statistics", async () => {
  const page = withoutSpaces(await dataStatsHtml(statsWith("width"), "train.csv"));

  test("shows counts with separators, numbers that are too large as powers", () => {
    for (const text of ["263,859", "255,906", "7,816", "3,554", "1,775", "2.50e14", "40.0%"])
      expect(page).toContain(text);
    expect(page).toContain("<title>train.csv</title>");
  });

  test("has a chart of entities, units, numbers, odd labels and groups", () => {
    expect(page.match(/<svg /g)).toHaveLength(5);
    expect(page.match(/<figcaption>/g)).toHaveLength(5);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  test("marks a unit that the entity does not allow", () => {
    expect(page.match(/not allowed<\/span>/g)).toHaveLength(1);
    expect(page).toContain('stroke="#d62728"');
  });

  test("needs nothing from elsewhere", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|javascript:/i);
    expect(page.match(/(?:href|src)="[^"]*"/g) ?? []).toEqual([]);
    expect(page).toContain("default-src 'none'");
  });
});

describe("hostile texts", () => {
  const SCRIPT = `<script>document.title = "owned"</script>`;
  test.each([
    ["a script", SCRIPT],
    ["the end of a chart", `</svg></style></title>${SCRIPT}`],
    ["the end of an attribute", `"><img src=x onerror=alert(1)>`],
    ["the end of an attribute in single quotes", `'><img src=x onerror=alert(1)>`],
    ["an expression of Vega", `{"signal": "1 + 1"}`],
    ["a name of every object", "constructor"],
    ["the name of a prototype", "__proto__"],
    ["control characters", "a\u0007\u001b[31mb\u202ec"],
    ["nothing", ""],
  ])("%s stays text in every place", async (_, text) => {
    const page = await dataStatsHtml(statsWith(text, text, text), text);
    expect(page).not.toMatch(/<script|<img|\p{Cc}(?<!\n)|\u202e/u);
    expect(page.match(/<svg /g)).toHaveLength(5);
    expect(page.match(/<\/svg>/g)).toHaveLength(5);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page.match(/<\/title>/g)).toHaveLength(1);
  });

  test("an entity is escaped once", async () => {
    const page = await dataStatsHtml(statsWith("a & <b>"), "rows.csv");
    expect(page).toContain("a &amp; &lt;b&gt;");
    expect(page).not.toContain("&amp;amp;");
  });

  test("what is long is cut, what is many ends with a count", async () => {
    const long = "e".repeat(60_000);
    const stats = statsWith(long, long, long);
    const units = Array.from({ length: 5000 }, (_, i) => unitOf(`entity ${i}`, `unit ${i}`));
    const page = await dataStatsHtml({ ...stats, labels: { ...stats.labels!, units } }, long);
    expect(page.length).toBeLessThan(400_000);
    expect(page).not.toContain("e".repeat(100));
    expect(page).toContain("and 4,900 more");
  });
});

test("a name that the page has room for stands whole in its charts", async () => {
  const [entity, unit] = ["recommended_weight_of_the_user_in_summer", "parts of a pound of the olden days here"];
  const page = await dataStatsHtml(statsWith(entity, unit), "rows.csv");
  const inCharts = (text: string) => page.match(new RegExp(`>${text}</text>`, "g"))?.length;
  expect([inCharts(entity), inCharts(unit)]).toEqual([2, 2]); // bars and units; units and numbers
});

test("a table without labels and groups has a page of what it has", async () => {
  const page = await dataStatsHtml({ ...statsWith("width"), labels: null, groups: null }, "test.csv");
  expect(page.match(/<svg /g)).toHaveLength(1);
  expect(page).not.toMatch(/Units|Numbers|Groups/);
});

test("charts of nothing are left out", async () => {
  const stats = statsWith("width");
  const units = [{ ...unitOf("width", "inch"), histogram: [] }];
  const page = await dataStatsHtml({ ...stats, labels: { ...stats.labels!, units } }, "rows.csv");
  expect(page.match(/<svg /g)).toHaveLength(4);
});
