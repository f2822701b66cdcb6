import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readTable } from "../../src/data/table.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { findSources, readPredictions, tableReader } from "../../src/recipes/split-rows.ts";
import { train } from "../../src/recipes/train.ts";
import { openRun } from "../../src/runs/folder.ts";
import { tinyConfig } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const HEADER = "image_link,group_id,entity_name,entity_value";
const ROWS = ["34.0 gram", "12 ounce", "2 kilogram"].map((value, i) => `https://host/${i}.jpg,1,item_weight,${value}`);

describe("with data.draw a table needs no photographs", () => {
  const drawn = (name: string, ...sets: readonly string[]) =>
    tinyConfig(
      folder,
      ...["data.draw=true", `data.train=${at("rows.csv")}`, `data.val=${at("held-out.csv")}`],
      ...[`data.images=${at("labels")}`, `run.name=${name}`, "train.max_steps=2", ...sets],
    );
  const pictures = () => readdirSync(at("labels")).filter((name) => name.endsWith(".jpg"));
  let run: string;

  beforeAll(async () => {
    writeFileSync(at("rows.csv"), [HEADER, ...ROWS, ""].join("\n"));
    writeFileSync(at("held-out.csv"), `${HEADER}\nhttps://host/9.jpg,1,voltage,12 volt\n`);
    ({ run } = await train(drawn("first")));
  });

  test("each row has a label of its own, of the size that the base sees, and its value is not changed", async () => {
    const table = await readTable(at("labels/rows-drawn.csv"));
    expect(table.column("entity_value")).toEqual(["34.0 gram", "12 ounce", "2 kilogram"]);
    expect(pictures()).toHaveLength(3);
  });

  test("an evaluation draws its rows as well, and reports find their pictures", async () => {
    const { score } = await evaluate({ run, split: "val" });
    expect(score.rows).toBe(1);
    expect(pictures()).toHaveLength(4);
    const config = loadConfig({ config: join(run, "config.yaml") });
    const [row] = await findSources(await readPredictions(openRun(run), "val"), "val", config, tableReader());
    expect(row.link).toMatch(/^https:\/\/synth\.invalid\//);
    expect(existsSync(row.image!)).toBe(true);
  });

  test("what is drawn is drawn once, until the table changes", async () => {
    const { mtimeMs } = statSync(at("labels/rows-drawn.csv"));
    await train(drawn("second"));
    expect(statSync(at("labels/rows-drawn.csv")).mtimeMs).toBe(mtimeMs);
    writeFileSync(at("rows.csv"), [HEADER, ...ROWS.slice(1), ""].join("\n"));
    utimesSync(at("rows.csv"), new Date(), new Date(Date.now() + 1000));
    await train(drawn("third"));
    expect((await readTable(at("labels/rows-drawn.csv"))).rowCount).toBe(2);
  });
});
