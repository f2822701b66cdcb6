import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { findPython, unfit } from "../../src/setup/python.ts";
import { workFolder } from "../support/work-folder.ts";
import { useTools, writeTool } from "./fake-tools.ts";

const folder = workFolder();
const tools = join(folder, "bin");
const site = join(folder, "site-packages");
const library = join(site, "tensorflow");

const path = process.env.PATH!;
const python = path.split(delimiter).map((each) => join(each, "python3")).find(existsSync); // biome-ignore format: one line

useTools(tools);

beforeAll(() => {
  mkdirSync(join(library, "include", "tensorflow", "c"), { recursive: true });
  for (const name of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2", "include/tensorflow/c/c_api.h"]) {
    writeFileSync(join(library, name), "");
  }
});

const answers = (found: object) => `echo '${JSON.stringify(found)}'`;

test("without a Python there is none, and one that AMLC_PYTHON names must run", async () => {
  expect(await findPython()).toBeUndefined();
  vi.stubEnv("AMLC_PYTHON", "no-such-python");
  await expect(findPython()).rejects.toThrow('the Python "no-such-python" of AMLC_PYTHON does not run');
});

test("a Python says what it has; for CUDA its libraries must lie beside TensorFlow", async () => {
  writeTool(join(tools, "python3"), "exit 1");
  writeTool(join(tools, "python"), answers({ tensorflow: library, full: "2.18.0", cpu: null, ziglang: null }));
  const expected = {
    program: "python",
    zig: undefined,
    tensorflow: { folder: library, version: "2.18.0", gpu: false },
  };
  expect(await findPython()).toEqual(expected);
  mkdirSync(join(site, "nvidia", "cudnn"), { recursive: true });
  expect((await findPython())?.tensorflow?.gpu).toBe(true);
  const mine = writeTool(join(folder, "mine"), answers({ tensorflow: null, full: null, cpu: null, ziglang: "/none" }));
  vi.stubEnv("AMLC_PYTHON", mine);
  expect(await findPython()).toEqual({ program: mine, zig: undefined, tensorflow: undefined });
  const zig = writeTool(join(site, "ziglang", "zig"), "");
  writeTool(mine, answers({ tensorflow: null, full: null, cpu: null, ziglang: join(site, "ziglang") }));
  expect((await findPython())?.zig).toBe(zig);
});

test("words around the answer are passed over; a Python without an answer is none, and a fault when it is named", async () => {
  const found = { tensorflow: null, full: null, cpu: null, ziglang: null };
  writeTool(join(tools, "python3"), "echo hello");
  writeTool(join(tools, "python"), `echo '[site] hello'; ${answers(found)}; echo bye`);
  expect((await findPython())?.program).toBe("python");
  const mine = writeTool(join(folder, "mute"), `echo '{"tensorflow": 1}'`);
  vi.stubEnv("AMLC_PYTHON", mine);
  await expect(findPython()).rejects.toThrow(`the Python "${mine}" of AMLC_PYTHON does not answer as a Python does`);
});

test("nothing of the working folder is run, or taken for a package", async ({ skip }) => {
  if (!python) return skip("no python3 here");
  const folderOfOthers = join(folder, "theirs");
  mkdirSync(join(folderOfOthers, "tensorflow"), { recursive: true });
  writeFileSync(join(folderOfOthers, "json.py"), "raise SystemExit('run')");
  writeFileSync(join(folderOfOthers, "ziglang.py"), "");
  const there = writeTool(join(folder, "there"), `cd '${folderOfOthers}' && exec '${python}' "$@"`);
  vi.stubEnv("PATH", path);
  vi.stubEnv("AMLC_PYTHON", there);
  expect(await findPython()).toMatchObject({ program: there, zig: undefined });
});

test("a TensorFlow serves when it is new enough, as wanted and whole", () => {
  const found = { folder: library, version: "2.18.0", gpu: false };
  expect(unfit(found, { gpu: false })).toBeUndefined();
  expect(unfit({ ...found, version: "2.9.1" }, { gpu: false })).toBe("is older than 2.16.2");
  expect(unfit(found, { version: "2.21.0", gpu: false })).toBe("is not 2.21.0");
  expect(unfit(found, { gpu: true })).toBe("has no CUDA libraries beside it");
  expect(unfit({ ...found, folder: site }, { gpu: false })).toBe("lacks libtensorflow_cc.so.2");
});
