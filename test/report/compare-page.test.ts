import { describe, expect, test } from "vitest";
import { drawComparison } from "../../src/report/compare-figures.ts";
import { compareMarkdown } from "../../src/report/compare-markdown.ts";
import { comparePage } from "../../src/report/compare-page.ts";
import { compareRuns } from "../../src/report/comparison.ts";
import type { RunRecord } from "../../src/report/run-record.ts";
import { record, row } from "./records.ts";

const answers = (right: number) =>
  Array.from({ length: 12 }, (_, i) => row(i, i < right ? "1 gram" : "2 gram", "1 gram"));
const pageOf = (records: readonly RunRecord[], notes: readonly string[] = []) =>
  comparePage(compareRuns(records, "val", notes), records, new Map());

describe("the page of some runs", async () => {
  const records = [4, 6, 8].map((right, i) => record(`run-${right}`, answers(right), { trainingRows: 10 * (i + 1) }));
  const page = await pageOf(records, ["run-4: not finished"]);

  test("needs nothing from elsewhere and runs no program", () => {
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(|javascript:/i);
    expect(page.match(/(?:href|src)="(?!data:)[^"]*"/g) ?? []).toEqual([]);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  test("has the loss in every choice of axes, and a box for each run", () => {
    for (const kind of ["step", "samples", "time"].flatMap((x) => [`${x}-linear`, `${x}-log`])) {
      expect(page).toContain(`<div class="loss ${kind}">`);
    }
    expect(page.match(/<input type="checkbox" id="run-\d+" checked>/g)).toHaveLength(3);
  });

  test("says what lacks, what differs, and what a missing picture would have been", () => {
    expect(page).toContain("<li>run-4: not finished</li>");
    expect(page.match(/<div class="missing">no picture: the table of this row cannot be read<\/div>/g)).toHaveLength(4);
  });

  test("draws F1 over sizes from three sizes on", async () => {
    expect(page).toContain("F1 by training rows");
    expect(await pageOf(records.slice(0, 2))).not.toContain("F1 by training rows");
  });

  test("each chart is a file, too", async () => {
    const files = await drawComparison(compareRuns(records, "val"), records);
    expect(files.map(({ file }) => file).sort()).toEqual(
      [
        ...["f1-by-entity.svg", "f1-by-rows.svg", "f1-by-unit.svg", "f1.svg"],
        ...["samples", "step", "time"].flatMap((x) => [`loss-by-${x}-log.svg`, `loss-by-${x}.svg`]),
      ].sort(),
    );
    for (const { svg } of files) expect(svg).toMatch(/^<svg [\s\S]*run-8[\s\S]*<\/svg>$/);
  });
});

test("runs without losses and answers have a page of what they have", async () => {
  const bare = { curve: { raw: [], smooth: [] } };
  const page = await pageOf([record("a", null, bare), record("b", null, bare)]);
  expect(page).toContain("No run has a loss to draw.");
  expect(page).toContain("Two evaluated runs are needed for this.");
  expect(page).not.toContain("<h2>Scores</h2>");
});

describe("hostile texts", () => {
  const SCRIPT = `<script>document.title = "owned"</script>`;
  const HOSTILE: readonly (readonly [string, string])[] = [
    ["a script", SCRIPT],
    ["the end of a chart", `</svg></style></title>${SCRIPT}`],
    ["the end of an attribute", `"><img src=x onerror=alert(1)>`],
    ["an expression of Vega", `{"signal": "1 + 1"}`],
    ["a name of every object", "constructor"],
    ["the name of a prototype", "__proto__"],
    ["control characters", "a\u0007\u001b[31mb\u202ec"],
    ["a formula", `=HYPERLINK("http://x")`],
    ["a table of Markdown", "a | b\n| --- |\n![x](http://x) `c` <b>"],
  ];
  const recordsOf = (text: string) => [
    record(text, [row(0, text, "1 gram", text), row(1, "1 gram", text)], { settings: { [text]: text } }),
    record(`${text} 2`, [row(0, "1 gram", "1 gram", text), row(1, text, text)]),
  ];

  test.each(HOSTILE)("%s stays text in the page", async (_, text) => {
    const records = recordsOf(text);
    const page = await comparePage(compareRuns(records, text, [text]), records, new Map());
    expect(page).not.toMatch(/<script|<img|\p{Cc}(?<!\n)|\u202e/u);
    expect(page.match(/<svg /g)!.length).toBe(page.match(/<\/svg>/g)!.length);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page.match(/<\/title>/g)).toHaveLength(1);
  });

  test.each(HOSTILE)("%s stays text in Markdown", (_, text) => {
    const markdown = compareMarkdown(compareRuns(recordsOf(text), text, [text]));
    expect(markdown).not.toMatch(/(?<!\\)[<`!]|\]\(|\p{Cc}(?<!\n)/u);
    const table = markdown.split("\n\n").find((part) => part.startsWith("| run | F1"))!;
    const cells = table.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
    expect(new Set(cells).size).toBe(1);
    expect(cells).toHaveLength(4);
  });
});
