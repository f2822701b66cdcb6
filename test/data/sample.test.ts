import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ENTITIES } from "../../src/challenge/entities.ts";
import { readLabel } from "../../src/challenge/label.ts";
import { parseDataSettings } from "../../src/config/load.ts";
import { drawSample, type Sample, type UnitBlock } from "../../src/data/sample.ts";
import { chooseSplit } from "../../src/data/split.ts";
import { openTable, readTable, type Table, type TableFile } from "../../src/data/table.ts";
import { InputError } from "../../src/util/errors.ts";
import { workFolder } from "../support/work-folder.ts";

const REAL = join(import.meta.dirname, "rows", "train-stratified.csv.gz");
const folder = workFolder();

async function draw(path: string, sample: object, val = 0): Promise<Sample> {
  const settings = parseDataSettings({ sample });
  const table = await openTable(path);
  const split = await chooseSplit(table, settings.split, val);
  return drawSample(path, withUnits(table), split, settings.sample);
}

async function* withUnits(table: TableFile): AsyncGenerator<UnitBlock> {
  for await (const block of table.blocks()) {
    yield { block, units: block.column("entity_value").map((label) => readLabel(label).unit) };
  }
}

function count(cells: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cell of cells) counts[cell] = (counts[cell] ?? 0) + 1;
  return counts;
}

describe("a sample of real rows", () => {
  let rows: Table;
  beforeAll(async () => {
    rows = await readTable(REAL);
  });

  test("has as many rows of each entity, scarce entities whole and the rest shared out again", async () => {
    const entities = rows.column("entity_name");
    const available = count(entities);
    for (const size of [80, 800, 2400, 3000]) {
      const { rows: drawn } = await draw(REAL, { size });
      const taken = count(drawn.map((row) => entities[row]));
      const most = Math.max(...ENTITIES.map((entity) => taken[entity]));
      for (const entity of ENTITIES) {
        expect(taken[entity], entity).toBeGreaterThanOrEqual(Math.min(available[entity], most - 1));
      }
    }
  });

  test("of one seed, a smaller one is the beginning of a larger one", async () => {
    const large = await draw(REAL, { size: 1350, seed: 3 });
    const small = await draw(REAL, { size: 650, seed: 3 });
    expect(large.rows.slice(0, 650)).toEqual(small.rows);
    expect(new Set(large.rows).size).toBe(1350);
  });

  test("is the same every time, another one for another seed", async () => {
    const [first, again, other] = await Promise.all([5, 5, 6].map((seed) => draw(REAL, { size: 400, seed })));
    expect(again).toEqual(first);
    const common = first.rows.filter((row) => other.rows.includes(row));
    expect(common.length).toBeLessThan(200);
  });

  test("does not depend on the order of the rows in the file", async () => {
    const shuffled = join(folder, "shuffled.csv");
    const cells = rows.columns.map((name) => rows.column(name));
    const lines = Array.from({ length: rows.rowCount }, (_, row) => cells.map((column) => `"${column[row]}"`).join());
    writeFileSync(shuffled, [rows.columns.join(), ...lines.toReversed()].join("\n"));
    const there = await readTable(shuffled);
    const question = (table: Table, { rows: drawn }: Sample) => {
      const [links, entities] = [table.column("image_link"), table.column("entity_name")];
      return drawn.map((row) => `${entities[row]} ${links[row]}`);
    };
    const sample = { size: 500 };
    expect(question(there, await draw(shuffled, sample))).toEqual(question(rows, await draw(REAL, sample)));
  });

  test("has no image that is val", async () => {
    const settings = parseDataSettings();
    const table = await openTable(REAL);
    const split = await chooseSplit(table, settings.split, 0.3);
    const sides: string[] = [];
    for await (const block of table.blocks()) sides.push(...split.sidesOf(block));
    const { rows: drawn, candidates } = await draw(REAL, { size: 1000 }, 0.3);
    expect(drawn.filter((row) => sides[row] === "val")).toEqual([]);
    expect(candidates).toBe(sides.filter((side) => side === "train").length);
  });

  test("says how many rows, shares and groups there are before and after", async () => {
    const { entities, units, candidates } = await draw(REAL, { size: 800 });
    const sum = (lines: readonly { rows: number; taken: number }[]) =>
      lines.reduce((total, line) => [total[0] + line.rows, total[1] + line.taken], [0, 0]);
    expect(sum(entities)).toEqual([candidates, 800]);
    expect(sum(units)).toEqual([candidates, 800]);
    expect(entities.map(({ entity }) => entity)).toEqual([...ENTITIES].sort());
    for (const line of [...entities, ...units]) {
      expect(line.groups_taken).toBeLessThanOrEqual(Math.min(line.groups, line.taken));
    }
  });
});

/** 100 rows in centimetre (90 of group A, 10 of B), 25 in inch, 4 in foot, all widths. */
function skewed(): string {
  const path = join(folder, "skewed.csv");
  const rows = [
    ...Array.from({ length: 100 }, (_, i) => ["centimetre", i < 90 ? "A" : "B"]),
    ...Array.from({ length: 25 }, () => ["inch", "A"]),
    ...Array.from({ length: 4 }, () => ["foot", "A"]),
  ];
  const lines = rows.map(([unit, group], i) => `https://x/${i}.jpg,${group},width,${i + 1}.0 ${unit}`);
  writeFileSync(path, ["image_link,group_id,entity_name,entity_value", ...lines].join("\n"));
  return path;
}

async function unitsOf(sample: object): Promise<Record<string, number>> {
  const { units } = await draw(skewed(), { size: 17, ...sample });
  return Object.fromEntries(units.map(({ unit, taken }) => [unit, taken]));
}

test("spaces around links do not change what is drawn", async () => {
  const path = skewed();
  const spaced = join(folder, "spaced.csv");
  writeFileSync(spaced, readFileSync(path, "utf8").replaceAll(/^(https:\S+?),/gm, " $1 ,"));
  const { rows } = await draw(spaced, { size: 17 });
  expect(rows).toEqual((await draw(path, { size: 17 })).rows);
});

test("units share an entity by √n, alike, or by n", async () => {
  expect(await unitsOf({ units: "sqrt" })).toEqual({ centimetre: 10, inch: 5, foot: 2 }); // 10 : 5 : 2 of 17
  expect(await unitsOf({ units: "uniform", size: 12 })).toEqual({ centimetre: 4, inch: 4, foot: 4 });
  expect(await unitsOf({ units: "uniform", size: 16 })).toEqual({ centimetre: 6, inch: 6, foot: 4 }); // foot has no more
  expect(await unitsOf({ units: "proportional", size: 129 })).toEqual({ centimetre: 100, inch: 25, foot: 4 });
});

test("groups share a unit, and have a largest number if one is set", async () => {
  const groups = async (sample: object) => {
    const { rows } = await draw(skewed(), { size: 40, ...sample });
    return count((await readTable(skewed())).column("group_id").filter((_, row) => rows.includes(row)));
  };
  expect((await groups({ groups: "uniform", units: "proportional" })).B).toBe(10);
  const capped = await groups({ max_of_group: 3, size: 12 });
  expect(capped).toEqual({ A: 9, B: 3 }); // 3 of A in each unit, 3 of B in centimetre
  expect(await unitsOf({ max_of_unit: 4, size: 12 })).toEqual({ centimetre: 4, inch: 4, foot: 4 });
});

test("more rows than there are is refused, and the caps are named where they are the reason", async () => {
  await expect(draw(skewed(), { size: 130 })).rejects.toThrow(/130 rows are asked for, and 129 can be drawn$/);
  await expect(draw(skewed(), { size: 20, max_of_unit: 4 })).rejects.toThrow(/12 can be drawn \(129 without sample/);
  await expect(draw(skewed(), { size: 1 }, 1)).rejects.toMatchObject({
    hint: "all rows are val: choose another split",
  });
  await expect(draw(skewed(), { size: 130 })).rejects.toThrow(InputError);
});

test("smaller samples are the beginning of larger ones, whatever the settings", async () => {
  const path = skewed();
  const shares = fc.constantFrom("uniform", "sqrt", "proportional");
  const settings = fc.record({ seed: fc.nat(1000), entities: shares, units: shares, groups: shares });
  await fc.assert(
    fc.asyncProperty(settings, fc.integer({ min: 1, max: 129 }), async (sample, size) => {
      const whole = await draw(path, { ...sample, size: 129 });
      expect((await draw(path, { ...sample, size })).rows).toEqual(whole.rows.slice(0, size));
    }),
    { numRuns: 25 },
  );
});

test("the fixture is real rows of every entity, with odd labels among them", () => {
  expect(readFileSync(REAL).length).toBeGreaterThan(10_000);
});
