import { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { MergedWeights } from "../export/merged-weights.ts";
import { readJson } from "../formats/json.ts";
import { isSameModel } from "../model/weight-sample.ts";
import type { RunFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import type { Base } from "./base.ts";

const environmentSchema = z.looseObject({ base: z.string().optional() });

/** @throws InputError when a run's adapter was trained on another base than the one that its configuration now leads to */
export function requireOwnBase(run: RunFolder, { base: path }: Config, { model }: Base): Promise<void> {
  return requireSample(run, path, () => model.sample);
}

/** The same for a base that is read one weight at a time. @throws InputError as {@link requireOwnBase} */
export function requireOwnWeights(
  run: RunFolder,
  { base: path }: Config,
  { sample }: Pick<MergedWeights, "sample">,
): Promise<void> {
  return requireSample(run, path, sample);
}

async function requireSample(run: RunFolder, path: string, sample: () => string | Promise<string>): Promise<void> {
  const environment = await readJson(run.environment, environmentSchema).catch(() => ({ base: undefined }));
  if (environment.base === undefined || isSameModel(environment.base, await sample())) return;
  throw new InputError(`${run.path}: was trained on another base than ${path}`, {
    hint: "name the folder of its own base: --set base=FOLDER",
  });
}
