import type * as Files from "node:fs";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { type ManifestEntry, openManifest, readDownloads } from "../../../src/data/download/manifest.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const disk = vi.hoisted(() => ({ isFull: false }));

/** A full disk takes what has room of a line, and then says so. */
vi.mock("node:fs", async (original) => {
  const real = await original<typeof Files>();
  const appendFileSync = (file: number | string, data: string | Uint8Array) => {
    if (!disk.isFull) return real.appendFileSync(file, data);
    real.appendFileSync(file, data.slice(0, 20));
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  return { ...real, appendFileSync };
});

const root = workFolder(FAST_FOLDER);
let files = 0;
const newFile = () => join(root, `${++files}.jsonl`);

function entry(link: string, changed: Partial<ManifestEntry> = {}): ManifestEntry {
  const failed = { file: null, status: "failed", bytes: 0, sha256: null, reason: "gone", attempts: 1 } as const;
  return { link, ...failed, ...changed };
}

async function write(path: string, ...entries: readonly ManifestEntry[]): Promise<void> {
  const manifest = await openManifest(path);
  for (const one of entries) manifest.add(one);
  manifest.abandon();
}

const anyEntry: fc.Arbitrary<ManifestEntry> = fc.record({
  link: fc.string({ unit: "grapheme" }),
  file: fc.option(fc.string()),
  status: fc.constantFrom("ok", "failed"),
  bytes: fc.nat(),
  sha256: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
  reason: fc.option(fc.string({ unit: "binary" })),
  attempts: fc.nat(),
});

test("any entries are read as they were added, also after the end was cut off at any place", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEntry, { minLength: 1, maxLength: 6 }), fc.nat(), async (entries, place) => {
      const path = newFile();
      await write(path, ...entries);
      expect(await readDownloads(path)).toEqual(entries);
      const whole = readFileSync(path);
      truncateSync(path, place % whole.length);
      const lines = readFileSync(path).filter((byte) => byte === 10).length;
      expect(await readDownloads(path)).toEqual(entries.slice(0, lines));
      await write(path, entries[0]);
      expect(await readDownloads(path)).toEqual([...entries.slice(0, lines), entries[0]]);
    }),
    { numRuns: 60 },
  );
});

test("at the end there is one line for each link: those of the list in its order, then the others", async () => {
  const path = newFile();
  await write(path, entry("old"), entry("b", { attempts: 1 }), entry("older"), entry("a"));
  const manifest = await openManifest(path);
  manifest.add(entry("b", { attempts: 2 }));
  expect(manifest.get("b")?.attempts).toBe(2);
  await manifest.close(["a", "b", "not tried"]);
  const written = (await readDownloads(path)).map(({ link, attempts }) => [link, attempts]);
  expect(written).toEqual([
    ["a", 1],
    ["b", 2],
    ["old", 1],
    ["older", 1],
  ]);
});

test("an entry stands in the file as soon as it is added", async () => {
  const path = newFile();
  const manifest = await openManifest(path);
  manifest.add(entry("a"));
  expect(await readDownloads(path)).toHaveLength(1);
  manifest.abandon();
});

test("what a full disk took of a line does not harm the next one, nor the next start", async () => {
  const path = newFile();
  const manifest = await openManifest(path);
  manifest.add(entry("a"));
  disk.isFull = true;
  for (const link of ["b", "c"]) expect(() => manifest.add(entry(link))).toThrow("ENOSPC");
  disk.isFull = false;
  expect(await readDownloads(path)).toEqual([entry("a")]);
  manifest.add(entry("d"));
  manifest.abandon();
  expect(await readDownloads(path)).toEqual([entry("a"), entry("d")]);
});

test.each([
  ["no JSON", "{", /is not JSON/],
  ["another object", '{"link":"b"}', /file: /],
  ["a checksum that is none", JSON.stringify(entry("b", { sha256: "12" })), /sha256: /],
  ["an unknown key", JSON.stringify({ ...entry("b"), more: 1 }), /more/],
])("a line with %s is named, and what to do", async (_, line, reason) => {
  const path = newFile();
  await write(path, entry("a"));
  appendFileSync(path, `${line}\n`);
  await write(newFile(), entry("c"));
  const error = await openManifest(path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: expect.stringMatching(`^${path}:2: `),
    hint: expect.stringContaining("mend or delete this line"),
  });
  expect((error as Error).message).toMatch(reason);
});

test("no file is no entries; a folder in its place is an error", async () => {
  expect(await readDownloads(newFile())).toEqual([]);
  await expect(readDownloads(root)).rejects.toThrow(`${root}: cannot be read`);
  const empty = newFile();
  writeFileSync(empty, "");
  expect(await readDownloads(empty)).toEqual([]);
});
