import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { downloadImages } from "../../../src/data/download/download.ts";
import { readDownloads } from "../../../src/data/download/manifest.ts";
import { InputError, InterruptedError } from "../../../src/util/errors.ts";
import { readManifest } from "../../../src/util/package.ts";
import { download, downloadSettings, filesIn, sha256, sha256Of } from "../../support/downloads.ts";
import * as behave from "../../support/image-server.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const root = workFolder(FAST_FOLDER);
let folders = 0;
const newFolder = () => join(root, `${++folders}`);

let photograph: Buffer;
let other: Buffer;
beforeAll(async () => {
  [photograph, other] = await behave.photographs(2);
});

/** One link that behaves so; what became of it. */
async function fetchOne(behaviour: behave.Behaviour, settings: Parameters<typeof downloadSettings>[0] = {}) {
  await using server = await behave.startImageServer();
  const link = server.serve("/I/a.jpg", behaviour);
  const folder = newFolder();
  const report = await download([server.host], { links: [link], folder, settings });
  const [entry] = await readDownloads(report.manifest);
  return { report, entry, folder, asked: server.requests.get("/I/a.jpg")! };
}

describe("a photograph that comes in the end", () => {
  test.each<[string, number, (bytes: Buffer) => behave.Behaviour]>([
    ["at once", 1, (b) => behave.image(b)],
    ["late", 1, (b) => behave.after(50, behave.image(b))],
    ["in chunks, without a length", 1, (b) => behave.chunked(b)],
    ["under another type", 1, (b) => behave.image(b, { "content-type": "text/plain" })],
    ["after two faults of the server", 3, (b) => behave.first(2, behave.status(500), behave.image(b))],
    ["after a time-out that the server tells of", 2, (b) => behave.first(1, behave.status(408), behave.image(b))],
    ["after it was too early", 2, (b) => behave.first(1, behave.status(425), behave.image(b))],
    ["after too many requests", 2, (b) => behave.first(1, behave.status(429, { "retry-after": 0 }), behave.image(b))],
    ["after a refusal until long ago", 2, (b) => behave.first(1, behave.status(503, RETRY_LONG_AGO), behave.image(b))],
    ["after a reset before the answer", 2, (b) => behave.first(1, behave.reset(b, 0), behave.image(b))],
    ["after a reset in the middle", 2, (b) => behave.first(1, behave.reset(b, 500), behave.image(b))],
    ["after one that was shorter than promised", 2, (b) => behave.first(1, behave.tooShort(b), behave.image(b))],
    ["after one that was longer than promised", 2, (b) => behave.first(1, behave.tooLong(b, 400), behave.image(b))],
    [
      "after one that was cut without a sign",
      2,
      (b) => behave.first(1, behave.image(b.subarray(0, -9)), behave.image(b)),
    ],
    ["after nothing at all", 2, (b) => behave.first(1, behave.image(Buffer.alloc(0)), behave.image(b))],
    ["after something that is no HTTP", 2, (b) => behave.first(1, behave.babble, behave.image(b))],
  ])("%s", async (_, attempts, behaviour) => {
    const { report, entry, folder, asked } = await fetchOne(behaviour(photograph));
    expect(report).toMatchObject({
      links: 1,
      fetched: 1,
      present: 0,
      failed: 0,
      bytes: photograph.length,
      failures: [],
    });
    expect(entry).toMatchObject({ file: "a.jpg", status: "ok", bytes: photograph.length, reason: null, attempts });
    expect(entry.sha256).toBe(sha256(photograph));
    expect(sha256Of(folder, "a.jpg")).toBe(sha256(photograph));
    expect(filesIn(folder)).toEqual(["a.jpg"]);
    expect(asked).toBe(attempts);
  });

  test("after a silence, and after a drip that would have no end", async () => {
    const waits = { header_timeout_s: 0.2, body_timeout_s: 1 };
    const mute = await fetchOne(behave.first(1, behave.silence, behave.image(photograph)), waits);
    expect(mute.entry).toMatchObject({ status: "ok", attempts: 2 });
    const slow = await fetchOne(behave.first(1, behave.drip(photograph), behave.image(photograph)), waits);
    expect(slow.entry).toMatchObject({ status: "ok", attempts: 2 });
  });
});

const RETRY_LONG_AGO = { "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" };

describe("a link that fails for good leaves a reason and no file", () => {
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  const html = Buffer.from("<!doctype html><title>Not found</title>");
  test.each<[string, number, RegExp, (bytes: Buffer) => behave.Behaviour]>([
    ["not found", 1, /^the server answered 404 Not Found$/, () => behave.status(404)],
    ["gone", 1, /410 Gone/, () => behave.status(410)],
    ["a part", 1, /206 Partial Content/, () => behave.status(206)],
    ["a redirect to nowhere", 1, /302 Found/, () => behave.status(302)],
    ["a page", 1, /^what came is no image that can be read/, () => behave.image(html)],
    ["a drawing", 1, /is svg, not a photograph/, () => behave.image(svg)],
    ["a bomb", 1, /30000 by 30000 pixels are too many/, () => behave.image(behave.uniformPng(30_000, 30_000))],
    ["too many bytes, promised", 1, /larger than 400000 bytes/, () => behave.image(Buffer.alloc(400_001))],
    ["too many bytes, by surprise", 1, /larger than 400000 bytes/, () => behave.chunked(Buffer.alloc(1_000_000))],
    ["a fault of the server, for ever", 4, /503 Service Unavailable/, () => behave.status(503)],
    ["no image that is whole", 4, /no image that can be read: .*premature/i, (b) => behave.image(b.subarray(0, -9))],
    ["resets, for ever", 4, /the connection was broken off/, (b) => behave.reset(b, 0)],
    ["resets in the middle, for ever", 4, /the connection was broken off/, (b) => behave.reset(b, 500)],
    ["shorter than promised, for ever", 4, /broken off|shorter than it should be/, (b) => behave.tooShort(b)],
    ["no HTTP, for ever", 4, /HTTP/, () => behave.babble],
  ])("%s", async (_, attempts, reason, behaviour) => {
    const { report, entry, folder, asked } = await fetchOne(behaviour(photograph), { max_bytes: 400_000 });
    expect(report).toMatchObject({ links: 1, fetched: 0, failed: 1, bytes: 0, failures: [entry] });
    expect(entry).toMatchObject({ file: "a.jpg", status: "failed", bytes: 0, sha256: null, attempts });
    expect(entry.reason).toMatch(reason);
    expect(filesIn(folder)).toEqual([]);
    expect(asked).toBe(attempts);
  });

  test("a silence, and a drip, each after its time", async () => {
    const waits = { header_timeout_s: 0.1, body_timeout_s: 0.4, retries: 1 };
    const mute = await fetchOne(behave.silence, waits);
    expect(mute.entry).toMatchObject({ reason: expect.stringMatching(/took (too long|longer)/), attempts: 2 });
    const slow = await fetchOne(behave.drip(photograph), waits);
    expect(slow.entry).toMatchObject({ reason: "the whole answer took longer than 0.4 s", attempts: 2 });
  });

  test("a host that nobody listens at", async () => {
    const server = await behave.startImageServer();
    const link = server.serve("/a.jpg", behave.silence);
    await server[Symbol.asyncDispose]();
    const report = await download([server.host], { links: [link], folder: newFolder() });
    expect(report.failures).toMatchObject([{ reason: "the connection was refused", attempts: 4 }]);
  });

  test("a server that cannot speak TLS is asked once", async () => {
    await using server = await behave.startImageServer();
    const links = [`https://${server.host}/a.jpg`];
    const report = await download([server.host], { links, folder: newFolder() });
    expect(report.failures).toMatchObject([{ reason: expect.stringMatching(/^no secure connection: /), attempts: 1 }]);
  });
});

describe("redirects", () => {
  test.each([301, 302, 303, 307, 308])("%i is followed, and the file has the name of the link", async (code) => {
    await using server = await behave.startImageServer();
    server.serve("/store/b.jpg?size=9", behave.image(photograph));
    server.serve("/middle", behave.redirect("store/b.jpg?size=9"));
    const link = server.serve("/a.jpg", behave.redirect("/middle", code));
    const folder = newFolder();
    await download([server.host], { links: [link], folder });
    expect(filesIn(folder)).toEqual(["a.jpg"]);
  });

  test("a fault behind a redirect is tried again from the link", async () => {
    await using server = await behave.startImageServer();
    server.serve("/b", behave.first(1, behave.status(500), behave.image(photograph)));
    const link = server.serve("/a.jpg", behave.redirect("/b"));
    const { manifest } = await download([server.host], { links: [link], folder: newFolder() });
    expect(await readDownloads(manifest)).toMatchObject([{ status: "ok", attempts: 2 }]);
    expect(server.requests.get("/a.jpg")).toBe(2);
  });

  test("another host has its own connections and is asked as well", async () => {
    await using server = await behave.startImageServer();
    await using far = await behave.startImageServer();
    const link = server.serve("/a.jpg", behave.redirect(far.serve("/b", behave.image(photograph))));
    const folder = newFolder();
    await download([server.host, far.host], { links: [link], folder });
    expect(filesIn(folder)).toEqual(["a.jpg"]);
  });

  test.each([
    ["a circle", "/b", /redirects in a circle/],
    ["itself", "/a.jpg", /redirects in a circle/],
    ["one after another", "/chain/1", /redirects more than 3 times/],
    ["this machine", "http://127.0.0.1:1/b.jpg", /127\.0\.0\.1 is no public address/],
    ["this machine by its name", "http://localhost:1/b.jpg", /localhost is at .*, which is no public address/],
    ["this machine in another spelling", "http://0x7f.1:1/", /127\.0\.0\.1 is no public address/],
    ["the keys of a cloud machine", "http://169.254.169.254/latest/meta-data/", /169\.254\.169\.254 is no public/],
    ["a file", "file:///etc/passwd", /"file:\/\/\/etc\/passwd" is not http or https/],
    ["a password", "http://me:secret@example.org/a.jpg", /with a name or password/],
    ["no address", "http://[", /is no address/],
  ])("to %s is refused after one attempt", async (_, target, reason) => {
    await using server = await behave.startImageServer();
    server.serve("/b", behave.redirect("/a.jpg"));
    for (let i = 1; i < 9; i++) server.serve(`/chain/${i}`, behave.redirect(`/chain/${i + 1}`));
    const links = [server.serve("/a.jpg", behave.redirect(target))];
    const { failures } = await download([server.host], { links, folder: newFolder(), settings: { max_redirects: 3 } });
    expect(failures).toMatchObject([{ link: links[0], reason: expect.stringMatching(reason), attempts: 1 }]);
    expect(failures[0].reason).not.toContain("secret");
  });
});

describe("links", () => {
  test("are fetched once, whatever their order and number", async () => {
    await using server = await behave.startImageServer();
    const [a, b] = ["/a.jpg", "/b%2Bc.jpg"].map((path) => server.serve(path, behave.image(photograph)));
    const folder = newFolder();
    const report = await download([server.host], { links: [b, a, b, ` ${a} `, b], folder });
    expect(report).toMatchObject({ links: 2, fetched: 2 });
    expect(filesIn(folder)).toEqual(["a.jpg", "b+c.jpg"]);
    expect([...server.requests.values()]).toEqual([1, 1]);
    expect((await readDownloads(report.manifest)).map(({ link }) => link)).toEqual([b, a]);
  });

  test("of one file name: the first is fetched, the others name it, also when only case differs", async () => {
    await using server = await behave.startImageServer();
    const paths = ["/1/a.jpg", "/2/a.jpg", "/3/A.JPG", "/1/a.jpg?v=2"];
    const links = paths.map((path) => server.serve(path, behave.image(photograph)));
    const { failures } = await download([server.host], { links, folder: newFolder() });
    expect(failures.map(({ link, reason }) => [link, reason])).toEqual(
      links.slice(1).map((link) => [link, `its file name is that of ${links[0]}`]),
    );
    expect(failures[0].attempts).toBe(0);
  });

  test("that cannot be asked for fail with a reason, the others come", async () => {
    await using server = await behave.startImageServer();
    const good = server.serve("/a.jpg", behave.image(photograph));
    const refused = [
      ["ftp://example.org/b.jpg", /is not http or https/],
      ["file:///etc/passwd", /is not http or https/],
      ["no address.jpg", /is no address/],
      ["http://me@example.org/c.jpg", /with a name or password/],
      ["http://10.0.0.1/d.jpg", /10\.0\.0\.1 is no public address/],
      ["http://[::ffff:127.0.0.1]/e.jpg", /is no public address/],
      ["http://2130706433/f.jpg", /127\.0\.0\.1 is no public address/],
      [`http://${server.host}/`, /does not end in the name of a file/],
      [`http://${server.host}/manifest.jsonl`, /cannot be a file's name/],
    ] as const;
    const links = [...refused.map(([link]) => link), good];
    const report = await download([server.host], { links, folder: newFolder() });
    expect(report).toMatchObject({ fetched: 1, failed: refused.length });
    for (const [i, [link, reason]] of refused.entries()) {
      expect(report.failures[i]).toMatchObject({
        link,
        file: null,
        attempts: 0,
        reason: expect.stringMatching(reason),
      });
    }
  });

  test("of hosts that are not in the list are refused, redirects too", async () => {
    await using server = await behave.startImageServer();
    const settings = downloadSettings({ allow_private: true, hosts: ["127.0.0.1"] });
    const far = server.serve("/a.jpg", behave.redirect("http://example.org/a.jpg"));
    const links = [server.serve("/b.jpg", behave.image(photograph)), "http://example.org/c.jpg", far];
    const { failures, fetched } = await downloadImages({ links, folder: newFolder(), settings });
    expect(fetched).toBe(1);
    expect(failures.map(({ reason }) => reason)).toEqual(Array(2).fill("example.org is not in download.hosts"));
  });

  test("none: a folder with an empty manifest", async () => {
    const folder = newFolder();
    expect(await download([], { links: [], folder })).toMatchObject({ links: 0, fetched: 0, failed: 0 });
    expect(readdirSync(folder)).toEqual(["manifest.jsonl"]);
  });
});

test("the server is told who asks, and is asked for the bytes as they are", async () => {
  let headers: NodeJS.Dict<string | string[]> = {};
  await fetchOne((response, nth, request) => {
    headers = request.headers;
    behave.image(photograph)(response, nth, request);
  });
  expect(headers).toMatchObject({ "user-agent": `amlc/${readManifest().version}`, "accept-encoding": "identity" });
});

test("no more connections to a host than it may have, and no more images in work than there may be", async () => {
  await using server = await behave.startImageServer();
  const links = Array.from({ length: 40 }, (_, i) =>
    server.serve(`/${i}.jpg`, behave.after(5, behave.image(photograph))),
  );
  await download([server.host], { links, folder: newFolder(), settings: { concurrency: 30, per_host: 4 } });
  expect(server.open.most).toBe(4);
  const again = { links, folder: newFolder(), settings: { concurrency: 3, per_host: 30 } };
  server.open.most = 0;
  await download([server.host], again);
  expect(server.open.most).toBe(3);
});

test("a host that is silent, and one that asks for an hour of peace, do not hold up the others", async () => {
  await using mute = await behave.startImageServer();
  await using busy = await behave.startImageServer();
  await using good = await behave.startImageServer();
  const of = (server: behave.ImageServer, behaviour: behave.Behaviour) =>
    Array.from({ length: 30 }, (_, i) => server.serve(`/${server.host}-${i}.jpg`.replace(":", "-"), behaviour));
  const links = [
    ...of(mute, behave.silence),
    ...of(busy, behave.status(429, { "retry-after": 3600 })),
    ...of(good, behave.image(photograph)),
  ];
  const controller = new AbortController();
  const fetched: number[] = [];
  const notes: string[] = [];
  const downloaded = ({ done }: { done: number }) => {
    fetched.push(done);
    if (done === 30) controller.abort(); // the good ones; the others would take an hour
  };
  const settings = { concurrency: 16, per_host: 4, max_pause_s: 3600 };
  const hosts = [mute, busy, good].map(({ host }) => host);
  const observer = { downloaded, note: (text: string) => notes.push(text) };
  const running = download(hosts, { links, folder: newFolder(), settings, observer, signal: controller.signal });
  await expect(running).rejects.toThrow("30 of 90 photographs are there");
  expect(fetched).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(busy.requests.size).toBeLessThanOrEqual(4); // its first ones, before it asked for peace
  expect(notes).toContain(`${busy.host} asks for a pause of 3600 s`);
});

describe("a stop", () => {
  test("gives up what is on the way, keeps what is there, and says how to go on", async () => {
    await using server = await behave.startImageServer();
    const links = ["/a.jpg", "/b.jpg"].map((path) => server.serve(path, behave.image(photograph)));
    links.push(server.serve("/c.jpg", behave.drip(photograph)), server.serve("/d.jpg", behave.silence));
    const folder = newFolder();
    const controller = new AbortController();
    const observer = { downloaded: ({ done }: { done: number }) => done === 2 && controller.abort() };
    const running = download([server.host], { links, folder, observer, signal: controller.signal });
    const error = await running.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({
      message: `${folder}: stopped; 2 of 4 photographs are there`,
      hint: "start the same command again: it fetches what is missing",
    });
    expect(filesIn(folder)).toEqual(["a.jpg", "b.jpg"]);
    expect(await readDownloads(join(folder, "manifest.jsonl"))).toMatchObject([{ status: "ok" }, { status: "ok" }]);
  });

  test("before the beginning asks for nothing", async () => {
    await using server = await behave.startImageServer();
    const links = [server.serve("/a.jpg", behave.image(photograph))];
    const running = download([server.host], { links, folder: newFolder(), signal: AbortSignal.abort() });
    await expect(running).rejects.toThrow(InterruptedError);
    expect(server.requests.size).toBe(0);
  });
});

describe("a folder", () => {
  test("that cannot be made is named", async () => {
    const file = join(root, "a file");
    writeFileSync(file, "");
    const running = download([], { links: [], folder: join(file, "images") });
    await expect(running).rejects.toThrow(InputError);
    await expect(running).rejects.toThrow(`${join(file, "images")}: could not be written to`);
  });

  test("that another download is using is refused", async () => {
    await using server = await behave.startImageServer();
    const links = [server.serve("/a.jpg", behave.after(300, behave.image(photograph)))];
    const folder = newFolder();
    const first = download([server.host], { links, folder });
    const second = await download([server.host], { links, folder }).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(InputError);
    expect(second).toMatchObject({ message: `${folder}: process ${process.pid} is downloading into this folder` });
    expect(await first).toMatchObject({ fetched: 1 });
    expect(filesIn(folder)).toEqual(["a.jpg"]);
  });

  test("that holds a folder of a photograph's name: that link fails, the others come", async () => {
    await using server = await behave.startImageServer();
    const links = ["/a.jpg", "/b.jpg"].map((path) => server.serve(path, behave.image(photograph)));
    const folder = newFolder();
    mkdirSync(join(folder, "a.jpg"), { recursive: true });
    const report = await download([server.host], { links, folder });
    expect(report).toMatchObject({ fetched: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ reason: "no file of its name can be made here (EISDIR)" }]);
  });
});

test("the progress adds up", async () => {
  await using server = await behave.startImageServer();
  const links = [server.serve("/a.jpg", behave.image(photograph)), server.serve("/b.jpg", behave.image(other))];
  const seen: unknown[] = [];
  const observer = { downloaded: (progress: unknown) => seen.push(progress) };
  await download([server.host], { links: [...links, "ftp://x/c.jpg"], folder: newFolder(), observer });
  expect(seen).toHaveLength(3);
  expect(seen[0]).toEqual({ done: 1, total: 3, bytes: 0, failed: 1 });
  expect(seen[2]).toEqual({ done: 3, total: 3, bytes: photograph.length + other.length, failed: 1 });
});

test("the manifest is one line for each link, in their order, with the same keys in each", async () => {
  await using server = await behave.startImageServer();
  const links = [server.serve("/b.jpg", behave.after(60, behave.image(photograph))), `http://${server.host}/a.jpg`];
  const { manifest } = await download([server.host], { links, folder: newFolder() });
  expect(readFileSync(manifest, "utf8")).toBe(
    [
      `{"link":"${links[0]}","file":"b.jpg","status":"ok","bytes":${photograph.length},"sha256":"${sha256(photograph)}","reason":null,"attempts":1}\n`,
      `{"link":"${links[1]}","file":"a.jpg","status":"failed","bytes":0,"sha256":null,"reason":"the server answered 404 Not Found","attempts":1}\n`,
    ].join(""),
  );
});
