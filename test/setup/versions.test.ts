import { expect, test } from "vitest";
import { compareVersions, isInRange, isRelease } from "../../src/setup/versions.ts";

test("versions are ordered number by number", () => {
  const sorted = ["2.9.0", "2.16.2", "2.16.2.1", "2.21.0", "10.0"];
  expect(sorted.toReversed().sort(compareVersions)).toEqual(sorted);
  expect(compareVersions("2.16", "2.16.0")).toBe(0);
});

test("pre-releases and builds of one's own are no releases", () => {
  expect(["2.21.0", "12.5.3.2"].filter(isRelease)).toHaveLength(2);
  expect(["2.21.0rc1", "2.21.0+local", "2.21.0.dev1", ""].filter(isRelease)).toEqual([]);
});

test.each([
  ["12.9.0", ">=12.5.3.2,<13.0", true],
  ["12.5.3.1", ">=12.5.3.2,<13.0", false],
  ["13.0", ">=12.5.3.2,<13.0", false],
  ["12.5.1", "==12.5.1", true],
  ["12.5.1", "==12.5.1.0", true],
  ["12.5.2", "==12.5.1", false],
  ["12.5.2", "==12.5.*", true],
  ["12.6.0", "==12.5.*", false],
  ["12.6.0", "!=12.5.*", true],
  ["1.4.9", "~=1.4.5", true],
  ["1.5.0", "~=1.4.5", false],
  ["1.5.0", "> 1.4, <= 1.5", true],
  ["1.5.0", "", true],
  ["1.5.0", "whatever it takes", false],
])("whether %s is in the range %s: %s", (version, range, isIn) => {
  expect(isInRange(version, range)).toBe(isIn);
});
