import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

/** Writes a shell script that can be run. @returns its path */
export function writeTool(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** For each test of a file: no compiler, no Python and no npm but those in a folder, and no settings of the user's. */
export function useTools(folder: string): void {
  beforeEach(() => {
    vi.stubEnv("PATH", folder);
    for (const name of ["AMLC_CXX", "CXX", "AMLC_PYTHON", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"]) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) vi.stubEnv(name, undefined);
    vi.stubEnv("PIP_CONFIG_FILE", "/dev/null");
  });
  afterEach(() => void vi.unstubAllEnvs());
}

/** A compiler that writes its arguments to the file that it is to make, one a line. */
export const ECHO_COMPILER = `[ "$1" = --version ] && exit 0
for word in "$@"; do [ "$before" = -o ] && output=$word; before=$word; done
printf '%s\\n' "$@" > "$output"`;
