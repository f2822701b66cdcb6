import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of this package, with package.json, configs/ and the shipped data; the same from src/ and from dist/. */
export const PACKAGE_ROOT = join(import.meta.dirname, "..", "..");

export interface PackageManifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** This package's own package.json. */
export function readManifest(): PackageManifest {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8")) as PackageManifest;
}
