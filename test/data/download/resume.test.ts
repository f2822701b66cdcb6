import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { readDownloads } from "../../../src/data/download/manifest.ts";
import { download, downloadSettings, filesIn, sha256, sha256Of } from "../../support/downloads.ts";
import * as behave from "../../support/image-server.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const root = workFolder(FAST_FOLDER);
let folders = 0;
const newFolder = () => {
  const folder = join(root, `${++folders}`);
  mkdirSync(folder);
  return folder;
};

let photos: readonly Buffer[];
beforeAll(async () => {
  photos = await behave.photographs(4);
});

/** Links of the photographs, and what each is asked for. */
async function serveAll() {
  const server = await behave.startImageServer();
  const links = photos.map((bytes, i) => server.serve(`/${i}.jpg`, behave.image(bytes)));
  return { server, links, asked: () => links.map((_, i) => server.requests.get(`/${i}.jpg`) ?? 0) };
}

describe("started again", () => {
  test("asks for nothing that is there", async () => {
    const { server, links, asked } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    await download([server.host], { links: links.slice(0, 2), folder });
    const notes: string[] = [];
    const seen: unknown[] = [];
    const observer = {
      note: (text: string) => notes.push(text),
      downloaded: (progress: unknown) => seen.push(progress),
    };
    const report = await download([server.host], { links, folder, observer });
    expect(report).toMatchObject({
      links: 4,
      fetched: 2,
      present: 2,
      failed: 0,
      bytes: photos[2].length + photos[3].length,
    });
    expect(asked()).toEqual([1, 1, 1, 1]);
    expect(notes).toEqual([`${folder}: 2 photographs are there already`]);
    expect(seen[0]).toEqual({ done: 2, total: 4, bytes: 0, failed: 0 });
    expect(seen).toHaveLength(3);
  });

  test("tries failed ones again, and keeps what is known of other links", async () => {
    await using server = await behave.startImageServer();
    const folder = newFolder();
    const flaky = server.serve("/a.jpg", behave.first(1, behave.status(404), behave.image(photos[0])));
    const gone = server.serve("/b.jpg", behave.status(404));
    expect(await download([server.host], { links: [flaky, gone], folder })).toMatchObject({ failed: 2 });
    const report = await download([server.host], { links: [flaky], folder });
    expect(report).toMatchObject({ links: 1, fetched: 1, failed: 0 });
    expect(await readDownloads(report.manifest)).toMatchObject([
      { link: flaky, status: "ok" },
      { link: gone, status: "failed" },
    ]);
  });

  test("fetches a file again that was deleted, or is shorter than it was", async () => {
    const { server, links, asked } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    await download([server.host], { links, folder });
    renameSync(join(folder, "0.jpg"), join(root, "gone.jpg"));
    truncateSync(join(folder, "1.jpg"), 0); // as a power cut leaves it
    expect(await download([server.host], { links, folder })).toMatchObject({ fetched: 2, present: 2 });
    expect(asked()).toEqual([2, 2, 1, 1]);
    expect(sha256Of(folder, "1.jpg")).toBe(sha256(photos[1]));
  });

  test("does not give a file to another link of its name", async () => {
    await using server = await behave.startImageServer();
    const [first, second] = ["/1/a.jpg", "/2/a.jpg"].map((path, i) => server.serve(path, behave.image(photos[i])));
    const folder = newFolder();
    await download([server.host], { links: [first], folder });
    const { failures } = await download([server.host], { links: [second, first], folder });
    expect(failures).toMatchObject([{ link: second, reason: `its file name is that of ${first}` }]);
    const alone = await download([server.host], { links: [second], folder });
    expect(alone.failures).toMatchObject([{ link: second, reason: `its file name is that of ${first}` }]);
    expect(sha256Of(folder, "a.jpg")).toBe(sha256(photos[0]));
  });

  test("believes one entry of two that claim a file", async () => {
    const { server, links } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    const { manifest } = await download([server.host], { links: links.slice(0, 1), folder });
    const twin = `http://${server.host}/twin/0.jpg`;
    appendFileSync(manifest, readFileSync(manifest, "utf8").replace(links[0], twin));
    const report = await download([server.host], { links: [links[0], twin], folder });
    expect(report).toMatchObject({
      present: 1,
      failures: [{ link: twin, reason: `its file name is that of ${links[0]}` }],
    });
  });

  test("sweeps away what was half written, and leaves other files alone", async () => {
    const { server, links } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    for (const name of [".download-7.part", "manifest.jsonl.99.tmp", ".keep", "notes.txt"])
      writeFileSync(join(folder, name), "x");
    await download([server.host], { links: links.slice(0, 1), folder });
    expect(filesIn(folder)).toEqual([".keep", "0.jpg", "notes.txt"]);
  });

  test("drops a half-written line of the manifest", async () => {
    const { server, links, asked } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    const { manifest } = await download([server.host], { links, folder });
    const lines = readFileSync(manifest, "utf8").trimEnd().split("\n");
    writeFileSync(manifest, `${lines.slice(0, 3).join("\n")}\n${lines[3].slice(0, 40)}`);
    expect(await download([server.host], { links, folder })).toMatchObject({ present: 4, fetched: 0 });
    expect(asked()).toEqual([1, 1, 1, 1]); // the file of the lost line was looked at and kept
    expect(await readDownloads(manifest)).toHaveLength(4);
  });

  test("stops at a broken line of the manifest and names it", async () => {
    const folder = newFolder();
    const { manifest } = await download([], { links: ["ftp://x/a.jpg"], folder });
    appendFileSync(manifest, "{}\n");
    await expect(download([], { links: [], folder })).rejects.toThrow(`${manifest}:2: `);
    expect(readdirSync(folder)).toEqual(["manifest.jsonl"]); // the lock is gone
  });
});

describe("a file that was copied here by hand", () => {
  test("is taken when it is a photograph", async () => {
    const { server, links, asked } = await serveAll();
    await using _ = server;
    const folder = newFolder();
    writeFileSync(join(folder, "0.jpg"), photos[3]);
    const report = await download([server.host], { links: links.slice(0, 1), folder });
    expect(report).toMatchObject({ present: 1, fetched: 0, bytes: 0 });
    const entry = { file: "0.jpg", status: "ok", bytes: photos[3].length, sha256: sha256(photos[3]), attempts: 0 };
    expect(await readDownloads(report.manifest)).toMatchObject([entry]);
    expect(asked()[0]).toBe(0);
  });

  test.each([
    ["cut short", () => photos[0].subarray(0, -20)],
    ["text", () => Buffer.from("no photograph")],
    ["empty", () => Buffer.alloc(0)],
  ])("is replaced when it is %s", async (_, bytes) => {
    const { server, links } = await serveAll();
    await using __ = server;
    const folder = newFolder();
    writeFileSync(join(folder, "0.jpg"), bytes());
    expect(await download([server.host], { links: links.slice(0, 1), folder })).toMatchObject({
      fetched: 1,
      present: 0,
    });
    expect(sha256Of(folder, "0.jpg")).toBe(sha256(photos[0]));
  });
});

const MODULE = pathToFileURL(join(import.meta.dirname, "../../../dist/data/download/download.js")).href;
const PROGRAM = `
  import { downloadImages } from ${JSON.stringify(MODULE)};
  const [folder, settings, ...links] = JSON.parse(process.argv[1]);
  await downloadImages({ links, folder, settings });
`;

test("killed half-way, a second start asks only for what is missing", async () => {
  await using server = await behave.startImageServer();
  const paths = Array.from({ length: 60 }, (_, i) => `/${i}.jpg`);
  const folder = newFolder();
  const settings = downloadSettings({ concurrency: 4, allow_private: true });
  let child: ReturnType<typeof spawn> | undefined;
  const half = () => filesIn(folder).filter((name) => /^\d+\.jpg$/.test(name)).length >= 30;
  const links = paths.map((path, i) =>
    server.serve(path, (response, nth, request) => {
      if (child && half()) child.kill("SIGKILL");
      behave.image(photos[i % photos.length])(response, nth, request);
    }),
  );
  child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, JSON.stringify([folder, settings, ...links])]);
  const [code, signal] = await once(child, "exit");
  child = undefined;
  expect({ code, signal }).toEqual({ code: null, signal: "SIGKILL" });

  const there = new Set(filesIn(folder).filter((name) => /^\d+\.jpg$/.test(name)));
  expect(there.size).toBeGreaterThanOrEqual(30);
  expect(there.size).toBeLessThan(60);
  for (const name of there)
    expect(sha256Of(folder, name)).toBe(sha256(photos[Number.parseInt(name, 10) % photos.length]));

  const before = new Map(server.requests);
  const report = await download([server.host], { links, folder });
  expect(report).toMatchObject({ links: 60, fetched: 60 - there.size, present: there.size, failed: 0 });
  const askedAgain = paths.filter((path) => server.requests.get(path) !== before.get(path));
  expect(askedAgain).toEqual(paths.filter((path) => !there.has(path.slice(1))));
  expect(filesIn(folder)).toHaveLength(60);
  expect((await readDownloads(report.manifest)).map(({ link, status }) => [link, status])).toEqual(
    links.map((link) => [link, "ok"]),
  );
});
