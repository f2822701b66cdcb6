import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { resolveAsset } from "../../src/config/presets.ts";
import { readTable } from "../../src/data/table.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { tableOf } from "../../src/recipes/rows.ts";
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
    const table = await readTable(await tableOf(at("rows.csv"), drawn("any")));
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
    const table = () => tableOf(at("rows.csv"), drawn("any"));
    const { mtimeMs } = statSync(await table());
    await train(drawn("second"));
    expect(statSync(await table()).mtimeMs).toBe(mtimeMs);
    writeFileSync(at("rows.csv"), [HEADER, ...ROWS.slice(1), ""].join("\n"));
    await train(drawn("third"));
    expect((await readTable(await table())).rowCount).toBe(2);
  });

  test("tables of one name in two folders are drawn each for itself, whichever is older", async () => {
    for (const name of ["a", "b"]) mkdirSync(at(name));
    writeFileSync(at("a/rows.csv"), [HEADER, ...ROWS, ""].join("\n"));
    writeFileSync(at("b/rows.csv"), `${HEADER}\nhttps://host/9.jpg,1,voltage,12 volt\n`);
    utimesSync(at("b/rows.csv"), new Date(0), new Date(0));
    const { run } = await train(drawn("twice", `data.train=${at("a/rows.csv")}`, `data.val=${at("b/rows.csv")}`));
    expect((await evaluate({ run, split: "val" })).score.rows).toBe(1);
    expect((await readPredictions(openRun(run), "val"))[0].truth).toBe("12 volt");
  });

  test("a base that sees larger pictures has a table of its own", async () => {
    const config = drawn("any");
    const json = JSON.parse(readFileSync(join(resolveAsset(config.base), "config.json"), "utf8"));
    json.vision_config.image_size *= 2;
    json.vision_config.num_image_tokens *= 4;
    mkdirSync(at("larger"));
    writeFileSync(at("larger/config.json"), JSON.stringify(json));
    expect(await tableOf(at("rows.csv"), { ...config, base: at("larger") })).not.toBe(
      await tableOf(at("rows.csv"), config),
    );
  });
});

test("reports show the question that was asked: a row's own prompt, else the configuration's", async () => {
  const rows = ["https://host/1.jpg,1,voltage,12 volt,- how many volts?", "https://host/2.jpg,1,voltage,5 volt,"];
  writeFileSync(at("prompts.csv"), [`${HEADER},prompt`, ...rows, ""].join("\n"));
  const config = tinyConfig(folder, `data.val=${at("prompts.csv")}`, "data.prompt=read the {entity}");
  const answers = ["12 volt", "5 volt", "9 volt"].map((truth, i) => ({
    ...{ index: String(i), entity: "voltage", prediction: "", truth, question: "", link: null, image: null },
  }));
  const found = await findSources(answers, "val", config, tableReader());
  expect(found.map(({ question }) => question)).toEqual(["- how many volts?", "read the voltage", "read the voltage"]);
});
