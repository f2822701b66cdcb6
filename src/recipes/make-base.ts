import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BaseRecipe, readBaseRecipe } from "../config/base-recipe.ts";
import { parseConfig, parseDataSettings } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { CONFIG, readCompanions, refuseModel, writeCompanions } from "../model/companions.ts";
import { loadModel } from "../model/model.ts";
import { readModelConfig } from "../model/model-config.ts";
import { findCheckpoint } from "../runs/checkpoints.ts";
import { runFolder } from "../runs/folder.ts";
import { readHistory } from "../runs/history.ts";
import { InputError } from "../util/errors.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { sizeOf } from "../util/tensor.ts";
import { askQuestions } from "./data/questions.ts";
import { synthTable } from "./data/synth.ts";
import { initModel } from "./init-model.ts";
import { resume, train } from "./train.ts";
import type { TrainOptions } from "./training-loop.ts";

export interface MakeBaseOptions extends TrainOptions {
  /** Folder with `recipe.yaml` and the configuration, tokenizer and preprocessor of the base to make. */
  readonly like: string;
  readonly output: string;
  /** Where labels are drawn and stages run; by default beside the output. Started again, it goes on there. */
  readonly work?: string;
}

export interface MadeStage {
  readonly name: string;
  readonly run: string;
  readonly steps: number;
  /** Mean over the last tenth of its steps. */
  readonly loss: number;
  /** Of the steps alone. */
  readonly seconds: number;
}

export interface MakeBaseReport {
  readonly folder: string;
  readonly parameters: number;
  readonly stages: readonly MadeStage[];
}

/**
 * Makes a base from nothing by its recipe: draws labels, asks about them, and trains in stages, each of which begins with
 * the weights that the one before ended with. What is there already is not made again. The weights are written in half
 * precision. @throws InputError when the output is there, or the working folder is of another recipe
 */
export async function makeBase({ output, ...options }: MakeBaseOptions): Promise<MakeBaseReport> {
  const like = resolveAsset(options.like);
  const file = join(like, RECIPE);
  const recipe = readBaseRecipe(file);
  refuseModel(output);
  const work = options.work ?? `${output}-work`;
  const configs = planStages(file, recipe, work);
  await claimFolder(work, file);
  await drawTables(like, work, recipe, options);
  const start = join(work, START);
  if (!existsSync(join(start, CONFIG))) {
    await initModel({ like, output: start, dtype: "fp32", ...recipe.init });
  }
  const stages: MadeStage[] = [];
  for (const config of configs) stages.push(await takeStage(config, options));
  const parameters = await writeBase(runFolder(stages.at(-1)!.run).last, like, output);
  return { folder: output, parameters, stages };
}

const START = "start";
const RECIPE = "recipe.yaml";

/** The configuration of each stage, all checked before the first begins. */
function planStages(file: string, { stages }: BaseRecipe, work: string): Config[] {
  const dir = join(work, "runs");
  let base = join(work, START);
  return Object.entries(stages).map(([name, settings]) => {
    const data = {
      ...settings.data,
      train: join(work, `${settings.data.train}.csv`),
      images: join(work, "pictures"),
      characters: join(work, "pictures-text.csv"),
    };
    const train = { epochs: null, ...(settings.train as object) };
    const config = parseConfig({ ...settings, base, data, train, run: { name, dir } }, `${file}: stages.${name}`);
    base = runFolder(join(dir, name)).last;
    return config;
  });
}

/** Another recipe's pictures and runs are not to be gone on with. */
async function claimFolder(work: string, recipe: string): Promise<void> {
  const [kept, text] = [join(work, RECIPE), await readFile(recipe, "utf8")];
  await makeOutputFolder(work);
  if (!existsSync(kept)) return writeFileAtomic(kept, text);
  if ((await readFile(kept, "utf8")) === text) return;
  throw new InputError(`${work}: was begun by another recipe than ${recipe}`, {
    hint: "choose another --work, or delete that folder",
  });
}

/** Labels and questions about them. A table is written when all its pictures are there. */
async function drawTables(
  like: string,
  work: string,
  recipe: BaseRecipe,
  { observer, signal }: TrainOptions,
): Promise<void> {
  const { imageSize } = (await readModelConfig(like)).vision;
  const { random, seed } = recipe.pictures;
  const settings = parseDataSettings({ synth: { size: imageSize, seed }, questions: recipe.questions });
  const tables = { pictures: join(work, "pictures.csv"), questions: join(work, "questions.csv") };
  if (!existsSync(tables.pictures)) {
    const job = { ...(observer && { observer }), ...(signal && { signal }) };
    const images = join(work, "pictures");
    await synthTable({ random, output: tables.pictures, images, settings: settings.synth, ...job });
  }
  if (!existsSync(tables.questions)) {
    await askQuestions({ input: tables.pictures, output: tables.questions, settings: settings.questions });
  }
}

/** Runs a stage, goes on with it, or finds it done: without evaluations, the best checkpoint is written at the end. */
async function takeStage(config: Config, { observer, ...options }: TrainOptions): Promise<MadeStage> {
  const name = config.run.name!;
  const run = runFolder(join(config.run.dir, name));
  if (findCheckpoint(run.best) === undefined) {
    observer?.note?.(`stage ${name}:`);
    const watched = { ...options, ...(observer && { observer }) };
    await (existsSync(run.config) ? resume(run.path, watched) : train(config, watched));
  }
  const history = readHistory(run.history);
  const last = history.slice(-Math.ceil(history.length / 10));
  const sum = (records: typeof history, key: string) =>
    records.reduce((total, record) => total + Number(record[key]), 0);
  return {
    ...{ name, run: run.path, steps: history.length },
    ...{ loss: sum(last, "loss") / last.length, seconds: sum(history, "seconds") },
  };
}

/** The weights of a checkpoint in half precision, with the rest of the folder that it is like; its configuration last. */
async function writeBase(checkpoint: string, like: string, output: string): Promise<number> {
  const { weights } = await loadModel(checkpoint, "f16");
  await makeOutputFolder(output);
  await writeFileAtomic(join(output, "model.safetensors"), encodeSafetensors(new Map(Object.entries(weights))));
  await writeFileAtomic(join(output, RECIPE), await readFile(join(like, RECIPE)));
  await writeCompanions(await readCompanions(like), output);
  return Object.values(weights).reduce((total, { shape }) => total + sizeOf(shape), 0);
}
