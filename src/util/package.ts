import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of this package, with package.json, configs/ and the shipped data; the same from src/ and from dist/. */
export const PACKAGE_ROOT = folderWithManifest(import.meta.dirname);

function folderWithManifest(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : folderWithManifest(dirname(folder));
}

export interface PackageManifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** This package's own package.json. */
export function readManifest(): PackageManifest {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8")) as PackageManifest;
}
