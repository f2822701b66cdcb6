import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../src/config/load.ts";
import { readTable } from "../../src/data/table.ts";
import { cleanTable } from "../../src/recipes/data/clean.ts";
import { workFolder } from "../support/work-folder.ts";

const [input, output] = ["rows.csv", "clean.csv"].map((name) => join(workFolder(), name));

/** The labels that are left of rows with these links and labels. */
async function clean(rows: readonly (readonly [string, string])[], changes: object): Promise<readonly string[]> {
  const lines = rows.map(([link, value]) => `${link},1,item_weight,${value}`);
  writeFileSync(input, ["image_link,group_id,entity_name,entity_value", ...lines, ""].join("\n"));
  await cleanTable({ input, output, settings: parseDataSettings({ clean: changes }).clean });
  return (await readTable(output)).column("entity_value");
}

const LINK = "https://x/a.jpg";
const LENIENT = { unit: "keep", format: "keep", magnitude: "keep" };

test.each(["max", "min"])("contradiction=%s keeps all where the size of none is known", async (contradiction) => {
  const settings = { ...LENIENT, contradiction };
  const odd = ["3 stone", "4 stone"];
  expect(
    await clean(
      odd.map((value) => [LINK, value]),
      settings,
    ),
  ).toEqual(odd);
  expect(
    await clean(
      [...odd, "5 gram"].map((value) => [LINK, value]),
      settings,
    ),
  ).toEqual(["5 gram"]);
});

test("spaces around a link make no other question of it", async () => {
  const rows = [LINK, ` ${LINK}`, `${LINK} `].map((link) => [link, "5 gram"] as const);
  expect(await clean(rows, {})).toEqual(["5 gram"]);
  expect(await clean([...rows, [`${LINK} `, "6 gram"]], { contradiction: "max" })).toEqual(["6 gram"]);
});
