/*
 * Makes of this folder what the browser is given, in `dist/web/page`: TypeScript without its types, and one sheet of
 * styles, uPlot's before ours. `--noCheck` leaves out the check of the types.
 *
 * There is no bundle. `main.js` names all modules, so that the browser asks for them at once and not for those of the
 * next level when it has read one: four levels deep, that took most of the time to the first picture.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const out = join(root, "dist", "web", "page");

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const options = ["-p", join(import.meta.dirname, "tsconfig.json"), ...process.argv.slice(2)];
execFileSync(process.execPath, [tsc, ...options], { stdio: "inherit" });

const main = join(out, "main.js");
const sources = readdirSync(import.meta.dirname).filter((name) => /\.tsx?$/.test(name) && name !== "main.tsx");
const others = sources.map((name) => name.replace(/\.tsx?$/, ".js"));
const modules = ["preact", "preact/hooks", "preact/jsx-runtime", ...others.map((name) => `./${name}`), "uplot"];
const program = readFileSync(main, "utf8");
writeFileSync(main, `${program}\n${modules.map((name) => `import "${name}";`).join("\n")}\n`);

const sheets = [
  createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"),
  join(import.meta.dirname, "style.css"),
];
const style = sheets.map((sheet) => readFileSync(sheet, "utf8")).join("\n");
writeFileSync(join(out, "style.css"), style);
