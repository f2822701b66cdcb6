import { existsSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SmokeFault, type SmokeResult, testBinding } from "../engine/tfjs/smoke.ts";
import { currentFile, findTensorflow, tensorflowHome, useTensorflow } from "../engine/tfjs/tensorflow-home.ts";
import { compileBinding, findCompiler } from "../setup/compiler.ts";
import { explainFileError, GO_ON, removeMade, SETTING_UP, tidyHome, UNHARMED } from "../setup/home.ts";
import { openHttp } from "../setup/http.ts";
import { forgetWheels, type WheelSource } from "../setup/install-wheel.ts";
import { configuredIndex } from "../setup/pip-config.ts";
import { checkPlatform, type Platform } from "../setup/platform.ts";
import { findPython, OLDEST_TENSORFLOW, type Python, unfit } from "../setup/python.ts";
import { parseIndex } from "../setup/python-index.ts";
import { type Build, installTensorflow, installZig } from "../setup/tensorflow.ts";
import { fetchSources } from "../setup/tfjs-sources.ts";
import { compareVersions, isRelease } from "../setup/versions.ts";
import { monotonicSeconds } from "../util/clock.ts";
import { InputError, InterruptedError } from "../util/errors.ts";
import { makeFolder } from "../util/files.ts";
import { type FolderLock, lockFolder } from "../util/folder-lock.ts";

export interface SetupObserver {
  note?(text: string): void;
  /** While a file is fetched: its bytes that are there, of all. */
  fetched?(done: number, total: number): void;
}

export interface SetupOptions {
  /** With NVIDIA's libraries, to compute on its GPUs. */
  readonly gpu?: boolean;
  /** Of TensorFlow; without it Python's own is taken if it serves, else a version that was tested. */
  readonly version?: string;
  /** Address of a Python index; without it that of pip's configuration. */
  readonly index?: string;
  readonly observer?: SetupObserver;
  readonly signal?: AbortSignal;
}

export interface SetupReport {
  /** Of TensorFlow. */
  readonly version: string;
  /** Whether it can use NVIDIA's GPUs. */
  readonly cuda: boolean;
  /** What it computes on here. */
  readonly device: "gpu" | "cpu";
  readonly gpus: readonly string[];
  /** Path of the compiled binding. */
  readonly binding: string;
  /** Whether it was there before. */
  readonly present: boolean;
  readonly seconds: number;
}

const DEFAULT_VERSION = "2.21.0";

/**
 * Makes TensorFlow's native library usable from Node: finds or fetches it, compiles tfjs-node's binding to it, tries both
 * in a process of their own, and only then puts them in use. Called again it tries what is there.
 * @throws InputError when something is missing or wrong, and leaves an earlier installation in use; InterruptedError
 */
export async function setupTensorflow(options: SetupOptions = {}): Promise<SetupReport> {
  const began = monotonicSeconds();
  const platform = checkPlatform();
  checkVersion(options.version);
  const home = tensorflowHome();
  using _lock = await openHome(home);
  try {
    return { ...(await setUp(options, home, platform)), seconds: monotonicSeconds() - began };
  } catch (error) {
    if (options.signal?.aborted) throw new InterruptedError(`${home}: stopped`, GO_ON);
    throw explainFileError(home, error);
  }
}

/** Makes the home this setup's own. @throws InputError */
async function openHome(home: string): Promise<FolderLock> {
  try {
    await makeFolder(home);
    return await lockFolder(home, SETTING_UP);
  } catch (error) {
    throw explainFileError(home, error);
  }
}

/** Removes all that was set up. @returns whether a file was there. @throws InputError while a setup is at work there */
export async function removeTensorflow(): Promise<boolean> {
  const home = tensorflowHome();
  if (!existsSync(home)) return false;
  const removed = await clear(home);
  await rmdir(home).catch(() => {}); // unless others have something there
  return removed;
}

async function clear(home: string): Promise<boolean> {
  using _lock = await lockFolder(home, SETTING_UP);
  try {
    return await removeMade(home);
  } catch (error) {
    throw explainFileError(home, error);
  }
}

function checkVersion(version: string | undefined): void {
  if (version === undefined) return;
  if (isRelease(version) && compareVersions(version, OLDEST_TENSORFLOW) >= 0) return;
  throw new InputError(`--version ${version}: wanted is a release from ${OLDEST_TENSORFLOW} on`, {
    hint: `leave it out for ${DEFAULT_VERSION}`,
  });
}

/** What is in use, or is to be. */
interface Installation extends Build {
  readonly binding: string;
}

type Result = Omit<SetupReport, "seconds">;

async function setUp(options: SetupOptions, home: string, platform: Platform): Promise<Result> {
  const { gpu = false, signal, observer } = options;
  const python = await findPython(signal);
  signal?.throwIfAborted();
  const own = usable(python, options);
  const build: Build = { version: own?.version ?? options.version ?? DEFAULT_VERSION, gpu };
  const folder = join(home, `${build.version}-${gpu ? "gpu" : "cpu"}`);
  const install: Installation = { ...build, binding: join(folder, "tfjs_binding.node") };
  const present = await tryPresent(options, install);
  if (present) return report(present, install, true, observer);

  const cache = join(home, "compiler-cache");
  const source = openSource(options, platform, join(home, "downloads"));
  await using _http = source.http;
  const found = await findCompiler(platform, python, cache, signal); // before anything is fetched
  if (own) observer?.note?.(`TensorFlow ${own.version} of Python is used: ${own.folder}`);
  const library = own?.folder ?? (await installTensorflow(source, build, folder));
  observer?.note?.("fetching the binding's C++ with npm");
  const sources = await fetchSources(join(home, "sources"), signal);
  const compiler = found ?? (await installZig(source, join(home, "ziglang"), cache));
  if (!found) observer?.note?.("Zig first compiles a C++ library of its own: some minutes");
  await makeFolder(folder);
  observer?.note?.(`compiling the binding with ${compiler.command.join(" ")}`);
  await compileBinding(compiler, sources, library, install.binding, signal);
  const result = await tryBinding(install.binding, folder, signal);
  await useTensorflow(home, install);
  await tidyHome(home, folder);
  return report(result, install, false, observer);
}

/** Python's own TensorFlow, unless it will not do; then the reason is told. */
function usable(python: Python | undefined, { version, gpu = false, observer }: SetupOptions) {
  const found = python?.tensorflow;
  const fault = found && unfit(found, { version, gpu });
  if (fault !== undefined) observer?.note?.(`TensorFlow ${found?.version} of Python is not used: it ${fault}`);
  return fault === undefined ? found : undefined;
}

/** What is in use already, if it is the one that is wanted and works. */
async function tryPresent({ observer, signal }: SetupOptions, wanted: Installation) {
  const found = await findUnbroken(observer);
  if (found?.binding !== wanted.binding) return undefined;
  try {
    return await testBinding(found.binding, signal);
  } catch (error) {
    if (!(error instanceof SmokeFault)) throw error;
    observer?.note?.(`TensorFlow ${wanted.version} is there and does not work: ${error.message}; it is set up anew`);
    await forgetWheels(dirname(wanted.binding));
    return undefined;
  }
}

/** A current.json that is broken names nothing; it goes, whatever it is, for a new one has to come there. */
async function findUnbroken(observer: SetupObserver | undefined) {
  try {
    return findTensorflow();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    observer?.note?.(`${error.message}; TensorFlow is set up anew`);
    await rm(currentFile(), { recursive: true, force: true });
    return undefined;
  }
}

function openSource(options: SetupOptions, platform: Platform, downloads: string): WheelSource {
  const { index: url, observer, signal } = options;
  const index = parseIndex(url === undefined ? configuredIndex() : { url, from: "--index" });
  return {
    ...{ http: openHttp(index, signal), index, platform, downloads, signal },
    note: (text) => observer?.note?.(text),
    fetched: (done, total) => observer?.fetched?.(done, total),
  };
}

/** @throws InputError when it does not work; what was unpacked is not used again */
async function tryBinding(binding: string, folder: string, signal?: AbortSignal): Promise<SmokeResult> {
  try {
    return await testBinding(binding, signal);
  } catch (error) {
    if (!(error instanceof SmokeFault)) throw error;
    await forgetWheels(folder);
    throw new InputError(`TensorFlow was set up and does not work: ${error.message}`, {
      hint: `try another version (--version) or compiler (AMLC_CXX=ziglang); ${UNHARMED}`,
      cause: error,
    });
  }
}

function report(result: SmokeResult, install: Installation, present: boolean, observer?: SetupObserver): Result {
  const { gpu: cuda, binding } = install;
  const device = result.usesGpu ? "gpu" : "cpu";
  if (cuda && device === "cpu") {
    const hasDriver = ["/proc/driver/nvidia/version", "/dev/dxg"].some((path) => existsSync(path)); // dxg: in WSL
    const reason = hasDriver ? "TensorFlow found none that it can use" : "no NVIDIA driver";
    observer?.note?.(`no GPU here (${reason}): the CPU is used until there is one`);
  }
  return { version: result.version, cuda, device, gpus: result.gpus, binding, present };
}
