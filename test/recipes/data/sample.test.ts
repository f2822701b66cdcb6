import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../../src/config/load.ts";
import { sampleTable } from "../../../src/recipes/data/sample.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const settings = parseDataSettings({ sample: { size: 2 } });

function writeRows(name: string, numbers: readonly number[]): string {
  const path = join(folder, name);
  const rows = numbers.map((i) => `https://host/${i}.jpg,1,width,${i}.5 inch`);
  writeFileSync(path, ["image_link,group_id,entity_name,entity_value", ...rows, ""].join("\n"));
  return path;
}

test("a sample is not written over the validation table that it found by itself", async () => {
  const [input, val] = [writeRows("rows.csv", [1, 2, 3, 4]), writeRows("rows-val.csv", [1])];
  const before = readFileSync(val, "utf8");
  const { split } = await sampleTable({ input, output: join(folder, "drawn.csv"), settings });
  expect(split).toContain(val);
  await expect(sampleTable({ input, output: val, settings })).rejects.toThrow(
    `${val}: is a file that this command reads`,
  );
  expect(readFileSync(val, "utf8")).toBe(before);
});
