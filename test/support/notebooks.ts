import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../docs/documents.ts";

export interface Cell {
  readonly cell_type: "markdown" | "code";
  readonly source: readonly string[];
  readonly outputs?: readonly unknown[];
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
}

/** What a cell showed: texts it printed, and the media types of pictures and pages. */
export type Outputs = readonly string[];

/**
 * Runs the code cells of a notebook in order, until one fails, in a folder of {@link notebookFolder}; temporary files go
 * into the folder around it. @returns what each cell showed
 * @throws Error naming the notebook, the number of the cell that fails, counted among all cells, and what it says
 */
export type RunNotebook = (name: string, notebook: Pick<Notebook, "cells">, folder: string) => readonly Outputs[];

/** Makes in `clone` what a notebook sees of a clone, with the package `tslab` from elsewhere. @returns its folder */
export function notebookFolder(clone: string, tslab: string): string {
  const folder = join(clone, "notebooks");
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const name of ["data", "checkpoints", "node_modules"]) link(join(ROOT, name), join(clone, name));
  link(ROOT, join(folder, "node_modules", "amlc"));
  link(tslab, join(folder, "node_modules", "tslab"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

const link = (target: string, path: string) => symlinkSync(target, path, "junction");

/** Where `npm install --prefix notebooks` puts the kernel. */
export const TSLAB = join(ROOT, "notebooks", "node_modules", "tslab");

/** Makes a package that stands for tslab where cells are run as a module: it says what is shown. @returns its folder */
export function standInForTslab(clone: string): string {
  const folder = join(clone, "stand-in");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(
    join(folder, "index.d.ts"),
    "export declare const display: Record<'html' | 'svg', (text: string) => void>;",
  );
  const show = (type: string) => `() => console.log("${type}")`;
  writeFileSync(
    join(folder, "index.js"),
    `export const display = { html: ${show("text/html")}, svg: ${show("image/svg+xml")} };`,
  );
  return folder;
}

interface Code {
  readonly number: number;
  readonly text: string;
}

const codeOf = ({ cells }: Pick<Notebook, "cells">): readonly Code[] =>
  cells.flatMap(({ cell_type, source }, i) => (cell_type === "code" ? [{ number: i + 1, text: source.join("") }] : []));

function start(folder: string, args: readonly string[], input = "") {
  const temporary = dirname(folder);
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary };
  return spawnSync(process.execPath, args, { cwd: folder, env, input, encoding: "utf8" });
}

const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");
const STRICT = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
const MARK = "\u0001";

/** As one strict module of this project's TypeScript: needs no kernel, and finds what tslab's compiler lets through. */
export const runAsModule: RunNotebook = (name, notebook, folder) => {
  const code = codeOf(notebook);
  const lines = code.flatMap(({ number, text }) =>
    [`console.log("${MARK}");`, ...text.split("\n")].map((line) => ({ number, line })),
  );
  writeFileSync(join(folder, "main.ts"), lines.map(({ line }) => line).join("\n"));

  const { stdout: faults } = start(folder, [TSC, ...STRICT, "main.ts"]);
  const [, line, fault] = /^main\.ts\((\d+),\d+\): (.*)/.exec(faults) ?? [];
  if (faults) throw new Error(`${name}, cell ${lines[Number(line) - 1]?.number}: ${fault ?? faults}`);

  const { status, stdout, stderr } = start(folder, ["main.js"]);
  const outputs = stdout.split(`${MARK}\n`).slice(1);
  if (status !== 0) throw new Error(`${name}, cell ${code[outputs.length - 1]?.number}: ${stderr}`);
  return outputs.map((text) => (text ? [text] : []));
};

/**
 * The kernel without the wire to Jupyter: it checks types, compiles and runs cells as it does behind a browser. It is a
 * process of its own, for it takes over standard output, and looks for modules from the folder that it is started in.
 */
const KERNEL = `
const { createConverter } = require("tslab/dist/converter.js");
const { createExecutor } = require("tslab/dist/executor.js");
const { JupyterHandlerImpl } = require("tslab/dist/jupyter.js");
const tell = process.stdout.write.bind(process.stdout);
const cells = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const node = createConverter({ isJS: false, isBrowser: false });
const kernel = new JupyterHandlerImpl(createExecutor(process.cwd(), { node }, console), false);

async function run() {
  for (const code of cells) {
    const outputs = [];
    const print = (name, text) => outputs.push(text);
    const show = ({ data }) => outputs.push(...Object.keys(data));
    const { status } = await kernel.handleExecute({ code }, print, show);
    tell(JSON.stringify({ ok: status === "ok", outputs }) + "\\n");
    if (status !== "ok") break;
  }
  tell("", () => process.exit()); // the compiler watches files and would never end
}
run();
`;

/** In tslab's own kernel, which compiles one cell at a time. */
export const runInKernel: RunNotebook = (name, notebook, folder) => {
  const code = codeOf(notebook);
  const { stdout, stderr } = start(folder, ["-e", KERNEL], JSON.stringify(code.map(({ text }) => text)));
  const runs = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  const failed = code.findIndex((_, i) => !runs[i]?.ok);
  if (failed < 0) return runs.map(({ outputs }) => outputs);
  throw new Error(`${name}, cell ${code[failed].number}: ${runs[failed]?.outputs.join("") ?? stderr}`);
};
