/*
 * Makes of libraries.ts and what it stands on one file, `dist/cli/libraries.js`, when the compiler has written it.
 *
 * All measure the width of text with `string-width`, in four versions. They are given the plainest one: the newest makes
 * itself a table of all emoji, which takes a third of the time that the whole file needs.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";

const input = join(import.meta.dirname, "libraries.ts");
const output = join(import.meta.dirname, "..", "..", "dist", "cli", "libraries.js");

const alias = { "string-width": createRequire(import.meta.resolve("table")).resolve("string-width") };
const bundle = await rolldown({ input, platform: "node", resolve: { alias } });
await bundle.write({ file: output, minify: true });
