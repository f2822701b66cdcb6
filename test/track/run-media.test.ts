import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunLog } from "../../src/track/run-log.ts";
import { itemsByName, readRecords, startRunLog } from "../support/run-logs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let runs = 0;
const freshLog = () => startRunLog(join(folder, `run-${runs++}`), { id: "abcd1234" });

const PNG = Buffer.from("89504e470d0a1a0a", "hex");
const JPEG = Buffer.from("ffd8ffe0", "hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const size = { width: 5, height: 4 };

function loggedValue(log: RunLog, name: string): Record<string, unknown> {
  const row = readRecords(log.segment.log)
    .flatMap(({ history }) => (history ? [itemsByName(history.item)] : []))
    .at(-1)!;
  const members = Object.entries(row).filter(([path]) => path.startsWith(`${name} > `));
  return Object.fromEntries(members.map(([path, json]) => [path.slice(name.length + 3), JSON.parse(json)]));
}

const filesOf = (log: RunLog) =>
  readRecords(log.segment.log).flatMap(({ files }) => files?.files.map(({ path }) => path) ?? []);

test("a picture is a file of the run, named by metric, step and content, and the row tells of it", async () => {
  const log = await freshLog();
  log.log({ "eval/hardest": log.image(PNG, { ...size, format: "png", caption: "34 gram" }) }, 7);
  const path = `media/images/eval/hardest_7_${sha256(PNG).slice(0, 20)}.png`;
  expect(loggedValue(log, "eval/hardest")).toEqual({
    _type: "image-file",
    path,
    sha256: sha256(PNG),
    size: PNG.length,
    format: "png",
    width: 5,
    height: 4,
    caption: "34 gram",
  });
  expect(readFileSync(join(log.segment.files, path))).toEqual(PNG);
  expect(filesOf(log)).toContain(path);
  log.finish(0);
});

test("several pictures under one name are one value", async () => {
  const log = await freshLog();
  const of = (bytes: Buffer, caption?: string) =>
    log.image(bytes, { ...size, format: "jpg", ...(caption === undefined ? {} : { caption }) });
  log.log({ looks: [of(JPEG, "a"), of(PNG)] }, 1);
  const value = loggedValue(log, "looks");
  expect(value).toMatchObject({ _type: "images/separated", count: 2, format: "jpg", captions: ["a", null], ...size });
  for (const path of value.filenames as string[]) expect(existsSync(join(log.segment.files, path))).toBe(true);
  const mixed = [of(JPEG), log.image(PNG, { ...size, format: "png" })];
  expect(() => log.log({ looks: mixed })).toThrow(/looks: pictures of one name must have one format/);
  log.finish(0);
});

test("a table is an artifact with its pictures, and a file of the run without", async () => {
  const log = await freshLog();
  const cells = [
    [1, log.image(JPEG, { ...size, format: "jpg" }), "34 gram", Number.NaN, true],
    [2, null, "", 0.5, null],
  ];
  log.log({ "eval/rows": log.table(["index", "photograph", "answer", "confidence", "right"], cells) }, 3);
  const value = loggedValue(log, "eval/rows");
  expect(value).toMatchObject({ _type: "table-file", ncols: 5, nrows: 2 });
  expect(readFileSync(join(log.segment.files, value.path as string), "utf8")).toBe(
    '{"columns":["index","photograph","answer","confidence","right"],"data":[[1,"Image","34 gram",NaN,true],[2,null,"",0.5,null]]}',
  );
  const artifact = readRecords(log.segment.log).find((record) => record.artifact)!.artifact!;
  expect(artifact).toMatchObject({ type: "run_table", runId: "abcd1234", project: "labels" });
  expect(artifact.name).toBe("run-abcd1234-evalrows-zlBtUQ"); // sanitize_artifact_name("run-abcd1234-eval/rows") of wandb 0.31
  expect(value.artifact_path).toBe(`wandb-client-artifact://${artifact.clientId}/eval/rows.table.json`);
  const [table, picture] = artifact.manifest!.contents;
  expect(picture!.path).toMatch(/^media\/images\/[0-9a-f]{20}\.jpg$/);
  expect(readFileSync(picture!.localPath!)).toEqual(JPEG);
  const { columns, data, column_types } = JSON.parse(readFileSync(table!.localPath!, "utf8").replace("NaN", "null"));
  expect(columns).toHaveLength(5);
  expect(data[0][1]).toEqual({
    _type: "image-file",
    format: "jpg",
    ...size,
    path: picture!.path,
    sha256: sha256(JPEG),
  });
  const typesOf = (column: string) =>
    column_types.params.type_map[column].params.allowed_types.map((type: { wb_type: string }) => type.wb_type);
  expect(["index", "photograph", "answer", "right"].map(typesOf)).toEqual([
    ["none", "number"],
    ["none", "image-file"],
    ["none", "string"],
    ["none", "boolean"],
  ]);
  log.finish(0);
});

test("a table whose rows are uneven is refused", async () => {
  const log = await freshLog();
  expect(() => log.table(["a", "b"], [[1, 2], [3]])).toThrow(/row 2 of a table has 1 cells, for 2 columns: a, b/);
  log.finish(0);
});

test.each([
  ["../up", "media/images/_/up_1_"],
  ["a//b", "media/images/a/_/b_1_"],
  ["loss: C:\\x y", "media/images/loss__C__x_y_1_"],
  ["größe", "media/images/größe_1_"],
])("a picture under the name %j stays in its folder", async (name, beginning) => {
  const log = await freshLog();
  log.log({ [name]: log.image(PNG, { ...size, format: "png" }) }, 1);
  expect(filesOf(log).at(-1)).toBe(`${beginning}${sha256(PNG).slice(0, 20)}.png`);
  log.finish(0);
});
