import { access } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import { numImageTokens, type SiglipConfig } from "./config.ts";
import { only } from "./model-config.ts";

type Rgb = readonly [number, number, number];

/** How a photograph becomes pixel values: RGB, resized to a square, `(value · rescaleFactor − mean) / std`. */
export interface Preprocessor {
  /** Side of the square, in pixels. */
  readonly imageSize: number;
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly rescaleFactor: number;
  readonly resample: "bicubic";
}

const rgb = (number: z.ZodNumber) => z.tuple([number, number, number]).default([0.5, 0.5, 0.5]);
const side = z.int().positive();

/** Defaults are those of PaliGemma's files. */
const processorSchema = z.looseObject({
  do_resize: only(true).nullish(),
  do_rescale: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  resample: only(3).nullish(), // Pillow's number of bicubic
  size: z
    .union([side.transform((s) => ({ height: s, width: s })), z.looseObject({ height: side, width: side })])
    .nullish(),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  image_mean: rgb(z.number()),
  image_std: rgb(z.number().positive()),
  image_seq_length: side.nullish(),
});
type ProcessorJson = z.output<typeof processorSchema>;

/** Releases before 5 keep in it what has nothing to do with images. */
const wrapperSchema = z.looseObject({ image_processor: processorSchema.nullish() });

/**
 * The part of `processor_config.json` that newer releases write, or else `preprocessor_config.json`, or PaliGemma's own
 * values; transformers, too, asks in this order.
 * @throws InputError naming the file and the key that is wrong or does not fit the model.
 */
export async function readPreprocessor(folder: string, vision: SiglipConfig): Promise<Preprocessor> {
  const [old, current] = ["preprocessor_config.json", "processor_config.json"].map((name) => join(folder, name));
  const nested = (await exists(current)) ? (await readJson(current, wrapperSchema)).image_processor : undefined;
  if (nested) return toPreprocessor(current, nested, vision);
  const json = (await exists(old)) ? await readJson(old, processorSchema) : processorSchema.parse({});
  return toPreprocessor(old, json, vision);
}

function toPreprocessor(path: string, json: ProcessorJson, vision: SiglipConfig): Preprocessor {
  const { height, width } = json.size ?? { height: vision.imageSize, width: vision.imageSize };
  if (height !== vision.imageSize || width !== vision.imageSize) {
    const wanted = `config.json's vision_config.image_size is ${vision.imageSize}`;
    throw new InputError(`${path}: size: is ${height} by ${width}, but ${wanted}`);
  }
  const tokens = json.image_seq_length ?? numImageTokens(vision);
  if (tokens !== numImageTokens(vision)) {
    throw new InputError(`${path}: image_seq_length: is ${tokens}, but config.json gives ${numImageTokens(vision)}`);
  }
  const normalise = json.do_normalize ?? true;
  return {
    imageSize: height,
    mean: normalise ? json.image_mean : [0, 0, 0],
    std: normalise ? json.image_std : [1, 1, 1],
    rescaleFactor: (json.do_rescale ?? true) ? json.rescale_factor : 1,
    resample: "bicubic",
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
