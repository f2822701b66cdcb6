import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SmokeFault, testBinding } from "../../src/engine/tfjs/smoke.ts";
import { currentFile, findTensorflow } from "../../src/engine/tfjs/tensorflow-home.ts";
import { removeTensorflow, type SetupOptions, setupTensorflow } from "../../src/recipes/setup-tensorflow.ts";
import { SETTING_UP } from "../../src/setup/home.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import { lockFolder } from "../../src/util/folder-lock.ts";
import { ECHO_COMPILER, useTools, writeTool } from "../setup/fake-tools.ts";
import { makeZip, type OfferedFile, offer, type ZipEntry } from "../setup/make-wheel.ts";
import { type ImageServer, startImageServer } from "../support/image-server.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { workFolder } from "../support/work-folder.ts";

vi.mock(import("../../src/engine/tfjs/smoke.ts"), async (original) => ({
  ...(await original()),
  testBinding: vi.fn(),
}));

const work = workFolder();
const [tools, disk] = [join(work, "bin"), join(work, "disk")];
const hasSmallDisk = mountSmallDisk(disk);
let server: ImageServer;
let home: string;
let count = 0;

useTools(tools);
beforeEach(async () => {
  server = await startImageServer();
  useHome(join(work, `cache-${++count}`));
  writeTool(join(tools, "g++"), ECHO_COMPILER);
  vi.mocked(testBinding).mockReset().mockResolvedValue({ version: "2.21.0", usesGpu: false, gpus: [] });
});
afterEach(() => server[Symbol.asyncDispose]());

/** A home with the C++ in it, so that no npm is needed. */
function useHome(cache: string): void {
  vi.stubEnv("AMLC_CACHE", cache);
  home = join(cache, "tensorflow");
  mkdirSync(join(home, "sources", "tfjs-node@4.22.0", "binding"), { recursive: true });
  mkdirSync(join(home, "sources", "node-api-headers@1.9.0", "include"), { recursive: true });
  writeFileSync(join(home, "sources", "node-api-headers@1.9.0", "include", "node_api.h"), "");
}

const LIBRARY: readonly ZipEntry[] = [
  { path: "tensorflow/libtensorflow_cc.so.2", text: "cc" },
  { path: "tensorflow/libtensorflow_framework.so.2", text: "framework" },
  { path: "tensorflow/include/tensorflow/c/c_api.h", text: "api" },
  { path: "tensorflow/include/Eigen/Core.h", text: "unneeded" },
  { path: "tensorflow/python/tf.py", text: "unneeded" },
];
const CUDA = 'Requires-Dist: nvidia-cudnn-cu12<10,>=9.3; extra == "and-cuda"\n';
const ARCH = process.arch === "arm64" ? "aarch64" : "x86_64";
const CPU_PROJECT = ARCH === "aarch64" ? "tensorflow" : "tensorflow-cpu";

function wheel(
  project: string,
  version: string,
  more: readonly ZipEntry[] = [],
  tag = `manylinux_2_17_${ARCH}`,
): OfferedFile {
  const stem = `${project.replaceAll("-", "_")}-${version}`;
  const metadata = { path: `${stem}.dist-info/METADATA`, text: project === "tensorflow" ? CUDA : "" };
  const isTensorflow = project.startsWith("tensorflow");
  const bytes = makeZip([...(isTensorflow ? LIBRARY : []), metadata, ...more]);
  return { name: `${stem}-cp310-cp310-${tag}.whl`, bytes };
}

/** Sets up from an index with these wheels. @returns the report and what was noted */
async function setUp(files: readonly OfferedFile[], options: SetupOptions = {}, project = CPU_PROJECT) {
  const index = offer(server, project, files);
  const notes: string[] = [];
  const report = await setupTensorflow({ index, observer: { note: (text) => void notes.push(text) }, ...options });
  return { report, notes };
}

const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("no error"),
    (error: InputError) => error,
  );
const downloads = () => [...server.requests].filter(([path]) => path.startsWith("/files/")).length;
const onX64 = test.skipIf(ARCH !== "x86_64");

test("the wheel's library is unpacked without the rest, compiled to, tried and put in use", async () => {
  const larger = wheel(CPU_PROJECT, "2.21.0", [{ path: "tensorflow/python/more.py", text: "more" }]);
  const others = [wheel(CPU_PROJECT, "2.20.0"), wheel(CPU_PROJECT, "2.21.0", [], "win_amd64")];
  const named = { ...larger, name: larger.name.replaceAll("cp310", "cp311") };
  const { report } = await setUp([named, ...others, wheel(CPU_PROJECT, "2.21.0")]);
  const binding = join(home, "2.21.0-cpu", "tfjs_binding.node");
  expect(report).toMatchObject({ version: "2.21.0", cuda: false, device: "cpu", binding, present: false });
  expect(findTensorflow()).toEqual({ version: "2.21.0", gpu: false, binding, source: "amlc setup tensorflow" });
  const unpacked = readdirSync(join(home, "2.21.0-cpu", "tensorflow"), { recursive: true, encoding: "utf8" });
  expect(unpacked.filter((name) => statSync(join(home, "2.21.0-cpu", "tensorflow", name)).isFile()).sort()).toEqual([
    "include/tensorflow/c/c_api.h",
    "libtensorflow_cc.so.2",
    "libtensorflow_framework.so.2",
  ]);
  expect(readFileSync(binding, "utf8")).toContain(join(home, "2.21.0-cpu", "tensorflow", "include"));
  expect(readdirSync(home).sort()).toEqual(["2.21.0-cpu", "current.json", "sources"]);
  expect(server.requests.has(`/files/${named.name}`)).toBe(false);
});

test("a second call tries what is there and fetches nothing; one that does not work is set up anew", async () => {
  const files = [wheel(CPU_PROJECT, "2.21.0")];
  await setUp(files);
  const asked = server.requests.size;
  expect((await setUp(files)).report.present).toBe(true);
  expect(server.requests.size).toBe(asked);
  vi.mocked(testBinding).mockRejectedValueOnce(new SmokeFault("oh dear"));
  const { report, notes } = await setUp(files);
  expect(report.present).toBe(false);
  expect(notes[0]).toContain("is there and does not work: oh dear");
});

test.each(["{", "a folder"])("a current.json that is broken is told and mended: %s", async (text) => {
  const files = [wheel(CPU_PROJECT, "2.21.0")];
  await setUp(files);
  const fetched = downloads();
  rmSync(currentFile());
  if (text === "{") writeFileSync(currentFile(), text);
  else mkdirSync(currentFile());
  const { report, notes } = await setUp(files);
  expect(notes[0]).toMatch(/current\.json: .*; TensorFlow is set up anew$/);
  expect(report.present).toBe(false);
  expect(findTensorflow()?.binding).toBe(report.binding);
  expect(downloads()).toBe(fetched);
});

test("another version takes the place of the one before", async () => {
  const files = [wheel(CPU_PROJECT, "2.20.0"), wheel(CPU_PROJECT, "2.21.0")];
  await setUp(files, { version: "2.20.0" });
  await setUp(files);
  expect(findTensorflow()?.version).toBe("2.21.0");
  expect(existsSync(join(home, "2.20.0-cpu"))).toBe(false);
});

onX64(
  "with gpu the newest CUDA libraries that the wheel allows lie beside it, and a missing driver is told",
  async () => {
    const library = { path: "nvidia/cudnn/lib/libcudnn.so.9", text: "cudnn" };
    const versions = ["9.2.0", "9.3.1", "9.28.0", "10.1"].map((version) =>
      wheel("nvidia-cudnn-cu12", version, [library]),
    );
    offer(server, "nvidia-cudnn-cu12", versions);
    const { report, notes } = await setUp([wheel("tensorflow", "2.21.0")], { gpu: true }, "tensorflow");
    expect(report).toMatchObject({ cuda: true, device: "cpu" });
    expect(readFileSync(join(home, "2.21.0-gpu", library.path), "utf8")).toBe("cudnn");
    expect(notes.join("\n")).toContain("fetching nvidia_cudnn_cu12-9.28.0-");
    expect(notes.at(-1)).toContain("no GPU here");
  },
);

test("Python's TensorFlow is used where it lies, if it serves; else the reason is told", async () => {
  const site = join(work, "site", "tensorflow");
  mkdirSync(join(site, "include", "tensorflow", "c"), { recursive: true });
  for (const { path, text } of LIBRARY.slice(0, 3)) writeFileSync(join(work, "site", path), text!);
  const python = (version: string) =>
    writeTool(
      join(tools, "python3"),
      `echo '${JSON.stringify({ tensorflow: site, full: null, cpu: version, ziglang: null })}'`,
    );
  python("2.19.1");
  const { report } = await setUp([]);
  expect(readFileSync(report.binding, "utf8")).toContain(`-Wl,-rpath,${site}`);
  expect([findTensorflow()?.version, downloads()]).toEqual(["2.19.1", 0]);
  python("2.9.1");
  const { notes } = await setUp([wheel(CPU_PROJECT, "2.21.0")]);
  expect(notes[0]).toBe("TensorFlow 2.9.1 of Python is not used: it is older than 2.16.2");
  writeTool(join(tools, "python3"), "exit 1");
});

describe("an earlier installation stays in use, and the message says what to do, when", () => {
  const before = [wheel(CPU_PROJECT, "2.20.0")];
  let earlier: ReturnType<typeof findTensorflow>;
  beforeEach(async () => {
    await setUp(before, { version: "2.20.0" });
    earlier = findTensorflow();
  });
  afterEach(() => {
    expect(findTensorflow()).toEqual(earlier);
    expect(existsSync(join(home, "2.20.0-cpu", "tensorflow", "libtensorflow_cc.so.2"))).toBe(true);
  });

  test("the wheel's checksum is wrong", async () => {
    const error = await fault(setUp([{ ...wheel(CPU_PROJECT, "2.21.0"), sha256: "0".repeat(64) }]));
    expect(error.message).toContain("and the index says 0000");
  });

  test("the index cannot be reached, lacks the package or the version", async () => {
    const gone = await startImageServer();
    await gone[Symbol.asyncDispose]();
    const unreachable = await fault(setupTensorflow({ index: `http://${gone.host}/simple` }));
    expect(unreachable.message).toContain("the connection was refused");
    expect(unreachable.hint).toContain("--index");
    expect((await fault(setUp(before))).message).toContain(
      `has no wheel of ${CPU_PROJECT}==2.21.0 for Linux ${ARCH}; there is 2.20.0`,
    );
    const ofAnother = await fault(setUp([wheel("tensorflow-like", "2.21.0")]));
    expect(ofAnother.message).toContain(
      `has no wheel of ${CPU_PROJECT}==2.21.0 for Linux ${ARCH}; there is none at all`,
    );
    const other = await fault(setupTensorflow({ index: `http://${server.host}/other` }));
    expect(other.message).toBe(`${server.host}/other/: has no package ${CPU_PROJECT}`);
  });

  test("the version is too old, or none", async () => {
    for (const version of ["2.15.0", "2.21.0rc1", "newest"]) {
      expect((await fault(setUp([], { version }))).message).toContain("wanted is a release from 2.16.2 on");
    }
  });

  test("the C library here is older than the wheel's", async () => {
    const { message, hint } = await fault(setUp([wheel(CPU_PROJECT, "2.21.0", [], `manylinux_2_99_${ARCH}`)]));
    expect(message).toMatch(/wants glibc 2\.99, and this system has 2\.\d+$/);
    expect(hint).toContain("newer system");
  });

  test("there is no compiler, and the index has none either", async () => {
    writeTool(join(tools, "g++"), "exit 1");
    const { message, hint } = await fault(setUp([wheel(CPU_PROJECT, "2.21.0")]));
    expect(message).toContain("neither g++ nor clang++ is on PATH");
    expect(hint).toContain("install g++");
  });

  test("what was compiled does not work", async () => {
    vi.mocked(testBinding).mockRejectedValueOnce(new SmokeFault("this processor lacks AVX"));
    expect((await fault(setUp([wheel(CPU_PROJECT, "2.21.0")]))).message).toContain("lacks AVX");
  });

  test("another setup is at work", async () => {
    using _lock = await lockFolder(home, SETTING_UP);
    const error = await fault(setUp([wheel(CPU_PROJECT, "2.21.0")]));
    expect(error.message).toContain(`process ${process.pid} is setting up TensorFlow there`);
    expect((await fault(removeTensorflow())).message).toContain("is setting up TensorFlow");
  });
});

test("when the compiler fails, what was fetched serves the next call", async () => {
  writeTool(join(tools, "g++"), '[ "$1" = --version ] || { echo "no such header" >&2; exit 1; }');
  expect((await fault(setUp([wheel(CPU_PROJECT, "2.21.0")]))).message).toContain("no such header");
  writeTool(join(tools, "g++"), ECHO_COMPILER);
  const fetched = downloads();
  const next = await setUp([]);
  expect([next.report.version, downloads()]).toEqual(["2.21.0", fetched]);
});

test("interrupted while it fetches it says so, and the next call goes on there", async () => {
  const controller = new AbortController();
  const big = wheel(CPU_PROJECT, "2.21.0", [{ path: "tensorflow/more.py", text: "x".repeat(100_000) }]);
  const half = big.bytes.subarray(0, 50_000);
  const index = offer(server, CPU_PROJECT, [
    {
      ...big,
      behaviour: (response) => {
        response.writeHead(200, { "content-length": big.bytes.length });
        response.write(half);
      },
    },
  ]);
  const stopped = setupTensorflow({
    index,
    signal: controller.signal,
    observer: { fetched: () => controller.abort() },
  });
  expect(await fault(stopped)).toBeInstanceOf(InterruptedError);
  const first: number[] = [];
  await setUp([big], { observer: { fetched: (done) => void first.push(done) } });
  expect(first[0]).toBeGreaterThan(half.length);
});

test.skipIf(!hasSmallDisk)(
  "a disk that is full before a wheel is fetched or unpacked is told; then less fits",
  async () => {
    useHome(disk);
    for (const length of [2_500_000, 1_200_000]) {
      const header = { path: "tensorflow/include/tensorflow/c/big.h", text: "x".repeat(length) };
      const error = await fault(setUp([wheel(CPU_PROJECT, "2.21.0", [header])]));
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toContain("ENOSPC");
      expect(error.hint).toContain("make room on that disk");
      expect(findTensorflow()).toBeUndefined();
      await removeTensorflow();
      useHome(disk);
    }
    expect((await setUp([wheel(CPU_PROJECT, "2.21.0")])).report.version).toBe("2.21.0");
  },
);

describe("a cache that cannot be written to is told with AMLC_CACHE, when", () => {
  const expectHint = async () => {
    const error = await fault(setUp([wheel(CPU_PROJECT, "2.21.0")]));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(`${home}: could not be written to`);
    expect(error.hint).toContain("AMLC_CACHE");
  };

  test("the home cannot be made", async () => {
    const file = join(work, "file");
    writeFileSync(file, "");
    vi.stubEnv("AMLC_CACHE", file);
    home = join(file, "tensorflow");
    await expectHint();
  });

  test("the home is there and takes no lock", async () => {
    vi.stubEnv("AMLC_CACHE", join(work, "fixed"));
    home = join(work, "fixed", "tensorflow");
    mkdirSync(join(work, "fixed"));
    symlinkSync("/proc/self/fd", home); // a folder that takes no file, not even from root
    await expectHint();
  });
});

test("what lies in the home and is not of a setup stays, for AMLC_CACHE may name any folder", async () => {
  const mine = join(home, "core", "kernels.cc");
  mkdirSync(join(home, "core"));
  writeFileSync(mine, "mine");
  expect(await removeTensorflow()).toBe(true); // the sources
  expect(await removeTensorflow()).toBe(false);
  useHome(join(home, ".."));
  await setUp([wheel(CPU_PROJECT, "2.21.0")]);
  expect(readFileSync(mine, "utf8")).toBe("mine");
  await removeTensorflow();
  expect(readdirSync(home)).toEqual(["core"]);
});

test("what was set up can be removed, once", async () => {
  await setUp([wheel(CPU_PROJECT, "2.21.0")]);
  expect(await removeTensorflow()).toBe(true);
  expect(existsSync(home)).toBe(false);
  expect(await removeTensorflow()).toBe(false);
});

test("empty folders, as a setup without a network leaves them, go and are nothing that was set up", async () => {
  rmSync(join(home, "sources"), { recursive: true });
  mkdirSync(join(home, "2.21.0-cpu", "wheels"), { recursive: true });
  mkdirSync(join(home, "downloads"));
  expect(await removeTensorflow()).toBe(false);
  expect(existsSync(home)).toBe(false);
});
