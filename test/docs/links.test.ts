import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, readDocument } from "./documents.ts";

const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  join("checkpoints", "nano", "README.md"),
  join("examples", "README.md"),
  join("experiments", "README.md"),
  join("notebooks", "README.md"),
  join("test", "goldens", "README.md"),
];
const links = documents.flatMap((document) =>
  [...readDocument(document).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => ({ document, target: match[1]! })),
);

test("links in documents lead to files that are there", () => {
  expect(links.length).toBeGreaterThan(30);
  const broken = links.filter(({ document, target }) => !existsSync(join(ROOT, dirname(document), target)));
  expect(broken).toEqual([]);
});
