import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { normalisePixels, type PixelReader } from "../data/pixels.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { compileBound } from "../engine/programs.ts";
import { numImageTokens } from "../model/config.ts";
import { feedImages } from "../model/image-input.ts";
import type { Model } from "../model/model.ts";
import { isOfImages } from "../model/paligemma.ts";
import { limitConcurrency } from "../util/concurrency.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { bytesOf } from "../util/tensor.ts";
import { featuresGraph } from "./decode-graphs.ts";

/** Image features [n,D], from a folder if they are there, else from the photograph and then into the folder. */
export interface FeatureReader {
  /** @throws BadRowError when the file is no image that can be read */
  read(path: string): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Keeps what a frozen vision tower and projector make of photographs. Each photograph goes through alone, so that its
 * features do not depend on those beside it; files are named by model, path, size and time of change.
 */
export function openFeatures(engine: Engine, model: Model, reader: PixelReader, folder: string): FeatureReader {
  const { config, preprocessor, weights } = model;
  const size = numImageTokens(config.vision) * config.text.hiddenSize;
  const oneByOne = limitConcurrency(1);
  let program: Promise<Program> | undefined;
  let home: Promise<string> | undefined;

  async function compute(path: string): Promise<Float32Array> {
    const pixels = normalisePixels([await reader.read(path)], preprocessor);
    program ??= compileBound(engine, featuresGraph(model, 1), weights);
    const { features } = await (await program).run(feedImages({ pixels }, 1, config));
    return features!.data as Float32Array;
  }

  return {
    async read(path) {
      home ??= prepareHome(folder, model);
      const file = join(await home, `${await fingerprint(path)}.f32`);
      const kept = await readFile(file).catch(() => undefined);
      if (kept?.length === 4 * size)
        return new Float32Array(kept.buffer.slice(kept.byteOffset, kept.byteOffset + 4 * size));
      const features = await oneByOne(() => compute(path));
      await writeFileAtomic(file, bytesOf(features));
      return features;
    },
    async release() {
      await (await program)?.release();
    },
  };
}

/** One folder for each vision tower, projector and preprocessing. */
async function prepareHome(folder: string, { weights, preprocessor, dtype }: Model): Promise<string> {
  const hash = createHash("sha256").update(`${dtype} ${JSON.stringify(preprocessor)}`);
  for (const [name, { data }] of Object.entries(weights)) {
    if (isOfImages(name)) hash.update(name).update(bytesOf(data));
  }
  const home = join(folder, hash.digest("hex").slice(0, 16));
  await makeOutputFolder(home);
  return home;
}

async function fingerprint(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined); // what is missing is told by the reader
  const key = `${path} ${found?.size} ${found?.mtimeMs}`;
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}
