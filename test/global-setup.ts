import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Tests of the command line start the program as a user does: they must find the code as it is now. */
export function setup(): void {
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  for (const program of [[tsc, "-p", "tsconfig.build.json"], [join("src", "web", "page", "build.mjs")]])
    execFileSync(process.execPath, [...program, "--noCheck"], { cwd: ROOT, stdio: "inherit" });
}
