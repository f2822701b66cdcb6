import { join } from "node:path";
import { expect, test } from "vitest";
import { readDownloads } from "../../../src/data/download/manifest.ts";
import { random } from "../../../src/util/random.ts";
import { download, filesIn, sha256, sha256Of } from "../../support/downloads.ts";
import * as behave from "../../support/image-server.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const LINKS = 5000;
const PHOTOGRAPHS = 40;
/** For a machine that is busy with other tests. */
const TIMEOUT_MS = 240_000;

type Fault = (bytes: Buffer) => behave.Behaviour;
const once =
  (early: Fault): Fault =>
  (bytes) =>
    behave.first(1, early(bytes), behave.image(bytes));

const BOMB = behave.uniformPng(20_000, 20_000);

/** What a photograph's server may do, and what then becomes of its link: nothing is wrong, or the reason. */
const FAULTS: readonly (readonly [fault: Fault, reason: RegExp | null])[] = [
  [(bytes) => behave.chunked(bytes), null],
  [(bytes) => behave.after(20, behave.image(bytes)), null],
  [(bytes) => behave.first(2, behave.status(500), behave.image(bytes)), null],
  [once(() => behave.status(503)), null],
  [once(() => behave.status(429, { "retry-after": 0 })), null],
  [once((bytes) => behave.reset(bytes, 0)), null],
  [once((bytes) => behave.reset(bytes, 300)), null],
  [once((bytes) => behave.tooShort(bytes)), null],
  [once((bytes) => behave.tooLong(bytes, 300)), null],
  [once((bytes) => behave.image(bytes.subarray(0, 300))), null],
  [once(() => behave.babble), null],
  [() => behave.status(404), /404/],
  [() => behave.status(500), /500/],
  [() => behave.redirect("http://169.254.169.254/latest/"), /no public address/],
  [() => behave.redirect("file:///etc/passwd"), /not http or https/],
  [() => behave.redirect("http://127.0.0.1:1/a.jpg"), /no public address/],
  [() => behave.image(Buffer.from("<!doctype html>")), /no image/],
  [() => behave.image(Buffer.alloc(0)), /no image/],
  [() => behave.chunked(Buffer.alloc(200_000)), /larger than/],
  [() => behave.image(BOMB), /too many/],
  [(bytes) => behave.image(bytes.subarray(0, -7)), /no image/],
  [(bytes) => behave.reset(bytes, 300), /broken off/],
];

test(
  "of five thousand links with every kind of fault, each has its photograph or its reason",
  async () => {
    await using server = await behave.startImageServer();
    const photographs = await behave.photographs(PHOTOGRAPHS);
    const generator = random(5000, "faults");
    const cases = Array.from({ length: LINKS }, (_, i) => {
      const bytes = photographs[generator.int(PHOTOGRAPHS)];
      const [fault, reason] = generator.int(3) > 0 ? [behave.image, null] : FAULTS[generator.int(FAULTS.length)];
      return { link: server.serve(`/I/${i}.jpg`, fault(bytes)), file: `${i}.jpg`, bytes, reason };
    });
    const folder = join(workFolder(FAST_FOLDER), "images");
    const settings = { max_bytes: 100_000, backoff_s: 0.001, retries: 2 };
    const before = process.memoryUsage.rss();
    let most = 0;
    const downloaded = () => {
      most = Math.max(most, process.memoryUsage.rss());
    };
    const links = cases.map(({ link }) => link);
    const report = await download([server.host], { links, folder, settings, observer: { downloaded } });
    // The server lives in this process too. All bodies together are far more than this in memory, were they kept.
    expect(most - before).toBeLessThan(400e6);

    const entries = await readDownloads(report.manifest);
    expect(entries.map(({ link }) => link)).toEqual(links);
    for (const [i, { file, bytes, reason }] of cases.entries()) {
      if (reason === null) {
        expect(entries[i]).toMatchObject({ status: "ok", file, sha256: sha256(bytes), reason: null });
        expect(sha256Of(folder, file)).toBe(sha256(bytes));
      } else expect(entries[i]).toMatchObject({ status: "failed", reason: expect.stringMatching(reason) });
    }
    const good = cases.filter(({ reason }) => reason === null);
    expect(filesIn(folder)).toEqual(good.map(({ file }) => file).sort());
    expect(report).toMatchObject({ links: LINKS, fetched: good.length, present: 0, failed: LINKS - good.length });
    expect(report.bytes).toBe(good.reduce((sum, { bytes }) => sum + bytes.length, 0));
  },
  TIMEOUT_MS,
);
