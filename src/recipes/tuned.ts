import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { decodeAdapter, encodeAdapter, matchAdapter } from "../model/adapter-files.ts";
import { initCharacterHead } from "../model/character-head.ts";
import { CONFIG, readCompanions, withDtype } from "../model/companions.ts";
import { type LoraBinding, type LoraConfig, parametersOf } from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { isOfImages, paligemmaParameters } from "../model/paligemma.ts";
import { type Place, viewByInput } from "../train/layout.ts";
import { type Trained, trainAdapter, trainWeights, unpackAdapter } from "../train/trained.ts";
import { InputError } from "../util/errors.ts";
import { sizeOf } from "../util/tensor.ts";
import { type Base, bindLora, loraConfigOf, requireSameLora, startingAdapter } from "./base.ts";

type Files = Readonly<Record<string, Uint8Array>>;

const WEIGHTS = "model.safetensors";
const HEAD = "character_head.safetensors";
const fileOf = ({ name }: Pick<Place, "name">) => (name.startsWith("character_head.") ? HEAD : WEIGHTS);

/** What is trained, with what an adapter's file says of it. */
export interface Tuned extends Trained {
  /** Of an adapter. */
  readonly settings?: LoraConfig;
}

/** What a configuration trains, at its start. @throws InputError when it does not fit the base */
export async function startTuned(config: Config, { model }: Base): Promise<Tuned> {
  if (config.tune === "lora") {
    const settings = loraConfigOf(config);
    const binding = bindLora(settings, model);
    const adapter = await startingAdapter(config, binding);
    return { ...checkFeatures(config, trainAdapter(model, binding, adapter)), settings };
  }
  const trained = trainPart(config, model);
  const path = join(model.folder, HEAD);
  return existsSync(path) ? withSaved(trained, model.folder, { [HEAD]: await readFile(path) }) : trained;
}

/** The same as a checkpoint has it. @throws InputError when it is of another base or configuration */
export async function decodeTuned(config: Config, { model }: Base, folder: string, files: Files): Promise<Tuned> {
  if (config.tune !== "lora") {
    const needed = { [WEIGHTS]: new Uint8Array(), ...(trainsHead(config) && { [HEAD]: new Uint8Array() }) };
    return withSaved(trainPart(config, model), folder, { ...needed, ...files });
  }
  const saved = await decodeAdapter(folder, files);
  const binding = bindLora(saved.config, model);
  matchAdapter(folder, saved.weights, binding.modules);
  return { ...checkFeatures(config, trainAdapter(model, binding, saved.weights)), settings: saved.config };
}

/**
 * The same, to be trained on. An adapter's settings are part of what was learnt: by others the next checkpoint would say what its
 * numbers are not. @throws InputError naming the setting of `lora` that is no longer the checkpoint's
 */
export async function resumeTuned(config: Config, base: Base, folder: string, files: Files): Promise<Tuned> {
  const tuned = await decodeTuned(config, base, folder, files);
  if (tuned.lora && tuned.settings) {
    requireSameLora(folder, tuned.settings, config, ["rank", "alpha", "rslora", "dropout"], "start a new run");
    const { modules } = bindLora(loraConfigOf(config), base.model);
    matchAdapter(folder, unpackAdapter(tuned.layout, tuned.values, tuned.lora.modules), modules);
  }
  return tuned;
}

const trainsHead = ({ train }: Config) => train.character_loss > 0;

function trainPart(config: Config, model: Model): Trained {
  const head = trainsHead(config) ? initCharacterHead(model.config, config.train.seed) : {};
  return checkFeatures(config, trainWeights(config.tune === "all" ? "all" : "vision", model, head));
}

/** With the numbers of those files that are there. @throws InputError when one is not of these weights */
async function withSaved(trained: Trained, folder: string, files: Files): Promise<Trained> {
  const values = trained.values.slice();
  for (const file of [WEIGHTS, HEAD]) {
    const places = trained.layout.places.filter((place) => fileOf(place) === file);
    if (files[file] === undefined || places.length === 0) continue;
    const path = join(folder, file);
    const saved = await decodeSafetensors(path, files[file]);
    for (const { name, shape, start } of places) {
      const found = saved.get(name);
      if (`${found?.shape}` !== `${shape}` || found?.dtype !== "f32") {
        throw new InputError(
          `${path}: ${name} is ${found ? `${found.dtype}[${found.shape}]` : "missing"}, not f32[${shape}]`,
          { hint: "resume with the configuration that the run was started with" },
        );
      }
      values.set(found.data as Float32Array, start);
    }
  }
  return { ...trained, values };
}

function checkFeatures(config: Config, trained: Trained): Trained {
  requireFrozenTower(config, trained.lora);
  return trained;
}

/** Features are kept of images that go through frozen layers alone. @throws InputError naming a layer that is trained */
export function requireFrozenTower({ data }: Config, lora: LoraBinding | undefined): void {
  const path = lora ? lora.modules.find((module) => isOfImages(module.path))?.path : "every weight";
  if (data.features === null || path === undefined) return;
  throw new InputError(`data.features: ${path} is trained, and image features change with it`, {
    hint: "set data.features to null, or lora.exclude to vision_tower.*|multi_modal_projector.*",
  });
}

/** Files of a checkpoint: a PEFT folder, or a Hugging Face folder like `base`. */
export async function encodeTuned(
  { base }: Pick<Config, "base">,
  { layout, lora, settings, frozen }: Pick<Tuned, "layout" | "lora" | "settings" | "frozen">,
  values: Float32Array,
): Promise<Record<string, string | Uint8Array>> {
  if (lora && settings) {
    const weights = unpackAdapter(layout, values, lora.modules);
    return encodeAdapter({ config: settings, weights, base });
  }
  const tensors = Object.entries({ ...frozen, ...viewByInput(layout, values) });
  const inFile = (file: string) => new Map(tensors.filter(([name]) => fileOf({ name }) === file));
  const head = inFile(HEAD);
  const companions = await readCompanions(resolveAsset(base));
  return {
    ...companions,
    [CONFIG]: withDtype(companions[CONFIG]!, "float32"), // what is trained is, whatever the base has
    [WEIGHTS]: encodeSafetensors(inFile(WEIGHTS)),
    ...(head.size > 0 && { [HEAD]: encodeSafetensors(head) }),
  };
}

/** `rank 8 on 20 layers: 17,408 numbers are trained, beside 115,296 frozen ones` */
export function describeTuned({ layout, lora }: Trained, { config }: Model): string {
  const trained = layout.size.toLocaleString("en");
  const names = new Set(layout.places.map(({ name }) => name));
  const frozen = parametersOf(paligemmaParameters(config)).filter(({ name }) => !names.has(name));
  const others = frozen.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (!lora && others === 0) return `all ${trained} numbers of the base are trained`;
  const rest = `${trained} numbers are trained, beside ${others.toLocaleString("en")} frozen ones`;
  if (!lora) return rest;
  return `rank ${lora.rank} on ${lora.modules.length} layers: ${rest}`;
}

/** The model with its frozen weights alone: what is trained is fed. */
export const frozenPart = (model: Model, { frozen }: Trained): Model => ({ ...model, weights: frozen });
