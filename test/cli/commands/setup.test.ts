import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { setupTensorflow } from "../../../src/recipes/setup-tensorflow.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

vi.mock(import("../../../src/recipes/setup-tensorflow.ts"), async (original) => ({
  ...(await original()),
  setupTensorflow: vi.fn(),
}));

const printed = captureOutput();
const cache = workFolder();
const report = { version: "2.21.0", cuda: true, gpus: ["NVIDIA H100"], binding: "/b.node", seconds: 75 };

beforeEach(() => {
  vi.stubEnv("AMLC_CACHE", cache);
  vi.mocked(setupTensorflow)
    .mockReset()
    .mockResolvedValue({ ...report, device: "gpu", present: false });
});

test("options reach the job, --version too, and its result is told in a sentence and the binding's path", async () => {
  const options = ["--gpu", "--index", "https://mirror.example/simple", "--version", "2.20.0"];
  expect(await runProgram(["setup", "tensorflow", ...options])).toBe(0);
  expect(vi.mocked(setupTensorflow).mock.calls[0]![0]).toMatchObject({
    ...{ gpu: true, index: "https://mirror.example/simple", version: "2.20.0" },
  });
  expect(printed.out).toBe("TensorFlow 2.21.0 is set up, in 1 min 15 s; it computes on: NVIDIA H100\n/b.node\n");
});

test("with --json the report is the one document on standard output; notes and progress go elsewhere", async () => {
  vi.mocked(setupTensorflow).mockImplementation(async ({ observer } = {}) => {
    observer?.note?.("fetching");
    observer?.fetched?.(1e6, 274e6);
    return { ...report, device: "cpu", present: true };
  });
  expect(await runProgram(["setup", "tensorflow", "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toEqual({ ...report, device: "cpu", present: true });
  expect(printed.err).toContain("fetching");
});

test("--uninstall removes what is there, and goes with no other option", async () => {
  mkdirSync(join(cache, "tensorflow"));
  writeFileSync(join(cache, "tensorflow", "current.json"), "{}");
  expect(await runProgram(["setup", "tensorflow", "--uninstall", "--gpu"])).toBe(2);
  expect(await runProgram(["setup", "tensorflow", "--uninstall"])).toBe(0);
  expect(await runProgram(["setup", "tensorflow", "--uninstall", "--json"])).toBe(0);
  expect(printed.out).toBe('removed\n{\n  "removed": false\n}\n');
  expect(setupTensorflow).not.toHaveBeenCalled();
});

test("a library that cannot be set up is named, and a value left out", async () => {
  expect(await runProgram(["setup"])).toBe(2);
  expect(await runProgram(["setup", "torch"])).toBe(2);
  expect(await runProgram(["setup", "tensorflow", "--version"])).toBe(2);
  expect(printed.err).toContain("--version wants a value");
});
