import { afterEach, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import * as engines from "../../../src/engine/survey.ts";
import { captureOutput } from "../capture.ts";

vi.mock(import("../../../src/engine/survey.ts"), { spy: true });
const printed = captureOutput();
afterEach(() => vi.mocked(engines.survey).mockReset());

test("prints the machine, the engine with its device and settings, and each op's error", async () => {
  expect(await runProgram(["doctor", "--engine", "ort cpu"])).toBe(0);
  expect(printed.out).toMatch(/^amlc \S+, Node \S+/);
  expect(printed.out).toMatch(
    /^ort cpu {2,}yes {2,}CPU, onnxruntime \S+ .* (\d+) of \1 right .*engine\.providers=\[cpu\]$/m,
  );
  expect(printed.out).toMatch(/^matmul +\d\.\de-\d+$/m);
  expect(printed.err).toBe("looking at ort cpu\n");
});

test("--json prints one document", async () => {
  expect(await runProgram(["doctor", "--engine", "ort cpu", "--engine", "tfjs wasm", "--json"])).toBe(0);
  const { machine, engines: found, healthy } = JSON.parse(printed.out);
  expect(machine.versions.node).toBe(process.versions.node);
  expect(found.map(({ name, ready }: engines.Survey) => [name, ready])).toEqual([
    ["ort cpu", true],
    ["tfjs wasm", true],
  ]);
  expect(healthy).toBe(true);
});

test("an engine that is missing is no illness; what to do stands below", async () => {
  vi.mocked(engines.survey).mockImplementation(async (candidate) => ({
    ...{ ...candidate, device: "CPU, 1", speed: null, checks: [] },
    ...(candidate.name === "ort cpu"
      ? { ready: true, problem: null, remedy: null }
      : { ready: false, problem: "no driver", remedy: "install the driver" }),
  }));
  expect(await runProgram(["doctor"])).toBe(0);
  expect(printed.out).toContain("\ntfjs tensorflow: no driver\n  install the driver\n");
});

test("where no engine is ready nothing is said to be wrong, and the exit code is 1", async () => {
  vi.mocked(engines.survey).mockImplementation(async (candidate) => ({
    ...{ ...candidate, ready: false, device: null, speed: null, checks: [] },
    ...{ problem: "no driver", remedy: "install the driver" },
  }));
  expect(await runProgram(["doctor", "--engine", "tfjs tensorflow"])).toBe(1);
  expect(printed.out).toContain("install the driver");
  expect(printed.err).toMatch(/error: none of these engines is ready\nhint: what to do stands with each/);
  expect(printed.err).not.toContain("wrong");
});

test("an op that is wrong is shown, and the exit code is 1", async () => {
  const wrong = { op: "exp", sample: "a matrix", error: 0.5, tolerance: 1e-6, failure: null, passed: false };
  vi.mocked(engines.survey).mockImplementation(async (candidate) => ({
    ...{ ...candidate, ready: true, device: "CPU, 1", speed: null, checks: [wrong], problem: null, remedy: null },
  }));
  expect(await runProgram(["doctor", "--engine", "tfjs cpu"])).toBe(1);
  expect(printed.out).toMatch(/^exp +WRONG 5\.0e-1$/m);
  expect(printed.err).toContain("an engine computes something wrong");
});

test("a word of a name stands for all that have it", async () => {
  vi.mocked(engines.survey).mockImplementation(async (candidate) => ({
    ...{ ...candidate, ready: true, device: "CPU, 1", speed: null, checks: [], problem: null, remedy: null },
  }));
  expect(await runProgram(["doctor", "--engine", "tfjs", "--json"])).toBe(0);
  expect(JSON.parse(printed.out).engines.map(({ name }: engines.Survey) => name)).toEqual([
    "tfjs tensorflow",
    "tfjs wasm",
    "tfjs cpu",
  ]);
});

test("an engine that nobody knows is refused with those that are known", async () => {
  expect(await runProgram(["doctor", "--engine", "torch"])).toBe(2);
  expect(printed.err).toMatch(/there is no engine "torch" on this platform\nhint: there are ort cpu, .*tfjs wasm/);
});
