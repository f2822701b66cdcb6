import { InputError } from "../util/errors.ts";

/** A machine that TensorFlow's wheels can run on. */
export interface Platform {
  /** As wheels name the processor. */
  readonly arch: "x86_64" | "aarch64";
  /** Version of the C library that Node runs on, as `2.36`. */
  readonly glibc: string;
}

interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Undefined where the C library is another one. */
  readonly glibc: string | undefined;
}

const SYSTEMS: Readonly<Record<string, string>> = { darwin: "macOS", win32: "Windows" };
const ARCHITECTURES: Readonly<Record<string, Platform["arch"]>> = { x64: "x86_64", arm64: "aarch64" };
const OTHER_ENGINES = "train with another engine (docs/engines.md), or on Linux (on Windows, WSL is one)";

/** @throws InputError where no TensorFlow can be set up: it takes Linux with glibc, on x64 or arm64 */
export function checkPlatform({ platform, arch, glibc }: Machine = thisMachine()): Platform {
  const name = ARCHITECTURES[arch];
  if (platform !== "linux" || name === undefined) {
    const found = `${SYSTEMS[platform] ?? platform} on ${arch}`;
    throw new InputError(`TensorFlow can be set up on Linux x64 and arm64 only, and this is ${found}`, {
      hint: OTHER_ENGINES,
    });
  }
  if (glibc === undefined) {
    throw new InputError("TensorFlow wants glibc, and this Node runs on another C library (musl, as in Alpine)", {
      hint: "use an image with glibc, such as node:20-bookworm-slim, or train with another engine (docs/engines.md)",
    });
  }
  return { arch: name, glibc };
}

function thisMachine(): Machine {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}
