import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { currentFile, findTensorflow, tensorflowHome } from "../../../src/engine/tfjs/tensorflow-home.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const write = (path: string, text = "") => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const hintOfSetup = expect.objectContaining({ hint: expect.stringContaining("run: amlc setup tensorflow") });
afterEach(() => vi.unstubAllEnvs());

test("the home is in AMLC_CACHE, else XDG_CACHE_HOME, else ~/.cache", () => {
  vi.stubEnv("AMLC_CACHE", undefined);
  vi.stubEnv("XDG_CACHE_HOME", undefined);
  expect(tensorflowHome()).toBe(join(homedir(), ".cache", "amlc", "tensorflow"));
  vi.stubEnv("AMLC_CACHE", "");
  vi.stubEnv("XDG_CACHE_HOME", "");
  expect(tensorflowHome()).toBe(join(homedir(), ".cache", "amlc", "tensorflow"));
  vi.stubEnv("XDG_CACHE_HOME", "/caches");
  expect(tensorflowHome()).toBe("/caches/amlc/tensorflow");
  vi.stubEnv("AMLC_CACHE", "/mine");
  expect(tensorflowHome()).toBe("/mine/tensorflow");
});

describe("what is in use", () => {
  let home: string;
  beforeEach(({ task }) => {
    vi.stubEnv("AMLC_CACHE", join(folder, task.id));
    home = tensorflowHome();
  });

  test("is what current.json names", () => {
    write(join(home, "2.21.0-cpu", "tfjs_binding.node"));
    write(currentFile(), '{"version":"2.21.0","gpu":false,"binding":"2.21.0-cpu/tfjs_binding.node"}');
    const binding = join(home, "2.21.0-cpu", "tfjs_binding.node");
    expect(findTensorflow()).toEqual({ version: "2.21.0", gpu: false, binding, source: "amlc setup tensorflow" });
  });

  test("is nothing where that is gone, or nothing was set up", () => {
    expect(findTensorflow()).toBeUndefined();
    write(currentFile(), '{"version":"2.21.0","gpu":false,"binding":"2.21.0-cpu/tfjs_binding.node"}');
    expect(findTensorflow()).toBeUndefined();
  });

  test.each(["{", '{"version":"2.21.0"}'])("is not guessed from a broken current.json: %s", (text) => {
    write(currentFile(), text);
    expect(() => findTensorflow()).toThrow(currentFile());
    expect(() => findTensorflow()).toThrow(hintOfSetup);
  });

  test("is not guessed from a current.json that cannot be read", () => {
    mkdirSync(currentFile(), { recursive: true });
    expect(() => findTensorflow()).toThrow(`${currentFile()}: cannot be read`);
    expect(() => findTensorflow()).toThrow(hintOfSetup);
  });

  test("is tfjs-node of the working folder where its own install script succeeded", () => {
    const project = join(folder, "project");
    const stock = join(project, "node_modules", "@tensorflow", "tfjs-node-gpu");
    write(join(stock, "package.json"), "{}");
    vi.spyOn(process, "cwd").mockReturnValue(project);
    expect(findTensorflow()).toBeUndefined(); // JavaScript alone
    const binding = join(stock, "lib", "napi-v8", "tfjs_binding.node");
    write(binding);
    expect(findTensorflow()).toEqual({ version: null, gpu: true, binding, source: "@tensorflow/tfjs-node-gpu" });
    vi.restoreAllMocks();
  });
});
