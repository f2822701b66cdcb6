import { expect, test } from "vitest";
import { checkPlatform } from "../../src/setup/platform.ts";

test("Linux with glibc on x64 and arm64 will do", () => {
  expect(checkPlatform({ platform: "linux", arch: "x64", glibc: "2.36" })).toEqual({ arch: "x86_64", glibc: "2.36" });
  expect(checkPlatform({ platform: "linux", arch: "arm64", glibc: "2.31" }).arch).toBe("aarch64");
});

test.each([
  ["darwin", "arm64", undefined, "and this is macOS on arm64"],
  ["win32", "x64", undefined, "and this is Windows on x64"],
  ["linux", "riscv64", "2.36", "and this is linux on riscv64"],
  ["linux", "x64", undefined, "another C library (musl, as in Alpine)"],
])("%s on %s with glibc %s is refused, and the message says what it is", (platform, arch, glibc, words) => {
  expect(() => checkPlatform({ platform, arch, glibc })).toThrow(words);
});
