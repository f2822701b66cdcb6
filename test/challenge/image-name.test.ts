import { expect, test } from "vitest";
import { imageNameOf, isImageLink } from "../../src/challenge/image-name.ts";

test.each(["https://x.org/a.jpg", "HTTPS://x.org/a.jpg", "Http://x.org/I/a%20b.jpg?v=1#x", "http://x.org/a"])(
  "%s is the link of an image",
  (link) => expect(isImageLink(link)).toBe(true),
);

test.each([
  "ftp://x.org/a.jpg",
  "x.org/a.jpg",
  "https:///a.jpg",
  "https://x.org",
  "https://x.org?of=/a.jpg",
  "https://x.org/",
  "https://x.org/%2e%2e",
  "https://x.org/a%2Fb.jpg",
  "https://x.org/a%00.jpg",
  "https://x.org/c%3Aa.jpg",
  `https://x.org/${"a".repeat(256)}`,
])("%.60s is none", (link) => expect(isImageLink(link)).toBe(false));

test("a name is the last part of the path, decoded where it can be", () => {
  expect(imageNameOf(" https://x.org/I/a%20b.jpg?v=1/2 ")).toBe("a b.jpg");
  expect(imageNameOf("https://x.org/50%.jpg")).toBe("50%.jpg");
  expect(imageNameOf("https://x.org/..")).toBeUndefined();
});
