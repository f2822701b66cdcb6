import { expect, test } from "vitest";
import { RANKS } from "../support/ranks.ts";
import { readDocument, readTable } from "./documents.ts";

const text = readDocument("docs/architecture.md");
const plain = (cell: string) => cell.replaceAll("`", "");

test("docs/architecture.md lists every folder with the rank that the imports are checked by", () => {
  const listed = readTable(text, "rank").map(([rank, folder]) => `${rank} ${plain(folder!)}`);
  expect(listed).toEqual(RANKS.flatMap((folders, rank) => folders.map((folder) => `${rank} ${folder}/`)));
});

test("its picture shows the same ranks, the highest on top", () => {
  const picture = text.match(/```text\n([^`]*)```/)![1]!;
  const drawn = picture
    .trim()
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(/\s+/));
  expect(drawn).toEqual(RANKS.map((folders, rank) => [String(rank), ...folders]).toReversed());
});
