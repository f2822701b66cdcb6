import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** A Chromium of this machine: that of CHROMIUM_PATH, or one on the path. */
export function findChromium(): string | undefined {
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
  const known = process.env.CHROMIUM_PATH;
  const paths = known ? [known] : folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find(canRun);
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How it is started: root has to do without its sandbox. */
export const chromiumOptions = (executablePath: string) => ({
  executablePath,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
