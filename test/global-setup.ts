import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Tests of the command line start the program as a user does: they must find the code as it is now. */
export function setup(): void {
  const programs = [
    [join("node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json", "--noCheck"],
    [join("src", "cli", "pack-libraries.mjs")],
    [join("src", "web", "page", "build.mjs"), "--noCheck"],
  ];
  for (const program of programs) execFileSync(process.execPath, program, { cwd: ROOT, stdio: "inherit" });
}
