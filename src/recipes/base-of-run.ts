import { z } from "zod";
import type { Config } from "../config/schema.ts";
import { readJson } from "../formats/json.ts";
import { isSameModel, sampleWeights } from "../model/weight-sample.ts";
import type { RunFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import type { Base } from "./base.ts";

const environmentSchema = z.looseObject({ base: z.string().optional() });

/** @throws InputError when a run's adapter was trained on another base than the one that its configuration now leads to */
export async function requireOwnBase(run: RunFolder, { base: path }: Config, { model }: Base): Promise<void> {
  const environment = await readJson(run.environment, environmentSchema).catch(() => ({ base: undefined }));
  if (environment.base === undefined || isSameModel(environment.base, sampleWeights(model.weights))) return;
  throw new InputError(`${run.path}: was trained on another base than ${path}`, {
    hint: "name the folder of its own base: --set base=FOLDER",
  });
}
