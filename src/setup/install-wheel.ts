import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../util/errors.ts";
import { makeFolder } from "../util/files.ts";
import type { Requirement } from "./cuda.ts";
import type { HttpClient } from "./http.ts";
import type { Platform } from "./platform.ts";
import { fetchFile, type IndexFile, listFiles } from "./python-index.ts";
import { compareVersions, isInRange, isRelease } from "./versions.ts";
import { unpackWheel, type Wanted } from "./wheel.ts";
import { neededGlibc, normalizeName, parseWheelName } from "./wheel-name.ts";

/** Where wheels come from, and where they go while they are fetched. */
export interface WheelSource {
  readonly http: HttpClient;
  readonly index: URL;
  readonly platform: Platform;
  readonly downloads: string;
  note(text: string): void;
  fetched(done: number, total: number): void;
  readonly signal: AbortSignal | undefined;
}

/** A wheel that an index offers for a platform. */
export interface Wheel extends IndexFile {
  readonly version: string;
  /** The oldest glibc that it runs on. */
  readonly glibc: string;
}

/**
 * The newest release that a requirement allows and that runs here. Which Python a wheel is for does not matter, for only its
 * C libraries are used: of several the smallest. @throws InputError when there is none
 */
export async function findWheel({ http, index, platform }: WheelSource, wanted: Requirement): Promise<Wheel> {
  const { project, range } = wanted;
  const wheels = (await listFiles(http, index, project)).flatMap((file) => toWheel(file, project, platform));
  const accepted = wheels.filter(({ version }) => isInRange(version, range));
  if (accepted.length === 0) {
    const versions = [...new Set(wheels.map(({ version }) => version))].sort(compareVersions).slice(-8).join(", ");
    const place = `${index.host}${index.pathname}`;
    const found = versions === "" ? "none at all" : versions;
    throw new InputError(`${place}: has no wheel of ${project}${range} for Linux ${platform.arch}; there is ${found}`, {
      hint: "choose one of these with --version, or another index with --index",
    });
  }
  const usable = accepted.filter(({ glibc }) => compareVersions(glibc, platform.glibc) <= 0);
  if (usable.length === 0) {
    const [{ name, glibc }] = accepted;
    throw new InputError(`${name} wants glibc ${glibc}, and this system has ${platform.glibc}`, {
      hint: "use a newer system or container, such as node:20-bookworm-slim, or an older TensorFlow with --version",
    });
  }
  const rank = (a: Wheel, b: Wheel) =>
    Number(a.yanked) - Number(b.yanked) ||
    compareVersions(b.version, a.version) ||
    (a.size ?? Number.MAX_SAFE_INTEGER) - (b.size ?? Number.MAX_SAFE_INTEGER);
  return usable.sort(rank)[0];
}

/** None when the file is no wheel, or one for another system, or of another project: a page may list any. */
function toWheel(file: IndexFile, project: string, { arch }: Platform): readonly Wheel[] {
  const name = parseWheelName(file.name);
  const glibc = name && neededGlibc(name, arch);
  if (name?.project !== normalizeName(project) || glibc === undefined || !isRelease(name.version)) return [];
  return [{ ...file, version: name.version, glibc }];
}

/** Marks in an installation's folder: a file for each wheel of which all that is wanted lies there. */
const marksOf = (folder: string) => join(folder, "wheels");

/** Has every wheel unpacked anew. */
export const forgetWheels = (folder: string): Promise<void> => rm(marksOf(folder), { recursive: true, force: true });

/** Fetches a wheel and unpacks the wanted files into a folder, if that was not done before. @throws InputError */
export async function installWheel(source: WheelSource, wheel: Wheel, folder: string, wanted: Wanted): Promise<void> {
  const { http, downloads, note, fetched, signal } = source;
  const mark = join(marksOf(folder), wheel.name);
  if (existsSync(mark)) return;
  await makeFolder(downloads);
  await makeFolder(marksOf(folder));
  note(`fetching ${wheel.name}${wheel.size === null ? "" : ` (${Math.ceil(wheel.size / 1e6)} MB)`}`);
  const path = await fetchFile(http, wheel, downloads, fetched);
  note(`unpacking ${wheel.name}`);
  await unpackWheel(path, folder, wanted, signal);
  await writeFile(mark, "");
  await rm(path);
}
