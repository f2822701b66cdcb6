import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { pipeline } from "node:stream/promises";
import { timestamp } from "../util/clock.ts";
import { InputError } from "../util/errors.ts";
import { readManifest } from "../util/package.ts";

export interface Machine {
  /** Of amlc, Node and the packages amlc stands on. */
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: string;
  readonly cpu: string;
  readonly memory_bytes: number;
}

/** What a run's numbers depend on beside its configuration. Holds no user, host or environment variable. */
export interface Environment extends Machine {
  readonly started: string;
  readonly seed: number;
  /** SHA-256 of each data file, by its name in the configuration. */
  readonly data: Readonly<Record<string, string>>;
  /** Some numbers of the base, by which it is known again. */
  readonly base: string;
  /** Commit of the repository around the working folder. */
  readonly git_commit: string | null;
}

/** Describes this machine, the installed versions and the data files of a run. */
export async function describeEnvironment({
  seed,
  data,
  base,
}: {
  seed: number;
  base: string;
  /** Path of each data file by its name in the configuration. */
  data: Readonly<Record<string, string>>;
}): Promise<Environment> {
  const checksums = await checksumFiles(data);
  return { started: timestamp(), ...describeMachine(), seed, data: checksums, base, git_commit: gitCommit() };
}

/** Versions, platform, processors and memory. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    versions: installedVersions(),
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`,
    memory_bytes: totalmem(),
  };
}

/** SHA-256 of files, under the names they are given. @throws InputError naming the file that cannot be read */
export async function checksumFiles(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const checksums = Object.entries(files).map(async ([name, file]) => [name, await checksumFile(file)] as const);
  return Object.fromEntries(await Promise.all(checksums));
}

async function checksumFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new InputError(`${file}: could not be read: ${reason}`, { hint: "check the path", cause });
  });
  return hash.digest("hex");
}

function installedVersions(): Record<string, string> {
  const { version, dependencies } = readManifest();
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string => {
    try {
      return (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      return dependencies[name]; // a package that hides its package.json: the version asked for
    }
  };
  const packages = Object.keys(dependencies).map((name) => [name, versionOf(name)] as const);
  return { amlc: version, node: process.versions.node, ...Object.fromEntries(packages) };
}

function gitCommit(): string | null {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { stdio: ["ignore", "pipe", "ignore"], timeout: 5000 })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
