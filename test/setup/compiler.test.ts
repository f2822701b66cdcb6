import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { compileBinding, findCompiler } from "../../src/setup/compiler.ts";
import type { Platform } from "../../src/setup/platform.ts";
import { workFolder } from "../support/work-folder.ts";
import { ECHO_COMPILER, useTools, writeTool } from "./fake-tools.ts";

const folder = workFolder();
const tools = join(folder, "bin");
const platform: Platform = { arch: "x86_64", glibc: "2.36" };
const zigPython = { program: "python3", tensorflow: undefined, zig: "/site-packages/ziglang/zig" };
const find = (python: typeof zigPython | undefined) => findCompiler(platform, python, join(folder, "cache"));

useTools(tools);

describe("the compiler", () => {
  test("is the one that AMLC_CXX names, else that of CXX, with its options", async () => {
    const mine = writeTool(join(folder, "my-c++"), "exit 0");
    vi.stubEnv("CXX", `${mine} --quick`);
    expect(await find(undefined)).toEqual({ command: [mine, "--quick"] });
    vi.stubEnv("AMLC_CXX", mine);
    expect(await find(undefined)).toEqual({ command: [mine] });
  });

  test("that is named and does not run is a fault, be there others or not", async () => {
    vi.stubEnv("AMLC_CXX", "no-such-compiler");
    await expect(find(zigPython)).rejects.toThrow('the compiler "no-such-compiler" of AMLC_CXX does not run (ENOENT)');
  });

  test("is Python's ziglang where there is no other, for a C library that TensorFlow's wheels run on", async () => {
    expect(await find(undefined)).toBeUndefined();
    expect((await find(zigPython))?.command.join(" ")).toBe(
      "/site-packages/ziglang/zig c++ -target x86_64-linux-gnu.2.27",
    );
    writeTool(join(tools, "clang++"), "exit 0");
    expect(await find(zigPython)).toEqual({ command: ["clang++"] });
    writeTool(join(tools, "g++"), "exit 0");
    expect(await find(zigPython)).toEqual({ command: ["g++"] });
    vi.stubEnv("AMLC_CXX", "ziglang");
    expect((await find(zigPython))?.command).toContain(zigPython.zig);
  });
});

describe("compiling", () => {
  const sources = { binding: "/src/binding", include: "/src/include" };

  test("looks for a library in its own folder from there, for one of Python at its place", async () => {
    const compiler = { command: [writeTool(join(folder, "echo-c++"), ECHO_COMPILER)] };
    const output = join(folder, "tfjs_binding.node");
    await compileBinding(compiler, sources, join(folder, "tensorflow"), output);
    expect(readFileSync(output, "utf8")).toContain("\n-Wl,-rpath,$ORIGIN/tensorflow\n");
    await compileBinding(compiler, sources, "/site-packages/tensorflow", output);
    const words = readFileSync(output, "utf8").split("\n");
    expect(words).toContain("-Wl,-rpath,/site-packages/tensorflow");
    expect(words).toEqual(
      expect.arrayContaining(["/site-packages/tensorflow/include", "/src/binding/tfjs_backend.cc"]),
    );
  });

  test("that fails is told by the end of what the compiler said", async () => {
    const script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do echo line $i >&2; done; exit 3";
    const compiler = { command: [writeTool(join(folder, "bad-c++"), script)] };
    const error = await compileBinding(compiler, sources, "/tf", join(folder, "x.node")).catch((cause) => cause);
    expect(error).toMatchObject({ name: "InputError", hint: expect.stringContaining("AMLC_CXX") });
    expect(error.message).toMatch(/was not compiled \(3\):\nline 2\n(.+\n)+line 16$/);
  });
});
