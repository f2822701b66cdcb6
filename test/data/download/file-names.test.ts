import { expect, test } from "vitest";
import { fileNameOf, fileOwners } from "../../../src/data/download/file-names.ts";

test.each([
  ["https://x.org/I/61I9XdN6OFL.jpg", "61I9XdN6OFL.jpg"],
  ["https://x.org/b%2Bc%20d.jpg?v=1#x", "b+c d.jpg"],
  ["https://x.org/%C3%A9.jpg", "é.jpg"],
  ["https://x.org/console.jpg", "console.jpg"],
])("%s has the name %s", (link, name) => expect(fileNameOf(link)).toBe(name));

test.each([
  "https://x.org/",
  "https://x.org/%2e%2e",
  "https://x.org/a%2Fb.jpg",
  "https://x.org/manifest.jsonl",
  "https://x.org/Manifest.jsonl.12.tmp",
  "https://x.org/.download-1.part",
  "https://x.org/downloader-1-x-host-00000000.lock",
  "https://x.org/NUL.jpg",
  "https://x.org/com1",
  "https://x.org/a%3Fb.jpg",
  "https://x.org/a.jpg.",
  "https://x.org/a%0a.jpg",
  `https://x.org/${"%E6%BC%A2".repeat(90)}.jpg`,
])("%s has no name that can be kept everywhere", (link) => {
  expect(() => fileNameOf(link)).toThrow(/cannot be a file's name|does not end in the name of a file/);
});

test("names that are one on some systems have one owner", () => {
  const owners = fileOwners();
  expect(owners.claim("caf\u00e9.jpg", "first")).toBeUndefined();
  expect(owners.claim("caf\u00e9.jpg", "first")).toBeUndefined();
  expect(owners.claim("CAFE\u0301.JPG", "second")).toBe("first");
});
