import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ROOT, readDocument } from "./docs/documents.ts";
import { amlc } from "./support/cli.ts";
import { python, whyNoPython } from "./support/python.ts";
import { workFolder } from "./support/work-folder.ts";

const readme = readDocument("README.md");
const folder = workFolder();
const run = join(folder, "experiments", "first");

/** Texts of the README's code blocks in a language. */
function blocksOf(language: string): string[] {
  const blocks = readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"));
  return [...blocks].map(([, text]) => text!);
}

/** Files and folders that the README names in its sentence on a run's folder, with `val` for SPLIT. */
function namedInRunFolder(): string[] {
  const sentence = readme.match(/^Everything of a run is in `experiments\/NAME\/`:(.*?)\n\n/ms)![1]!;
  return [...sentence.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace("SPLIT", "val"));
}

/** What a shell makes of a word with a star. */
function expand(word: string): string[] {
  const [, home, start, end] = /^(.*)\/([^/]*)\*([^/]*)$/.exec(word) ?? [];
  if (home === undefined) return [word];
  const names = readdirSync(join(folder, home)).filter((name) => name.startsWith(start) && name.endsWith(end));
  return names.sort().map((name) => `${home}/${name}`);
}

beforeAll(() => {
  for (const name of ["data", "checkpoints"]) symlinkSync(join(ROOT, name), join(folder, name));
  cpSync(join(ROOT, "data", "tiny", "images"), join(folder, "images"), { recursive: true }); // no test asks the network
});

test("the two commands for a newcomer are those that CI runs", () => {
  expect(blocksOf("sh").slice(0, 2)).toEqual(["npm ci && npx amlc demo\n", "npm ci && npm test\n"]);
  const { scripts } = JSON.parse(readDocument("package.json")) as { scripts: Record<string, string> };
  expect(scripts.check).toMatch(/&& npm test$/);
  expect(readDocument(".ci/run")).toMatch(/^npm ci\nnpx amlc demo\n.*\nnpm run check$/m);
});

describe("in the folder of a clone, in the README's order", () => {
  const lines = blocksOf("sh")
    .filter((block) => block.startsWith("npx amlc "))
    .flatMap((block) => block.trim().split("\n"));

  test("there are commands for every task", () => {
    const commands = [
      "data",
      "train",
      "model",
      "doctor",
      "eval",
      "score",
      "submit",
      "plan",
      "predict",
      "export",
      "clean",
      "sanity",
      "compare",
      "report",
      "config",
    ];
    expect(new Set(lines.map((line) => line.split(" ")[2]))).toEqual(new Set(commands));
    const ofData = ["stats", "clean", "split", "sample", "download", "synth", "questions", "join", "parts"];
    expect(lines.flatMap((line) => /amlc data (\w+)/.exec(line)?.[1] ?? [])).toEqual(ofData);
  });

  test.each(lines)("%s", async (line) => {
    const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
    const args = words.slice(2).flatMap(expand);
    const { code, stdout, stderr } = await amlc(folder, ...args);
    expect(code, stderr).toBe(0);
    expect(stdout).not.toBe("");
    if (args.includes("--json")) expect(JSON.parse(stdout)).toBeTypeOf("object");
  });

  test("a run's folder holds what the README names", () => {
    const names = namedInRunFolder();
    expect(names.length).toBeGreaterThan(6);
    const found = readdirSync(run, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
    for (const name of names) expect(found).toContain(name.replace(/\/$/, ""));
  });
});

test("the program in TypeScript compiles against the package's types, and runs", () => {
  const project = join(folder, "program");
  mkdirSync(join(project, "node_modules"), { recursive: true });
  symlinkSync(ROOT, join(project, "node_modules", "amlc"), "junction");
  for (const name of ["data", "experiments"]) symlinkSync(join(folder, name), join(project, name));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "main.ts"), blocksOf("ts").join("\n"));
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules", "@types")];
  const compile = [tsc, "--strict", "--module", "nodenext", "--target", "es2022", ...types, "main.ts"];
  execFileSync(process.execPath, compile, { cwd: project, encoding: "utf8" });
  const printed = execFileSync(process.execPath, ["main.js"], { cwd: project, encoding: "utf8", stdio: "pipe" });
  expect(printed).toMatch(/^1 \d\.\d+$/m);
  expect(printed).toMatch(/experiments\/[\w-]+ \d\.\d+ 0?\.?\d+$/m);
});

test("the program in Python loads the adapter into transformers", async ({ skip }) => {
  const reason = await whyNoPython(["transformers", "peft", "torch"]);
  if (reason) skip(reason);
  await python(["-c", blocksOf("python").join("\n")], { cwd: folder });
});
