import type { Platform } from "./platform.ts";
import { compareVersions } from "./versions.ts";

/** What the name of a wheel says. */
export interface WheelName {
  /** Of the project, in PyPI's spelling: small letters and hyphens. */
  readonly project: string;
  readonly version: string;
  /** As `manylinux_2_17_x86_64`. */
  readonly platforms: readonly string[];
}

/** A project's name as indexes spell it (PEP 503). */
export const normalizeName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

/** Undefined when the file is no wheel. */
export function parseWheelName(file: string): WheelName | undefined {
  const parts = /^[\w.+-]+\.whl$/.test(file) ? file.slice(0, -".whl".length).split("-") : [];
  if (parts.length !== 5 && parts.length !== 6) return undefined;
  return { project: normalizeName(parts[0]), version: parts[1], platforms: parts.at(-1)!.split(".") };
}

/** Names that older wheels have for the glibc they were built for. */
const LEGACY: Readonly<Record<string, string>> = { manylinux1: "2.5", manylinux2010: "2.12", manylinux2014: "2.17" };

/** The oldest glibc that a wheel runs on; undefined when it is for another system or processor. */
export function neededGlibc({ platforms }: WheelName, arch: Platform["arch"]): string | undefined {
  const versions = platforms.flatMap((tag) => {
    if (!tag.endsWith(`_${arch}`)) return [];
    const name = tag.slice(0, -arch.length - 1);
    const numbers = /^manylinux_(\d+)_(\d+)$/.exec(name);
    return numbers ? [`${numbers[1]}.${numbers[2]}`] : (LEGACY[name] ?? []);
  });
  return versions.sort(compareVersions)[0];
}
