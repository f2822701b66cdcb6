import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { beforeAll, expect, test } from "vitest";
import { fetchPackage, fetchSources } from "../../src/setup/tfjs-sources.ts";
import { workFolder } from "../support/work-folder.ts";
import { useTools, writeTool } from "./fake-tools.ts";

const folder = workFolder();
const tools = join(folder, "bin");
const archive = join(folder, "scope-name-1.0.0.tgz");
const [cp, sleep] = ["cp", "sleep"].map((name) =>
  execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
);
const wanted = /^package\/binding\/\w+\.cc$/;
let integrity = "";

useTools(tools);

beforeAll(async () => {
  const source = join(folder, "package", "binding");
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "a.cc"), "int a;");
  writeFileSync(join(source, "a.js"), "a");
  await create({ file: archive, gzip: true, cwd: folder }, ["package"]);
  integrity = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
});

const ANSWER = '[{"filename":"scope-name-1.0.0.tgz"}]';

/** An npm that packs the archive into the folder that is its last word, and prints something. */
function writeNpm(printed = ANSWER): void {
  const answer = `echo '${printed}'`;
  writeTool(
    join(tools, "npm"),
    `echo "$@" >> ${folder}/calls\nfor last in "$@"; do :; done\n${cp} ${archive} "$last"\n${answer}`,
  );
}

test("without npm, or when it fails, the message says so with npm's words", async () => {
  const pinned = { spec: "@scope/name@1.0.0", integrity, wanted };
  await expect(fetchPackage(pinned, join(folder, "none"))).rejects.toThrow("npm was not found");
  writeTool(join(tools, "npm"), "echo 'npm error code E404' >&2; exit 1");
  await expect(fetchPackage(pinned, join(folder, "none"))).rejects.toThrow(/failed:\nnpm error code E404/);
});

test("the wanted files are unpacked once, and no script of the package runs", async () => {
  writeNpm();
  const pinned = { spec: "@scope/name@1.0.0", integrity, wanted };
  const found = await fetchPackage(pinned, join(folder, "sources"));
  expect(readdirSync(found, { recursive: true })).toEqual(["binding", join("binding", "a.cc")]);
  expect(await fetchPackage(pinned, join(folder, "sources"))).toBe(found);
  const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  expect(calls).toHaveLength(1);
  expect(calls[0]).toContain("--ignore-scripts");
});

test("notices around npm's answer are passed over, and an answer that says nothing is told", async () => {
  const pinned = { spec: "@scope/name@1.0.0", integrity, wanted };
  writeNpm(`[notice] a new npm\n${ANSWER}\nbye`);
  expect(readdirSync(await fetchPackage(pinned, join(folder, "noticed")))).toEqual(["binding"]);
  for (const printed of ["done", "[]", '[{"name":"x"}]']) {
    writeNpm(printed);
    const fetched = fetchPackage(pinned, join(folder, "mute"));
    await expect(fetched).rejects.toMatchObject({ name: "InputError", message: expect.stringContaining(printed) });
  }
});

test("another archive of the same name is refused, and not there afterwards", async () => {
  writeNpm();
  const pinned = { spec: "@scope/name@1.0.0", integrity: "sha512-other", wanted };
  await expect(fetchPackage(pinned, join(folder, "wrong"))).rejects.toThrow(`gave ${integrity}, and this version is`);
  await expect(fetchPackage(pinned, join(folder, "wrong"))).rejects.toThrow("this version is");
});

test("when npm fails for one package, it is not at work for another", async () => {
  writeTool(join(tools, "npm"), `echo "$2" >> ${folder}/begun; ${sleep} 0.3; exit 1`);
  await expect(fetchSources(join(folder, "in-turn"))).rejects.toThrow("npm pack @tensorflow/tfjs-node");
  expect(readFileSync(join(folder, "begun"), "utf8")).toMatch(/^@tensorflow\/tfjs-node@[\d.]+\n$/);
});
