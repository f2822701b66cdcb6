import type { UnitStats } from "../data/stats/units.ts";
import type { EntityStats, GroupStats, LabelStats, TableStats } from "../data/stats.ts";
import { cut } from "../util/cut.ts";
import { formatCount, formatNumber, formatShare } from "../util/format-number.ts";
import { entitiesSpec, groupSizesSpec, MOST, numbersSpec, oddFormsSpec, unitsSpec } from "./data-charts.ts";
import { type Html, html, htmlTable, type TableColumn } from "./html.ts";
import { badge, figure, page, section } from "./page.ts";

/**
 * What is in a table as one HTML page that needs nothing else: no script, no network. Texts of the table are escaped, and
 * cut where they are long.
 */
export async function dataStatsHtml(stats: TableStats, title: string): Promise<string> {
  const sections = [
    summary(stats),
    await entitiesSection(stats.entities),
    ...(stats.labels ? await labelSections(stats.labels) : []),
    ...(stats.groups ? [await groupsSection(stats.groups)] : []),
  ];
  return page({ title, body: sections });
}

const count = (number: number) => formatCount(number);

function summary({ rows, links, groups, entities, repeats, labels, columns }: TableStats): Html {
  const figures: readonly (readonly [string, number])[] = [
    ["rows", rows],
    ["image links", links],
    ...(groups ? [["groups", groups.count] as const] : []),
    ["entities", entities.length],
    ...(labels ? labelFigures(labels) : []),
    ["repeated rows", repeats.repeated_rows],
    ["contradictions", repeats.contradictions],
    ["links with several entities", repeats.links_with_several_entities],
  ];
  const tiles = figures.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${count(figure)}</dd></div>\n`);
  return html`<p class="note">Columns: ${cut(columns.join(", "), 4 * MOST.line)}.</p>
<dl class="figures">
${tiles}</dl>
<p class="note">A repeated row says of its image what another row says. A contradiction is an image and an entity with
values that do not agree.</p>
`;
}

const labelFigures = ({ empty, odd, foreign_units }: LabelStats) =>
  [
    ["without a value", empty],
    ["not of the form “x unit”", odd.rows],
    ["units not allowed", foreign_units.rows],
  ] as const;

async function entitiesSection(entities: readonly EntityStats[]): Promise<Html> {
  const columns: readonly TableColumn<EntityStats>[] = [
    {
      name: "entity",
      cell: ({ entity, known }) => html`${cut(entity, MOST.name)}${known ? "" : badge("not of the challenge")}`,
    },
    { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
    { name: "share", cell: ({ share }) => formatShare(share), isNumber: true },
    { name: "links", cell: ({ links }) => count(links), isNumber: true },
    { name: "groups", cell: ({ groups }) => formatNumber(groups), isNumber: true },
    { name: "values", cell: ({ values }) => formatNumber(values), isNumber: true },
    { name: "commonest values", cell: commonest },
  ];
  return section("Entities", [await figure("Rows by entity", entitiesSpec(entities)), htmlTable(entities, columns)]);
}

function commonest({ top_values }: EntityStats): readonly Html[] {
  return top_values.map(
    ({ value, rows }) => html`<span class="value">${cut(value, MOST.name)} <i>${count(rows)}</i></span> `,
  );
}

async function labelSections({ units, odd, foreign_units }: LabelStats): Promise<readonly Html[]> {
  return [
    section("Units", [
      await figure(
        "Rows by unit and entity; a red outline marks a unit that the entity does not allow",
        unitsSpec(units),
      ),
      htmlTable(units, UNIT_COLUMNS),
    ]),
    section("Numbers", [
      html`<p class="note">Labels of the form “x unit” with a number above 0, on a logarithmic axis; what is below 0.0001
or above 10 million stands at the edge.</p>\n`,
      html`<div class="grid">${await numberFigures(units)}</div>\n`,
    ]),
    section("Labels not of the form “x unit”", [
      await figure("Rows by form", oddFormsSpec(odd)),
      htmlTable(odd.by_entity, ODD_COLUMNS),
      html`<h3>Shapes, with N for each number</h3>\n`,
      htmlTable(odd.shapes, SHAPE_COLUMNS, 50),
    ]),
    section("Units that the entity does not allow", [htmlTable(foreign_units.units, FOREIGN_COLUMNS, 50)]),
  ];
}

const UNIT_COLUMNS: readonly TableColumn<UnitStats>[] = [
  { name: "entity", cell: ({ entity }) => cut(entity, MOST.name) },
  {
    name: "unit",
    cell: ({ unit, allowed }) => html`${cut(unit, MOST.name)}${allowed === false ? badge("not allowed") : ""}`,
  },
  { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
  { name: "share", cell: ({ share }) => formatShare(share), isNumber: true },
  { name: "min", cell: ({ min }) => formatNumber(min), isNumber: true },
  { name: "1 %", cell: ({ p1 }) => formatNumber(p1), isNumber: true },
  { name: "median", cell: ({ median }) => formatNumber(median), isNumber: true },
  { name: "99 %", cell: ({ p99 }) => formatNumber(p99), isNumber: true },
  { name: "max", cell: ({ max }) => formatNumber(max), isNumber: true },
];

const ODD_COLUMNS: readonly TableColumn<LabelStats["odd"]["by_entity"][number]>[] = [
  { name: "entity", cell: ({ entity }) => cut(entity, MOST.name) },
  { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
  { name: "range", cell: ({ range }) => count(range), isNumber: true },
  { name: "scientific", cell: ({ scientific }) => count(scientific), isNumber: true },
  { name: "other", cell: ({ other }) => count(other), isNumber: true },
  { name: "empty", cell: ({ empty }) => count(empty), isNumber: true },
];

const SHAPE_COLUMNS: readonly TableColumn<LabelStats["odd"]["shapes"][number]>[] = [
  { name: "shape", cell: ({ shape }) => cut(shape, MOST.line) },
  { name: "form", cell: ({ form }) => form },
  { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
  { name: "examples", cell: ({ examples }) => valueList(examples) },
];

const FOREIGN_COLUMNS: readonly TableColumn<LabelStats["foreign_units"]["units"][number]>[] = [
  { name: "entity", cell: ({ entity }) => cut(entity, MOST.name) },
  { name: "unit", cell: ({ unit }) => cut(unit, MOST.name) },
  { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
  { name: "examples", cell: ({ examples }) => valueList(examples) },
];

const valueList = (values: readonly string[]) =>
  values.map((value) => html`<span class="value">${cut(value, MOST.line)}</span> `);

/** A chart for each entity, as far as it has numbers above 0. */
async function numberFigures(units: readonly UnitStats[]): Promise<readonly Html[]> {
  const drawn = units.filter(({ histogram }) => histogram.length > 0);
  const entities = [...new Set(drawn.map(({ entity }) => entity))].slice(0, MOST.entities);
  const figures: Html[] = [];
  for (const entity of entities) {
    const ofEntity = drawn.filter((line) => line.entity === entity);
    figures.push(await figure(cut(entity, MOST.name), numbersSpec(ofEntity)));
  }
  return figures;
}

async function groupsSection(groups: GroupStats): Promise<Html> {
  const text = html`<p>${count(groups.count)} groups of ${count(groups.min)} to ${count(groups.max)} rows, median
${formatNumber(groups.median)}.</p>\n`;
  const columns: readonly TableColumn<GroupStats["largest"][number]>[] = [
    { name: "largest groups", cell: ({ group }) => cut(group, MOST.name) },
    { name: "rows", cell: ({ rows }) => count(rows), isNumber: true },
  ];
  return section("Groups", [
    text,
    await figure("Groups by size", groupSizesSpec(groups)),
    htmlTable(groups.largest, columns),
  ]);
}
