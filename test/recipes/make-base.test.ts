import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/model/model.ts";
import { makeBase } from "../../src/recipes/make-base.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import { historyOf } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const TRAIN = "batch: 4, accumulate: 1, lr: 1.0e-2, warmup_steps: 0, save_every: 1";
const RECIPE = `init: { seed: 3, range: 0.06 }
pictures: { random: 12, seed: 1 }
questions: { per_picture: 2 }
stages:
  see:
    tune: vision
    data: { train: pictures }
    train: { ${TRAIN}, max_steps: 4, answer_loss: 0, character_loss: 1 }
    engine: { threads: 1 }
  read:
    tune: all
    data: { train: questions }
    train: { ${TRAIN}, max_steps: 4, character_loss: 0.5 }
    engine: { threads: 1 }
`;

/** A folder to make bases like: the tiny one's shape and tokenizer, with a recipe. */
function like(name: string, recipe: string): string {
  mkdirSync(at(name));
  const files = ["config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"];
  for (const file of files) cpSync(join("checkpoints", "tiny", file), join(at(name), file));
  writeFileSync(join(at(name), "recipe.yaml"), recipe);
  return at(name);
}

describe("a base is made from nothing by its recipe", () => {
  let plain: string;
  beforeAll(async () => {
    plain = like("like", RECIPE);
    await makeBase({ like: plain, output: at("made") });
  });

  test("its folder loads, in half precision, and each stage has learnt", async () => {
    const { weights } = await loadModel(at("made"), "f16");
    expect(Object.keys(weights).length).toBeGreaterThan(40);
    expect(readFileSync(join(at("made"), "recipe.yaml"), "utf8")).toBe(RECIPE);
    for (const stage of ["see", "read"]) {
      const history = historyOf(join(at("made-work"), "runs", stage));
      expect(history).toHaveLength(4);
      expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss!);
    }
  });

  test("stopped in the second stage, the same command goes on and makes the same base", async () => {
    const stop = new AbortController();
    let steps = 0;
    const observer = { step: () => void (++steps === 6 && stop.abort()) };
    const making = makeBase({ like: plain, output: at("again"), observer, signal: stop.signal });
    await expect(making).rejects.toThrow(InterruptedError);
    expect(existsSync(at("again"))).toBe(false);
    const report = await makeBase({ like: plain, output: at("again") });
    expect(report.stages.map(({ name, steps }) => [name, steps])).toEqual([
      ["see", 4],
      ["read", 4],
    ]);
    const weightsOf = (name: string) => readFileSync(join(at(name), "model.safetensors"));
    expect(weightsOf("again")).toEqual(weightsOf("made"));
  });

  test("with every stage done, only the folder is written anew", async () => {
    rmSync(at("made"), { recursive: true });
    const notes: string[] = [];
    const observer = { step: () => notes.push("a step"), drawn: () => notes.push("a picture") };
    await makeBase({ like: plain, output: at("made"), observer });
    expect(notes).toEqual([]);
    expect(existsSync(join(at("made"), "model.safetensors"))).toBe(true);
  });

  test("a base that is there is not written over", async () => {
    await expect(makeBase({ like: plain, output: at("made") })).rejects.toThrow("there is a model already");
  });

  test("a working folder of another recipe is left alone", async () => {
    const other = like("other", RECIPE.replace("seed: 3", "seed: 4"));
    const making = makeBase({ like: other, output: at("mixed"), work: at("made-work") });
    await expect(making).rejects.toThrow(/made-work: was begun by another recipe than .*other.recipe.yaml/);
  });
});

test.each([
  ["without a recipe", undefined, /recipe\.yaml: cannot be read/],
  ["no stage", RECIPE.replace(/stages:.*/s, "stages: {}\n"), /stages.* must hold a stage/],
  ["rows of its own", RECIPE.replace("train: questions", "train: rows.csv"), /stages/],
  [
    "a stage's setting that is none",
    RECIPE.replace("tune: all", "tune: most"),
    /recipe.yaml: stages.read: tune is "most"/,
  ],
  ["a name that leaves the folder", RECIPE.replace("  read:", "  ../read:"), /stages/],
])("a recipe is refused before anything is drawn: %s", async (name, recipe, message) => {
  const folderName = name.replaceAll(/\W/g, "-");
  const source = like(folderName, recipe ?? "");
  if (recipe === undefined) rmSync(join(source, "recipe.yaml"));
  const making = makeBase({ like: source, output: at(`${folderName}-made`) });
  await expect(making).rejects.toThrow(message);
  await expect(making).rejects.toThrow(InputError);
  expect(existsSync(at(`${folderName}-made-work`))).toBe(false);
});
