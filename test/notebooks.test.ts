import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./docs/documents.ts";
import {
  type Notebook,
  notebookFolder,
  runAsModule,
  runInKernel,
  standInForTslab,
  TSLAB,
} from "./support/notebooks.ts";
import { workFolder } from "./support/work-folder.ts";

const KIB = 1024;
const names = readdirSync(join(ROOT, "notebooks")).filter((name) => name.endsWith(".ipynb"));
const readText = (name: string) => readFileSync(join(ROOT, "notebooks", name), "utf8");
const readNotebook = (name: string) => JSON.parse(readText(name)) as Notebook;

test("there are notebooks", () => {
  expect(names).toEqual(["explore-the-data.ipynb", "train-and-compare.ipynb"]);
});

test.each(names)("%s: what is stored is small, and names no folder of the machine that made it", (name) => {
  expect(readNotebook(name).metadata.kernelspec.name).toBe("tslab");
  expect(readText(name).length).toBeLessThan(100 * KIB);
  expect(readText(name)).not.toMatch(/\/(tmp|home|root|Users|var)\/|[A-Z]:\\\\|"stderr"/);
});

const hasKernel = existsSync(TSLAB);
const ways = [
  { way: "one strict module", run: runAsModule, makeTslab: standInForTslab, lacks: null },
  {
    way: "tslab's kernel",
    run: runInKernel,
    makeTslab: () => TSLAB,
    lacks: hasKernel ? null : "tslab is not there: npm install --prefix notebooks",
  },
];

// Two trainings are half a minute's work of one core: several times as long beside other tests, or a training in earnest.
const LIMIT = { timeout: 600_000 };

describe.each(ways)("run as $way", LIMIT, ({ run, makeTslab, lacks }) => {
  const clone = workFolder();
  const folder = notebookFolder(clone, makeTslab(clone));
  const filesAtFirst = readdirSync(folder);

  test.for(names)("%s: every cell runs, shows what is stored, and writes into a temporary folder", (name, { skip }) => {
    if (lacks) skip(lacks);
    const notebook = readNotebook(name);
    const outputs = run(name, notebook, folder);
    expect(outputs.flat().join()).toMatch(/text\/html|image\/svg\+xml/);
    const stored = notebook.cells.flatMap((cell) => (cell.outputs ? [cell.outputs.length > 0] : []));
    expect(outputs.map(({ length }) => length > 0)).toEqual(stored);
    expect(readdirSync(folder).filter((file) => !/^main\.[jt]s$/.test(file))).toEqual(filesAtFirst);
  });

  test.for<[string, string, string, RegExp]>([
    [
      "what the compiler says",
      'import { train } from "amlc";',
      "const run: number = train;",
      /^broken\.ipynb, cell 3: .*to type 'number'/,
    ],
    [
      "what it throws",
      "const one = 1;",
      'throw new Error("no such table");',
      /^broken\.ipynb, cell 3: [\s\S]*Error: no such table/,
    ],
  ])("a cell that fails is told by the notebook, its number and %s", ([, first, second, told], { skip }) => {
    if (lacks) skip(lacks);
    const cells: Notebook["cells"] = [
      { cell_type: "code", source: [first] },
      { cell_type: "markdown", source: ["text"] },
      { cell_type: "code", source: [second] },
    ];
    expect(() => run("broken.ipynb", { cells }, folder)).toThrow(told);
  });
});
