import { join, relative } from "node:path";
import { InputError } from "../util/errors.ts";
import type { Platform } from "./platform.ts";
import { LIBRARIES, type Python } from "./python.ts";
import { lastLines, runTool } from "./run-tool.ts";
import type { BindingSources } from "./tfjs-sources.ts";

/** A C++ compiler, as the words of a command line. */
export interface Compiler {
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** What AMLC_CXX says to have PyPI's ziglang whatever else there is. */
const ZIG = "ziglang";

/** Zig brings the headers of every glibc; this is the oldest that TensorFlow's wheels and Node 20 run on. */
const zigTarget = ({ arch }: Platform) => ["-target", `${arch}-linux-gnu.2.27`];

/** Zig by the path of its program; its cache goes to a folder that is removed afterwards. */
export function zigCompiler(program: string, platform: Platform, cache: string): Compiler {
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  return { command: [program, "c++", ...zigTarget(platform)], env };
}

/**
 * The compiler that AMLC_CXX or CXX names, else g++, clang++, or the ziglang of a Python; undefined when there is none.
 * @throws InputError when the one that is named does not run
 */
export async function findCompiler(
  platform: Platform,
  python: Python | undefined,
  cache: string,
  signal?: AbortSignal,
): Promise<Compiler | undefined> {
  const variable = ["AMLC_CXX", "CXX"].find((name) => process.env[name]?.trim());
  const named = variable && process.env[variable]!.trim();
  if (named && named !== ZIG) {
    const command = named.split(/\s+/);
    const { ok, fault } = await runTool([...command, "--version"], { signal });
    signal?.throwIfAborted();
    if (ok) return { command };
    throw new InputError(`the compiler "${named}" of ${variable} does not run (${fault})`, {
      hint: `unset ${variable} to have one found, or name another, as AMLC_CXX=g++; AMLC_CXX=${ZIG} takes the one of PyPI`,
    });
  }
  for (const program of named ? [] : ["g++", "clang++"]) {
    if ((await runTool([program, "--version"], { signal })).ok) return { command: [program] };
  }
  return python?.zig ? zigCompiler(python.zig, platform, cache) : undefined;
}

/**
 * Compiles the binding into `output`. Libraries of TensorFlow that lie in the output's own folder are found from there, so
 * that the folder can be moved. @throws InputError with the end of what the compiler said
 */
export async function compileBinding(
  { command, env }: Compiler,
  { binding, include }: BindingSources,
  tensorflow: string,
  output: string,
  signal?: AbortSignal,
): Promise<void> {
  const inside = relative(join(output, ".."), tensorflow);
  const libraries = inside.startsWith("..") ? tensorflow : `$ORIGIN/${inside}`;
  const result = await runTool(
    [
      ...command,
      ...["-shared", "-fPIC", "-O2", "-std=c++17", "-DNAPI_VERSION=8"],
      ...["-I", include, "-I", join(tensorflow, "include")],
      ...[join(binding, "tfjs_backend.cc"), join(binding, "tfjs_binding.cc"), "-o", output],
      ...LIBRARIES.map((name) => join(tensorflow, name)),
      `-Wl,-rpath,${libraries}`,
    ],
    { signal, seconds: 3600, ...(env && { env }) },
  );
  signal?.throwIfAborted();
  if (result.ok) return;
  throw new InputError(`${command.join(" ")}: the binding was not compiled (${result.fault}):\n${lastLines(result)}`, {
    hint: `it takes C++17 and its standard library; name another compiler with AMLC_CXX; AMLC_CXX=${ZIG} fetches one from PyPI`,
  });
}
