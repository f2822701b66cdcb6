import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../src/config/load.ts";
import { cleanTable } from "../../src/recipes/data/clean.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

test("when the file of dropped rows cannot be opened nothing is left of the other", async () => {
  const [input, output, dropped] = ["rows.csv", "clean.csv", "dropped"].map((name) => join(folder, name));
  writeFileSync(input, "image_link,group_id,entity_name,entity_value\nhttps://x/a.jpg,1,width,1 metre\n");
  mkdirSync(dropped);
  const { clean: settings } = parseDataSettings();
  await expect(cleanTable({ input, output, dropped, settings })).rejects.toThrow(/dropped: could not be written/);
  expect(readdirSync(folder).sort()).toEqual(["dropped", "rows.csv"]);
});
