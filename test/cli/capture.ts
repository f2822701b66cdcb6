import { afterEach, beforeEach, vi } from "vitest";

/** What each test of a file prints, kept off the console. */
export function captureOutput(): { out: string; err: string } {
  const printed = { out: "", err: "" };
  const into = (key: "out" | "err") => (text: string | Uint8Array) => {
    printed[key] += text;
    return true;
  };
  beforeEach(() => {
    Object.assign(printed, { out: "", err: "" });
    vi.spyOn(process.stdout, "write").mockImplementation(into("out"));
    vi.spyOn(process.stderr, "write").mockImplementation(into("err"));
  });
  afterEach(() => void vi.restoreAllMocks());
  return printed;
}
