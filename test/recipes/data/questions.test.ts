import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseDataSettings } from "../../../src/config/load.ts";
import { readTable } from "../../../src/data/table.ts";
import { askQuestions } from "../../../src/recipes/data/questions.ts";
import { synthTable } from "../../../src/recipes/data/synth.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const { synth, questions: settings } = parseDataSettings({});

beforeAll(async () => {
  await synthTable({ random: 8, output: at("read.csv"), images: at("read"), settings: synth });
});

test("drawn pictures become rows with a prompt of their own, whose answers stand on the picture", async () => {
  const report = await askQuestions({ input: at("read.csv"), output: at("questions.csv"), settings });
  const [rows, texts] = await Promise.all([readTable(report.file), readTable(at("read-text.csv"))]);
  expect(rows.columns).toEqual(["image_link", "entity_name", "entity_value", "prompt"]);
  expect(rows.rowCount).toBe(report.rows);
  expect(report.rows).toBeGreaterThan(8);
  expect(Object.values(report.kinds).reduce((sum, n) => sum + n, 0)).toBe(report.rows);
  const spaceless = (text: string) => text.replaceAll(/\s/g, "");
  const textOf = new Map(texts.column("image_link").map((link, row) => [link, spaceless(texts.column("text")[row])]));
  for (const [row, answer] of rows.column("entity_value").entries()) {
    expect(textOf.get(rows.column("image_link")[row])).toContain(spaceless(answer));
  }
});

test("the same seed gives the same table, another one another", async () => {
  const ask = async (name: string, seed: number) => {
    await askQuestions({ input: at("read.csv"), output: at(name), settings: { ...settings, seed } });
    return readFileSync(at(name), "utf8");
  };
  expect(await ask("a.csv", 1)).toBe(await ask("b.csv", 1));
  expect(await ask("c.csv", 2)).not.toBe(await ask("a.csv", 1));
});

test("a table of texts about other pictures is refused with the first line that is", async () => {
  const [header, first, ...rest] = readFileSync(at("read.csv"), "utf8").split("\n");
  writeFileSync(at("cut.csv"), [header, ...rest].join("\n"));
  writeFileSync(at("cut-text.csv"), readFileSync(at("read-text.csv")));
  expect(first).toContain("synth.invalid");
  const asking = askQuestions({ input: at("cut.csv"), output: at("never.csv"), settings });
  await expect(asking).rejects.toThrow(
    /cut-text\.csv: line 2 is not about https:\/\/synth\.invalid\/\w+\.jpg, as line 2 of/,
  );
});
