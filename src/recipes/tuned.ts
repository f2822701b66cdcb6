import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { isOfImages } from "../infer/image-features.ts";
import { decodeAdapter, encodeAdapter, matchAdapter } from "../model/adapter-files.ts";
import { readCompanions } from "../model/companions.ts";
import type { Model } from "../model/model.ts";
import { pack, viewByInput } from "../train/layout.ts";
import { type Trained, trainAdapter, trainAll, unpackAdapter } from "../train/trained.ts";
import { InputError } from "../util/errors.ts";
import { type Base, bindLora, loraConfigOf, startingAdapter } from "./base.ts";

type Files = Readonly<Record<string, Uint8Array>>;

const WEIGHTS = "model.safetensors";
/** What a configuration trains, at its start. @throws InputError when it does not fit the base */
export async function startTuned(config: Config, { model }: Base): Promise<Trained> {
  if (config.tune === "all") return checkFeatures(config, trainAll(model));
  const binding = bindLora(loraConfigOf(config), model);
  return checkFeatures(config, trainAdapter(model, binding, await startingAdapter(config, binding)));
}

/** The same as a checkpoint has it. @throws InputError when it is of another base or configuration */
export async function decodeTuned(config: Config, { model }: Base, folder: string, files: Files): Promise<Trained> {
  if (config.tune === "lora") {
    const saved = await decodeAdapter(folder, files);
    const binding = bindLora(saved.config, model);
    matchAdapter(folder, saved.weights, binding.modules);
    return checkFeatures(config, trainAdapter(model, binding, saved.weights));
  }
  const trained = checkFeatures(config, trainAll(model));
  const path = join(folder, WEIGHTS);
  const weights = await decodeSafetensors(path, files[WEIGHTS] ?? new Uint8Array());
  for (const { name, shape } of trained.layout.places) {
    const found = weights.get(name);
    if (`${found?.shape}` === `${shape}` && found?.dtype === "f32") continue;
    throw new InputError(
      `${path}: ${name} is ${found ? `${found.dtype}[${found.shape}]` : "missing"}, not f32[${shape}]`,
      {
        hint: "resume with the configuration that the run was started with",
      },
    );
  }
  return { ...trained, values: pack(trained.layout, Object.fromEntries(weights)) };
}

/** Features are kept of images that go through frozen layers alone. */
function checkFeatures({ data }: Config, trained: Trained): Trained {
  const { lora } = trained;
  const path = lora ? lora.modules.find((module) => isOfImages(module.path))?.path : "every weight";
  if (data.features === null || path === undefined) return trained;
  throw new InputError(`data.features: ${path} is trained, and image features change with it`, {
    hint: "set data.features to null, or lora.exclude to vision_tower.*|multi_modal_projector.*",
  });
}

/** Files of a checkpoint: a PEFT folder, or a Hugging Face folder like the base. */
export async function encodeTuned(
  config: Config,
  { layout, lora }: Pick<Trained, "layout" | "lora">,
  values: Float32Array,
): Promise<Record<string, string | Uint8Array>> {
  if (lora) {
    const weights = unpackAdapter(layout, values, lora.modules);
    return encodeAdapter({ config: loraConfigOf(config), weights, base: config.base });
  }
  const weights = encodeSafetensors(new Map(Object.entries(viewByInput(layout, values))));
  return { ...(await readCompanions(resolveAsset(config.base))), [WEIGHTS]: weights };
}

/** `rank 8 on 20 layers: 17,408 numbers are trained, beside 115,296 frozen ones` */
export function describeTuned({ layout, frozen, lora }: Trained): string {
  const trained = layout.size.toLocaleString("en");
  const others = Object.values(frozen).reduce((sum, { data }) => sum + data.length, 0);
  if (!lora) return `all ${trained} numbers of the base are trained`;
  const rest = `${trained} numbers are trained, beside ${others.toLocaleString("en")} frozen ones`;
  return `rank ${lora.rank} on ${lora.modules.length} layers: ${rest}`;
}

/** The model with its frozen weights alone: what is trained is fed. */
export const frozenPart = (model: Model, { frozen }: Trained): Model => ({ ...model, weights: frozen });
