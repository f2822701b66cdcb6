import { existsSync } from "node:fs";
import { resolveAsset } from "../config/presets.ts";
import { type MergedDtype, writeMerged } from "../export/merged.ts";
import { type MergedWeights, openMergedWeights } from "../export/merged-weights.ts";
import type { BaseDialect } from "../model/base-dialects.ts";
import { CONFIG, refuseModel } from "../model/companions.ts";
import { requirePaligemma } from "../model/model-family.ts";
import { nameIn } from "../model/weight-names.ts";
import { requireFreeDisk } from "../util/free-disk.ts";
import { sizeOf } from "../util/tensor.ts";
import { writeWholeFolder } from "../util/whole-folder.ts";

export interface ConvertModelOptions {
  /** Hugging Face folder of a base, whichever release of transformers wrote it. */
  readonly folder: string;
  readonly output: string;
  readonly dtype: MergedDtype;
  /** How the weights are called in the new files; by default as on the hub. */
  readonly dialect?: BaseDialect;
  /** Bytes of a file of weights at most, but for a single weight that is larger; by default 5 GB, as on the hub. */
  readonly shardBytes?: number;
  /** Told of the bytes of weights that are written, of all. */
  readonly onWritten?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface ConvertModelReport {
  readonly folder: string;
  readonly dtype: MergedDtype;
  readonly dialect: BaseDialect;
  readonly parameters: number;
  /** Of the weights. */
  readonly bytes: number;
  readonly files: readonly string[];
}

const WIDTH: Readonly<Record<MergedDtype, number>> = { fp32: 4, fp16: 2, bf16: 2 };

/**
 * Writes a base anew, in another type or under other names. One weight at a time is in memory, and the folder appears when
 * all is there. Numbers are rounded to nearest; the same type again gives the same numbers.
 * @throws InputError when the folder is no whole base of PaliGemma, a number of it is beyond the type, something stands at
 * `output`, or the disk has no room; InterruptedError
 */
export async function convertModel(options: ConvertModelOptions): Promise<ConvertModelReport> {
  const { output, dtype, dialect = "hub", shardBytes, onWritten, signal } = options;
  const folder = resolveAsset(options.folder);
  if (existsSync(folder)) await requirePaligemma(folder);
  await using weights = await openMergedWeights(folder);
  refuseModel(output);
  const numbers = weights.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  await requireFreeDisk(output, WIDTH[dtype] * numbers);
  const choices = {
    dtype,
    ...(shardBytes && { shardBytes }),
    ...(onWritten && { onWritten }),
    ...(signal && { signal }),
  };
  const written = await writeWholeFolder(output, CONFIG, (fresh) =>
    writeMerged(fresh, underNames(weights, dialect), choices),
  );
  return { folder: output, dtype, dialect, ...written };
}

function underNames(weights: MergedWeights, dialect: BaseDialect): MergedWeights {
  const own = new Map(weights.parameters.map((parameter) => [nameIn(dialect, parameter.name), parameter]));
  return {
    ...weights,
    parameters: [...own].map(([name, { shape }]) => ({ name, shape })),
    read: ({ name }) => weights.read(own.get(name)!),
  };
}
