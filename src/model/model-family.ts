import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";

const familySchema = z.looseObject({
  model_type: z.string().nullish(),
  text_config: z.looseObject({ model_type: z.string().nullish() }).nullish().catch(null),
});

/**
 * Says at once that a checkpoint is of another family, before its sizes and names are complained of one by one. `called` is
 * what the folder is called in errors. @throws InputError naming the family; or the file, when it is no configuration at all
 */
export async function requirePaligemma(folder: string, called = folder): Promise<void> {
  const path = join(folder, "config.json");
  if (!existsSync(path) && existsSync(join(folder, "adapter_config.json"))) {
    throw new InputError(`${called}: is an adapter, and a base is wanted`, { hint: "name its base" });
  }
  const { model_type, text_config } = await readJson(path, familySchema, "name the folder of a PaliGemma checkpoint");
  const fault = familyFault(model_type ?? "nothing", text_config?.model_type ?? "gemma");
  if (fault === undefined) return;
  throw new InputError(`${join(called, "config.json")}: ${fault}: this is a checkpoint of another family`, {
    hint: "amlc reads PaliGemma, as google/paligemma-3b-pt-448 (PaliGemma 2 has another language model)",
  });
}

function familyFault(model: string, text: string): string | undefined {
  if (model !== "paligemma") return `model_type is ${JSON.stringify(model)}, wanted is "paligemma"`;
  return text === "gemma" ? undefined : `text_config.model_type is ${JSON.stringify(text)}, wanted is "gemma"`;
}
