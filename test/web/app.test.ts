import { createHash } from "node:crypto";
import { appendFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readTable } from "../../src/data/table.ts";
import { runFolder } from "../../src/runs/folder.ts";
import { createApp } from "../../src/web/app.ts";
import { SHIPPED } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";
import { type WrittenAnswer, writeRun } from "../support/written-runs.ts";
import { indexed, openPage } from "./written-page.ts";

const folder = workFolder();
const experiments = join(folder, "experiments");
const rows = await readTable(join(SHIPPED, "val.csv"));
const [entities, truths] = [rows.column("entity_name"), rows.column("entity_value")];
const answers = (right: number): WrittenAnswer[] =>
  truths.map((truth, i) => [i, entities[i]!, i < right ? truth : "7 gram", truth]);

const first = runFolder(writeRun(experiments, "first", { answers: answers(2), losses: [4, null, 2] }));
writeRun(experiments, "second", { answers: answers(9), losses: [5, 3], sets: ["train.lr=0.02"] });
writeRun(experiments, "<img src=x>", {});
const { app, runs, get } = openPage(experiments);

describe("/api/runs", () => {
  test("has all runs of the folder, and a name of HTML is a name", async () => {
    const { status, body } = await get("/api/runs");
    expect(status).toBe(200);
    expect(body.folder).toBe(experiments);
    expect(body.runs.map(({ name }: { name: string }) => name)).toEqual(["<img src=x>", "first", "second"]);
    expect(body.runs[1]).toMatchObject({ splits: ["val"], step: 3, settings: { "lora.rank": "8" } });
  });
});

describe("/api/series", () => {
  test("has the points of each run that is named, in that order", async () => {
    const { body } = await get("/api/series?run=second&run=first&metric=loss&x=samples");
    expect(body).toMatchObject({ metric: "loss", axis: "samples" });
    expect(body.series).toEqual([
      { run: "second", x: [4, 8], mean: [5, 3], min: [5, 3], max: [5, 3], isExact: true, brokenLines: 0 },
      {
        ...{ run: "first", x: [4, 8, 12], mean: [4, null, 2], min: [4, null, 2], max: [4, null, 2] },
        ...{ isExact: true, brokenLines: 0 },
      },
    ]);
  });

  test("has as many points as are wanted, of the part that is wanted", async () => {
    const { body } = await get("/api/series?run=first&metric=lr&points=1");
    expect(body.series[0]).toMatchObject({ x: [2], mean: [1e-5], isExact: false });
    const part = await get("/api/series?run=first&metric=loss&from=2.5&to=9");
    expect(part.body.series[0]).toMatchObject({ x: [3], mean: [2] });
  });

  test.each([
    ["no run", "metric=loss", 400, "no run is named"],
    ["no metric", "run=first", 400, "metric: is missing"],
    ["an axis that is none", "run=first&metric=loss&x=age", 400, '"age" is none of step, samples, time'],
    ["a bound that is no number", "run=first&metric=loss&from=a", 400, 'from: "a" is no number'],
    ["a run that is not there", "run=frist&metric=loss", 404, "there is no such run"],
  ])("says what is wrong with %s", async (_, query, status, message) => {
    const answer = await get(`/api/series?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toContain(message);
  });

  test("suggests the nearest run", async () => {
    expect((await get("/api/series?run=frist&metric=loss")).body.error.hint).toBe('did you mean "first"?');
  });
});

describe("/api/predictions", () => {
  test("has rows with question, outcome and whether there is a picture", async () => {
    const { body } = await get("/api/predictions?run=first&split=val");
    expect(body).toMatchObject({ run: "first", split: "val", notes: [] });
    expect(body.rows).toHaveLength(truths.length);
    expect(body.rows[0]).toEqual({
      ...{ index: "0", entity: entities[0], truth: truths[0], answer: truths[0] },
      question: expect.stringContaining("What is the"),
      ...{ confidence: null, outcome: "tp", hasImage: true },
    });
    expect(body.rows[5]).toMatchObject({ answer: "7 gram", outcome: "fp" });
  });

  test("has confidences where the file has, and text of HTML as text", async () => {
    const run = runFolder(writeRun(experiments, "sure", {}));
    const text = "index,entity_name,prediction,truth,confidence\n0,height,<b>7</b>,7 gram,0.75\n1,height,,,no\n";
    writeFileSync(run.predictions("val"), text);
    const { body } = await get("/api/predictions?run=sure&split=val");
    expect(body.rows).toMatchObject([
      { answer: "<b>7</b>", confidence: 0.75, outcome: "fp", hasImage: false },
      { confidence: null, outcome: "tn" },
    ]);
    expect(body.notes).toEqual(["rows that the table of this split does not have (any more), without pictures: 2"]);
  });

  test("of a file's rows come without pictures, for the run does not say where that file is", async () => {
    const run = runFolder(writeRun(experiments, "other", { answers: answers(1) }));
    writeFileSync(run.predictions("more.csv"), "index,entity_name,prediction,truth\n0,height,7 gram,7 gram\n");
    const { body } = await get("/api/predictions?run=other&split=more");
    expect(body.rows).toMatchObject([{ hasImage: false }]);
    expect(body.notes[0]).toContain("from a file that the run does not name");
  });

  test("that are not there come with the command that makes them", async () => {
    const { status, body } = await get("/api/predictions?run=first&split=train");
    expect([status, body.error.hint]).toEqual([404, `amlc eval --run ${first.path} --split train`]);
  });
});

describe("/api/image", () => {
  test("is a small JPEG of the row's photograph", async () => {
    const response = await app.request("/api/image?run=first&split=val&index=3&side=64");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    const { format, width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    expect([format, Math.max(width, height)]).toEqual(["jpeg", 64]);
  });

  test("of a row that is not there, or whose photograph is missing, is not found", async () => {
    expect((await get("/api/image?run=first&split=val&index=999")).status).toBe(404);
    writeRun(experiments, "blind", { answers: answers(1), sets: [`data.images=${folder}`] });
    const { status, body } = await get("/api/image?run=blind&split=val&index=0");
    expect([status, body.error.message]).toEqual([404, expect.stringContaining("no such image")]);
  });
});

describe("/api/compare", () => {
  const comparison = async (query: string) => {
    const response = await app.request(`/api/compare?${query}`);
    const [type, policy] = ["content-type", "content-security-policy"].map((name) => response.headers.get(name));
    return { status: response.status, page: await response.text(), type, policy };
  };

  test("is the page of amlc compare, with a policy of its own", async () => {
    const response = await app.request("/api/compare?run=first&run=second&split=val");
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/);
    const page = await response.text();
    expect(page).toContain("first · second");
    expect(page).toContain("Settings that differ");
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(7);
  });

  test("reads no table but those of the runs' configurations", async () => {
    const table = join(folder, "val.csv");
    writeFileSync(table, "index,image_link,entity_name,entity_value\n");
    const { status, page } = await comparison(`run=first&run=second&split=${encodeURIComponent(table)}`);
    expect([status, page]).toEqual([400, expect.stringContaining("amlc compare RUN RUN --split FILE")]);
  });

  test.each([
    ["one run", "run=first", 400, "run: two runs at least are compared"],
    ["a run that is not there", "run=first&run=%3Cb%3E", 404, "&lt;b&gt;: there is no such run"],
  ])("says of %s why there is no comparison, as a page that is read", async (_, query, wanted, message) => {
    const { status, page, type, policy } = await comparison(query);
    expect([status, type]).toEqual([wanted, "text/html; charset=UTF-8"]);
    expect(policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain(message);
  });

  test("without answers to a split of the configuration is of settings, curves and cost", async () => {
    for (const name of ["filed", "bare"]) {
      const run = runFolder(writeRun(experiments, name, {}));
      writeFileSync(run.predictions("more.csv"), "index,entity_name,prediction,truth\n0,height,7 gram,7 gram\n");
    }
    const { status, page } = await comparison("run=filed&run=bare");
    expect(status).toBe(200);
    expect(page).toContain("filed: has no answers to compare");
  });

  test("leaves out lines that are no record, and says so", async () => {
    const run = runFolder(writeRun(experiments, "scarred", {}));
    appendFileSync(run.history, 'what\n{"step":4,"loss":1}\n');
    const { status, page } = await comparison("run=scarred&run=first");
    expect(status).toBe(200);
    expect(page).toContain("scarred: lines of its history that are no record, which are left out: 1");
  });
});

test("files that are links lead nowhere: not into a series, an export or a comparison", async () => {
  const secret = join(folder, "secret.jsonl");
  writeFileSync(secret, '{"step":1,"loss":42,"word":"hidden"}\n');
  const run = runFolder(writeRun(experiments, "linked", {}));
  rmSync(run.history);
  symlinkSync(secret, run.history);
  expect((await get("/api/series?run=linked&metric=loss")).body.series).toMatchObject([{ x: [] }]);
  for (const format of ["csv", "json"]) {
    const address = `/api/export?run=linked&what=history&format=${format}`;
    expect(await (await app.request(address)).text()).not.toMatch(/42|hidden/);
  }
  const comparison = await app.request("/api/compare?run=first&run=linked");
  expect([comparison.status, await comparison.text()]).toEqual([
    400,
    expect.stringContaining("history.jsonl is a link"),
  ]);
  rmSync(run.path, { recursive: true });
});

describe("/api/export", () => {
  const download = async (query: string) => {
    const response = await app.request(`/api/export?run=first&run=second&${query}`);
    return { name: response.headers.get("content-disposition"), text: await response.text() };
  };

  test("of runs is a table with settings, numbers and scores", async () => {
    await Promise.all([indexed(runs, "first"), indexed(runs, "second")]);
    const { name, text } = await download("what=runs&format=csv");
    expect(name).toBe('attachment; filename="runs.csv"');
    const file = join(folder, "runs.csv");
    writeFileSync(file, text);
    const table = await readTable(file);
    expect(table.column("run")).toEqual(["first", "second"]);
    expect(table.column("train.lr")).toEqual(["0.01", "0.02"]);
    expect(table.column("least loss")).toEqual(["2", "3"]);
    expect(JSON.parse((await download("what=runs&format=json")).text)).toMatchObject([{ name: "first" }, { step: 2 }]);
  });

  test("of histories has a row a step, with all that any of the runs has", async () => {
    const { text } = await download("what=history&format=csv");
    const [header, ...lines] = text.trimEnd().split("\n");
    expect(header).toBe("run,step,epoch,loss,lr,samples,seconds,tokens_per_s,rss_bytes");
    expect(lines.map((line) => line.split(",").slice(0, 4).join())).toEqual([
      ...["first,1,1,4", "first,2,1,", "first,3,1,2", "second,1,1,5", "second,2,1,3"],
    ]);
    const histories = JSON.parse((await download("what=history&format=json")).text);
    expect(histories.first[1]).toMatchObject({ step: 2, loss: null });
    expect(histories.second).toHaveLength(2);
  });

  test("leaves nothing in a cell that a spreadsheet would run", async () => {
    writeRun(experiments, "=1+1", { losses: [-1e-7], sets: ["data.prompt='=cmd {entity}'"] });
    const query = `run=${encodeURIComponent("=1+1")}`;
    expect(await (await app.request(`/api/export?${query}&what=runs`)).text()).toContain("'=cmd {entity}");
    const history = await (await app.request(`/api/export?${query}&what=history`)).text();
    expect(history).toContain("\n'=1+1,1,1,-1e-7,");
  });

  test("has every number to its last digit, and every record that a chart has", async () => {
    const run = runFolder(writeRun(experiments, "exact", { losses: [] }));
    const lines = ['{"step":1,"loss":0.1234567890123456}', '{"step":2,"loss":-1.2345678901234566e-7}'];
    const odd = ["[1]", "null", "what", '{"loss":1}', '{"step": 3, "loss": NaN, "big": 12345678901234567890}'];
    writeFileSync(run.history, [...lines, ...odd, ""].join("\n"));
    await indexed(runs, "exact");
    const text = async (query: string) => (await app.request(`/api/export?run=exact&${query}`)).text();
    expect(await text("what=history")).toBe(
      [
        ...["run,step,loss,big", "exact,1,0.1234567890123456,", "exact,2,-1.2345678901234566e-7,"],
        ...["exact,3,,12345678901234567000", ""],
      ].join("\n"),
    );
    expect(await text("what=history&format=json")).toBe(
      `{"exact":[\n${[...lines, '{"step": 3, "loss":null, "big": 12345678901234567890}'].join(",\n")}]}\n`,
    );
    expect(await text("what=runs")).toMatch(/,-1\.2345678901234\d*e-7,/);
  });
});

describe("a run that is deleted while the page shows it", () => {
  test("is not found, and the message says so", async () => {
    const path = writeRun(experiments, "brief", { answers: answers(1) });
    expect((await get("/api/predictions?run=brief&split=val")).status).toBe(200);
    rmSync(path, { recursive: true });
    for (const address of ["series?metric=loss&run=brief", "predictions?run=brief", "image?run=brief&index=0"]) {
      const { status, body } = await get(`/api/${address}`);
      expect([status, body.error.message]).toEqual([404, "brief: there is no such run, or it was deleted"]);
    }
  });
});

describe("no file is read but those of runs:", () => {
  writeRun(folder, "outside", { answers: answers(1) });
  symlinkSync(join(folder, "outside"), join(experiments, "leads-out"));

  test.each([
    "../outside",
    "..%2Foutside",
    "%2e%2e/outside",
    "first/../../outside",
    "leads-out",
    "first%00",
    ".",
    "..",
    "",
  ])("a run called %s is none", async (name) => {
    for (const address of ["series?metric=loss&", "predictions?split=val&", "image?split=val&index=0&", "export?"]) {
      const { status, body } = await get(`/api/${address}run=${name}`);
      expect([404, 400]).toContain(status);
      expect(JSON.stringify(body)).not.toContain(truths[0]);
    }
  });

  test.each(["../../outside/predictions-val", "val/../../first/predictions-val", "val%00", "/etc/passwd"])(
    "a split called %s is none",
    async (split) => {
      expect((await get(`/api/predictions?run=first&split=${split}`)).status).toBe(404);
      expect((await get(`/api/image?run=first&split=${split}&index=0`)).status).toBe(404);
    },
  );

  test.each([
    "/page/../../package.json",
    "/page/..%2f..%2fpackage.json",
    "/page/%2e%2e/app.js",
    "/modules/../package.json",
    "/modules/react.js",
    "/package.json",
    "/api/nothing",
  ])("there is nothing at %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});

describe("the page itself", () => {
  test("loads its modules from here, by an import map that its policy lets in", async () => {
    const response = await app.request("/");
    const text = await response.text();
    const map = /<script type="importmap">(.*?)<\/script>/s.exec(text)![1]!;
    const hash = createHash("sha256").update(map).digest("base64");
    expect(response.headers.get("content-security-policy")).toContain(`script-src 'self' 'sha256-${hash}'`);
    for (const path of Object.values(JSON.parse(map).imports) as string[]) {
      const module = await app.request(path);
      expect([module.status, module.headers.get("content-type")]).toEqual([200, "text/javascript; charset=utf-8"]);
      expect(await module.text()).toContain("export");
    }
  });

  test("is not sent again to who has it", async () => {
    const etag = (await app.request("/")).headers.get("etag")!;
    const again = await app.request("/", { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });
});

test("an app that others can reach is not made without a token", () => {
  expect(() => createApp({ runs, host: "0.0.0.0" })).toThrow("a token is needed");
});
