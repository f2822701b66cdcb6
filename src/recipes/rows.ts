import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseDataSettings } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { type BadRow, BadRowError, checkBadRows } from "../data/bad-rows.ts";
import { type CharactersOf, labelPatches, readCharacters } from "../data/characters.ts";
import { loadSamples } from "../data/samples.ts";
import { tableEnding } from "../data/table-write.ts";
import { type TokenizedSample, type TokenizeOptions, tokenizeSamples } from "../data/tokenize.ts";
import { numImageTokens } from "../model/config.ts";
import { readModelConfig } from "../model/model-config.ts";
import { checksumFiles } from "../runs/environment.ts";
import { InputError } from "../util/errors.ts";
import type { Base } from "./base.ts";
import { synthTable } from "./data/synth.ts";
import type { Observer } from "./observer.ts";

/** Rows of a CSV, ready for the model, and those passed over. */
export interface Rows {
  readonly csv: string;
  readonly samples: readonly TokenizedSample[];
  readonly bad: readonly BadRow[];
}

/** The table of a split: train, val, or a file's path. @throws InputError when the configuration has no such split */
export function fileOfSplit(split: string, { data }: Config): string {
  if (split === "train") return data.train;
  if (split !== "val") return split;
  if (data.val !== null) return data.val;
  throw new InputError(`--split ${split}: data.val is not set in this configuration`, {
    hint: "set data.val, or give a CSV file as the split",
  });
}

/** Who looks on while labels are drawn, and may stop it. */
export interface Watch {
  readonly observer?: Observer;
  readonly signal?: AbortSignal;
}

/**
 * The table that rows are read from: a file of the configuration, or, where labels are drawn, the rows with their pictures.
 * @throws InputError when labels are drawn and file or base cannot be read
 */
export async function tableOf(file: string, config: Pick<Config, "base" | "data">): Promise<string> {
  if (!config.data.draw) return resolveAsset(file);
  const { vision } = await readModelConfig(resolveAsset(config.base));
  return drawnTable(resolveAsset(file), config, vision.imageSize);
}

/** Rows and size are in the name: other rows of the same file name have a table of their own, as have larger pictures. */
async function drawnTable(path: string, { data }: Pick<Config, "data">, imageSize: number): Promise<string> {
  const { rows } = await checksumFiles({ rows: path });
  const name = `${tableEnding(basename(path)).stem}-${imageSize}-${rows!.slice(0, 12)}-drawn.csv`;
  return join(resolveAsset(data.images), name);
}

/** Draws the labels of a file's rows, unless that was done before. Gives the table of rows with their pictures. */
async function drawLabels(file: string, config: Config, { model }: Base, watch: Watch): Promise<string> {
  const { imageSize } = model.preprocessor;
  const input = resolveAsset(file);
  const output = await drawnTable(input, config, imageSize);
  if (existsSync(output)) return output;
  watch.observer?.note?.(`drawing the labels of ${input}:`);
  const { synth } = parseDataSettings({ synth: { size: imageSize } });
  await synthTable({ input, output, images: dirname(output), settings: synth, ...watch });
  return output;
}

/** How rows are put to a base. A prompt has the room that image and answer leave. */
export function tokenizeOptions(
  { data, eval: { max_new_tokens } }: Config,
  { model, tokenizer }: Pick<Base, "model" | "tokenizer">,
): TokenizeOptions {
  const { vision, text } = model.config;
  return { tokenizer, prompt: data.prompt, maxTokens: text.maxPositions - numImageTokens(vision) - max_new_tokens };
}

/**
 * Reads, checks and tokenises the rows of a CSV. `requireValue`: every row has a truth.
 * @throws InputError when more rows are bad than data.max_bad_rows allows, or none is left
 */
export async function readRows(
  file: string,
  config: Config,
  base: Base,
  requireValue: boolean,
  watch: Watch = {},
): Promise<Rows> {
  const csv = config.data.draw ? await drawLabels(file, config, base, watch) : resolveAsset(file);
  const loaded = await loadSamples({ csv, images: resolveAsset(config.data.images), requireValue });
  const { samples, bad } = tokenizeSamples(loaded.samples, tokenizeOptions(config, base));
  const allBad = [...loaded.bad, ...bad];
  checkBadRows(csv, samples.length, allBad, config.data.max_bad_rows);
  return { csv, samples, bad: allBad };
}

/**
 * The rows with the characters in each patch of their images, where naming them is part of the objective.
 * @throws InputError when data.characters is no such table, or too many rows are not in it
 */
export async function withCharacters(rows: Rows, { data, train }: Config, { model }: Base): Promise<Rows> {
  if (train.character_loss === 0) return rows;
  const { imageSize, patchSize } = model.config.vision;
  const charactersOf = await readCharacters(resolveAsset(data.characters!));
  const label = labeller(charactersOf, imageSize / patchSize);
  const bad = [...rows.bad];
  const samples = rows.samples.flatMap((sample) => {
    try {
      return [{ ...sample, characters: label(sample) }];
    } catch (error) {
      if (!(error instanceof BadRowError)) throw error;
      bad.push({ line: sample.line, reason: error.message });
      return [];
    }
  });
  checkBadRows(rows.csv, samples.length, bad, data.max_bad_rows);
  return { ...rows, samples, bad };
}

/** Labels each image once for all rows that share it. */
function labeller(charactersOf: CharactersOf, side: number): (sample: TokenizedSample) => Uint8Array {
  const labels = new Map<string, Uint8Array>();
  return ({ imagePath, imageLink, imageSize }) => {
    const known = labels.get(imagePath) ?? labelPatches(charactersOf(imageLink), imageSize, side);
    labels.set(imagePath, known);
    return known;
  };
}
