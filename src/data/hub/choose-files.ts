import { z } from "zod";
import { checkJson, parseJson } from "../../formats/json.ts";
import { InputError } from "../../util/errors.ts";
import { few } from "../../util/few.ts";
import type { HubFile } from "./hub-files.ts";

export const CONFIG = "config.json";
export const ADAPTER_CONFIG = "adapter_config.json";
export const INDEX = "model.safetensors.index.json";

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * The files of a model's weights: those that its index names, or the one file, or an adapter's.
 * @param index text of the index, where the model has one
 * @throws InputError when there are none, or the server has not all of them
 */
export function chooseWeights(model: string, files: readonly HubFile[], index: string | undefined): readonly HubFile[] {
  const weights = files.filter(({ name }) => name.endsWith(".safetensors"));
  const named = (name: string) => weights.filter((file) => file.name === name);
  if (!files.some(({ name }) => name === CONFIG)) return requireSome(model, named("adapter_model.safetensors"));
  if (index === undefined) {
    const single = named("model.safetensors");
    return single.length > 0
      ? single
      : requireSome(
          model,
          weights.filter(({ name }) => !name.startsWith("adapter_")),
        );
  }
  const source = `${model}: ${INDEX}`;
  const names = new Set(Object.values(checkJson(source, parseJson(source, index), indexSchema).weight_map));
  const missing = [...names].filter((name) => named(name).length === 0);
  if (missing.length === 0)
    return requireSome(
      model,
      weights.filter(({ name }) => names.has(name)),
    );
  throw new InputError(`${source}: names files that the model has not: ${few(missing)}`, {
    hint: "the model is not whole on the server; try another --revision",
  });
}

function requireSome(model: string, weights: readonly HubFile[]): readonly HubFile[] {
  if (weights.length > 0) return weights;
  throw new InputError(`${model}: has no weights as .safetensors, and other formats are not read`, {
    hint: "try another --revision, or save it anew with transformers' save_pretrained",
  });
}
