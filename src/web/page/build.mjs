/*
 * Makes of this folder what the browser is given, in `dist/web/page`: TypeScript without its types, and one sheet of
 * styles, uPlot's before ours. `--noCheck` leaves out the check of the types.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const options = ["-p", join(import.meta.dirname, "tsconfig.json"), ...process.argv.slice(2)];
execFileSync(process.execPath, [tsc, ...options], { stdio: "inherit" });

const sheets = [
  createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"),
  join(import.meta.dirname, "style.css"),
];
const style = sheets.map((sheet) => readFileSync(sheet, "utf8")).join("\n");
writeFileSync(join(root, "dist", "web", "page", "style.css"), style);
