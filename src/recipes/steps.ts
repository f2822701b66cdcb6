import type { Config } from "../config/schema.ts";
import { type BadRow, checkBadRows } from "../data/bad-rows.ts";
import { type Batch, type BatchOptions, epochOrder, readBatches } from "../data/batches.ts";
import { openPixelReader } from "../data/pixels.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import { openFeatures } from "../infer/image-features.ts";
import { lengthUnits } from "../train/feeds.ts";
import type { StepPlan } from "../train/plan.ts";
import type { Base } from "./base.ts";
import type { Rows } from "./rows.ts";

/** The rows of one optimiser step. */
export interface StepBatches {
  /** From 1. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly batches: readonly Batch[];
}

export interface StepSource {
  readonly rows: Rows;
  readonly config: Config;
  readonly base: Base;
  /** Told of a row whose photograph turns out to be broken when its turn comes. */
  readonly passOver: (row: BadRow) => void;
}

/**
 * The rows of every optimiser step after `done`, read ahead. Which rows a step has follows from seed and step alone.
 * @throws InputError when more rows are bad than data.max_bad_rows allows
 */
export async function* trainingSteps(
  { rows, config, base, passOver }: StepSource,
  plan: StepPlan,
  done: number,
): AsyncGenerator<StepBatches> {
  const { accumulate } = config.train;
  const bad = new Map(rows.bad.map((row) => [row.line, row]));
  const onBadRow = (row: BadRow) => {
    if (bad.has(row.line)) return; // told of in an earlier epoch
    bad.set(row.line, row);
    passOver(row);
    checkBadRows(
      rows.csv,
      rows.samples.length + rows.bad.length - bad.size,
      [...bad.values()],
      config.data.max_bad_rows,
    );
  };
  const source = openBatches(config, base, rows.samples);
  try {
    for (let step = done + 1; step <= plan.total; ) {
      const epoch = Math.floor((step - 1) / plan.stepsPerEpoch);
      const firstStep = epoch * plan.stepsPerEpoch + 1;
      const order = epochOrder(rows.samples.length, config.train.seed, epoch, config.data.shuffle);
      const first = (step - firstStep) * accumulate;
      const batches = readBatches({
        ...source.options,
        order,
        first,
        batch: config.train.batch,
        onBadRow,
      });
      for await (const { number, group } of groupBy(batches, ({ index }) => Math.floor(index / accumulate))) {
        step = firstStep + number;
        if (step > plan.total) return;
        yield { step, epoch: epoch + 1, batches: group };
      }
      step = firstStep + plan.stepsPerEpoch;
    }
  } finally {
    await source.close();
  }
}

/** What every reading of batches by a configuration has in common, until it is closed. */
export function openBatches(config: Config, base: Base, samples: readonly TokenizedSample[]) {
  const { format, reader, readFeatures, close } = openPhotographs(config, base);
  return {
    options: {
      ...{ samples, padId: base.tokenizer.padId, format, reader, readFeatures, ahead: config.data.prefetch },
      textUnit: lengthUnits(base.model.config).text,
    } satisfies Partial<BatchOptions>,
    close,
  };
}

/** The photographs of a configuration, as pixels or as features that are kept, until they are closed. */
export function openPhotographs({ data }: Pick<Config, "data">, { engine, model }: Pick<Base, "engine" | "model">) {
  const format = model.preprocessor;
  const reader = openPixelReader({ imageSize: format.imageSize, cacheBytes: data.pixel_cache_mb * 2 ** 20 });
  const features = data.features === null ? undefined : openFeatures(engine, model, reader, data.features);
  return {
    format,
    reader,
    readFeatures: features && ((path: string) => features.read(path)),
    close: async () => void (await Promise.all([features?.release(), reader.close()])),
  };
}

/** Runs of neighbours with the same number. */
async function* groupBy<T>(
  items: AsyncIterable<T>,
  numberOf: (item: T) => number,
): AsyncGenerator<{ number: number; group: T[] }> {
  let open: { number: number; group: T[] } | undefined;
  for await (const item of items) {
    const number = numberOf(item);
    if (open?.number === number) open.group.push(item);
    else {
      if (open) yield open;
      open = { number, group: [item] };
    }
  }
  if (open) yield open;
}
