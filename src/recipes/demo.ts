import type { ScoreByEntity } from "../challenge/score.ts";
import { loadConfig } from "../config/load.ts";
import { viewByInput } from "../train/layout.ts";
import { openAnswers } from "./answers.ts";
import { loadBase } from "./base.ts";
import { evaluate } from "./evaluate.ts";
import type { Observer } from "./observer.ts";
import { drawRun } from "./picture.ts";
import { train } from "./train.ts";
import type { TrainOptions } from "./training-loop.ts";
import { startTuned } from "./tuned.ts";

/** The tiny base is random and has 0.2 million parameters: it needs this many passes to learn its few rows by heart. */
const EPOCHS = 80;

export interface DemoResult {
  readonly run: string;
  readonly steps: number;
  readonly first_loss: number;
  readonly last_loss: number;
  /** On the rows trained on, before and after. */
  readonly before: ScoreByEntity;
  readonly after: ScoreByEntity;
  /** Path of the picture. */
  readonly loss_curve: string;
}

/**
 * The whole way on what ships with the package: answers of the base, a rank-8 LoRA run on real product photographs,
 * answers of the adapter, the loss curve. Well under three minutes on two cores.
 */
export async function demo({ observer = {}, signal }: TrainOptions = {}): Promise<DemoResult> {
  const config = loadConfig({ config: "lora-r8-tiny", sets: [`train.epochs=${EPOCHS}`] });
  observer.note?.("answers of the base model to the training rows:");
  const before = await answerWithoutTraining(config, observer);

  observer.note?.(`training a rank-${config.lora.rank} LoRA adapter:`);
  const losses: number[] = [];
  const watched: Observer = {
    ...observer,
    step: (record, total) => {
      losses.push(record.loss ?? Number.NaN);
      observer.step?.(record, total);
    },
  };
  const { run, steps, loss } = await train(config, { observer: watched, ...(signal && { signal }) });

  observer.note?.("answers of the adapter:");
  const { score: after } = await evaluate({ run, split: "train", observer });
  return { run, steps, first_loss: losses[0]!, last_loss: loss, before, after, loss_curve: await drawRun(run) };
}

/** A fresh adapter changes nothing: these are the base model's own answers. */
async function answerWithoutTraining(
  config: ReturnType<typeof loadConfig>,
  observer: Observer,
): Promise<ScoreByEntity> {
  const base = await loadBase(config);
  const trained = await startTuned(config, base);
  const answers = await openAnswers("train", config, base, trained);
  try {
    return (await answers.evaluate(viewByInput(trained.layout, trained.values), observer)).score;
  } finally {
    await answers.release();
  }
}
