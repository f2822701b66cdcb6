import { expect, test } from "vitest";
import { readDocument, readTable } from "./documents.ts";

interface Manifest {
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const readManifest = (path: string) => JSON.parse(readDocument(path)) as Manifest;
const { dependencies, devDependencies } = readManifest("package.json");
const plain = (cell: string) => cell.replaceAll("`", "");

test.each([
  ["package", Object.keys(dependencies)],
  ["development package", Object.keys(devDependencies)],
])("docs/dependencies.md says of every %s why it is there, and under which licence", (heading, names) => {
  const rows = readTable(readDocument("docs/dependencies.md"), heading);
  const listed = rows.map(([name, licence]) => ({ name: plain(name!), licence }));
  const installed = names.map((name) => ({ name, licence: readManifest(`node_modules/${name}/package.json`).license }));
  expect(listed).toEqual(installed);
});
