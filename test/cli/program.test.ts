import { expect, test, vi } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { readManifest } from "../../src/util/package.ts";
import { captureOutput } from "./capture.ts";

const printed = captureOutput();

test("help lists the commands with examples, on standard output", async () => {
  expect(await runProgram(["--help"])).toBe(0);
  expect(printed.out).toMatch(/amlc score <predictions> +Compute/);
  expect(printed.out).toContain("amlc train --config lora-r8-tiny.yaml");
  expect(printed.err).toBe("");
});

test.each(["", "demo", "train", "eval", "score", "config", "config show", "config schema", "config list"])(
  "amlc %s --help has examples and fits 100 columns",
  async (command) => {
    expect(await runProgram([...command.split(" ").filter(Boolean), "--help"])).toBe(0);
    expect(printed.out).toMatch(/^Examples:\n {2}amlc /m);
    expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  },
);

test("version and completion", async () => {
  for (const flag of ["--version", "-v"]) {
    printed.out = "";
    expect(await runProgram([flag])).toBe(0);
    expect(printed.out.trim()).toBe(readManifest().version);
  }
  expect(await runProgram(["completion"])).toBe(0);
  expect(printed.out).toContain("amlc --get-yargs-completions");
});

test.each([
  [[], "no command given", "see --help"],
  [["scroe"], 'unknown command "scroe"', "did you mean score?"],
  [["trian", "--config", "lora-r8-tiny"], 'unknown command "trian"', "did you mean train?"],
  [["config", "shwo"], 'unknown command "shwo"', "did you mean show?"],
  [["export", "onx", "--run", "first"], 'unknown command "onx"', "did you mean onnx?"],
  [["train", "-c", "lora-r8-tiny"], "unknown option -c", "see --help"],
  [["score", "p.csv", "--turth", "t.csv"], "Missing required argument: truth", "see --help"],
  [["score", "p.csv", "--truth", "t.csv", "--jsno"], "unknown option --jsno", "did you mean --json?"],
  [["score", "p.csv", "--truth", "a", "--truth", "b"], "--truth is given more than once", undefined],
  [["data", "sample", "t.csv", "-o", "o.csv", "--size", "many"], "--size many: wants a number", undefined],
  [["data", "sample", "t.csv", "-o", "o.csv", "--size=-"], "--size=-: wants a number", undefined],
  [["score", "p.csv", "--truth"], "--truth wants a value", "see --help"],
  [["config", "show", "--config", "lora-r8-tiny", "--set"], "Not enough arguments following: set", "see --help"],
  [["train", "mine.yaml"], 'unknown argument "mine.yaml"', "did you mean --config mine.yaml?"],
  [["train", "--train.lr=1"], "unknown option --train.lr", "did you mean --set train.lr=VALUE?"],
  [["train", "train.lr=1"], 'unknown argument "train.lr=1"', "did you mean --set train.lr=1?"],
  [["config", "show", "--config", "configs"], "there is no such file", "presets:"],
  [["config", "show", "--config", "nowhere.yaml"], "there is no such file", "presets:"],
])("amlc %j is bad input, with a hint", async (args, message, hint) => {
  expect(await runProgram(args)).toBe(2);
  expect(printed.err).toContain(message);
  if (hint !== undefined) expect(printed.err).toContain(`hint: ${hint}`);
  expect(printed.out).toBe("");
});

test("with --json an error is the one document on standard output too", async () => {
  expect(await runProgram(["config", "show", "--config", "lora-r8-tiny", "--set", "lora.rank=0", "--json"])).toBe(2);
  expect(JSON.parse(printed.out)).toEqual({
    error: { message: expect.stringContaining("lora.rank is 0"), hint: expect.any(String) },
  });
});

test("a fault of amlc shows its stack and leaves with a code of its own", async () => {
  vi.spyOn(process.stdout, "write").mockImplementationOnce(() => {
    throw new TypeError("broken inside");
  });
  expect(await runProgram(["config", "list"])).toBe(70);
  expect(printed.err).toMatch(/internal error: TypeError: broken inside\n +at /);
  expect(printed.err).toContain("please report");
});
