import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTable } from "../../src/data/table.ts";
import { createTable, writeTable } from "../../src/data/table-write.ts";
import { InputError } from "../../src/util/errors.ts";
import { LONG_SILENT } from "../../src/util/left-overs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

test("a table that is written anew takes away what killed calls had begun of it, once that is old", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]); // of a process that has ended
  const begun = (name: string, code: string) => `${name}.${pid}-${code}.tmp`;
  const [old, other, young] = [begun("a.csv", "00000001"), begun("b.csv", "00000002"), begun("a.csv", "00000003")];
  const then = new Date(Date.now() - 1000 * (LONG_SILENT + 60));
  for (const name of [old, other, young]) writeFileSync(join(folder, name), "");
  for (const name of [old, other]) utimesSync(join(folder, name), then, then);
  await writeTable(join(folder, "a.csv"), ["x"], [{ x: 1 }]);
  expect(readdirSync(folder).sort()).toEqual(["a.csv", young, other].sort());
});

test.each(["long.csv", "long.csv.gz"])("a cell that %s cannot be read with is refused with its row", async (name) => {
  const home = join(folder, name.replace(".", "-"));
  mkdirSync(home);
  const [source, target] = [join(home, "source.parquet"), join(home, name)];
  const rows = ["a", "b", "x".repeat(70_000)].map((x) => ({ x, y: "z" }));
  await writeTable(source, ["x", "y"], rows);
  const table = await openTable(source);
  const copy = async () => {
    const writer = await createTable(target, table.columns);
    for await (const block of table.blocks()) await writer.copy(block, [0, 2]);
  };
  await expect(copy()).rejects.toThrow(`${target}: row 3 of its source: x is longer than 65536 bytes`);
  await expect(writeTable(target, ["x", "y"], rows)).rejects.toThrow(`${target}: row 3: x is longer`);
  await expect(writeTable(target, ["x", "y"], rows)).rejects.toThrow(InputError);
  expect(readdirSync(home)).toEqual(["source.parquet"]);
});
