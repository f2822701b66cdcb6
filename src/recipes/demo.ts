import type { ScoreByEntity } from "../challenge/score.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { viewByInput } from "../train/layout.ts";
import { openAnswers } from "./answers.ts";
import { loadBase } from "./base.ts";
import { evaluate } from "./evaluate.ts";
import type { Observer } from "./observer.ts";
import { drawRun } from "./picture.ts";
import { reportRun } from "./report.ts";
import type { Watch } from "./rows.ts";
import { train } from "./train.ts";
import type { TrainOptions } from "./training-loop.ts";
import { startTuned } from "./tuned.ts";

const PRESET = "lora-r8-nano-2500";

export interface DemoOptions extends TrainOptions {
  /** Settings to change, as `train.max_steps=20`. */
  readonly sets?: readonly string[];
}

export interface DemoResult {
  readonly run: string;
  readonly steps: number;
  readonly first_loss: number;
  readonly last_loss: number;
  /** On rows that are not trained on, before and after. */
  readonly before: ScoreByEntity;
  readonly after: ScoreByEntity;
  /** Path of the picture. */
  readonly loss_curve: string;
  /** Path of the run's page: curve, scores, right and wrong answers with their pictures. */
  readonly report: string;
}

/**
 * The whole way on what ships with the package: labels drawn for real rows of the challenge, answers of the nano base to rows
 * that it is not trained on, a rank-8 LoRA run, answers of the adapter to the same rows, and a page about all that.
 */
export async function demo({ observer = {}, signal, sets = [] }: DemoOptions = {}): Promise<DemoResult> {
  const config = loadConfig({ config: PRESET, sets });
  observer.note?.("answers of the base model to rows that it will not be trained on:");
  const before = await answerWithoutTraining(config, { observer, ...(signal && { signal }) });

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
  const { score: after } = await evaluate({ run, split: "val", observer });
  const [loss_curve, { html }] = [await drawRun(run), await reportRun({ run })];
  return { run, steps, first_loss: losses[0]!, last_loss: loss, before, after, loss_curve, report: html };
}

/** A fresh adapter changes nothing: these are the base model's own answers. */
async function answerWithoutTraining(config: Config, watch: Watch): Promise<ScoreByEntity> {
  const base = await loadBase(config);
  const trained = await startTuned(config, base);
  const answers = await openAnswers("val", config, base, trained, watch);
  try {
    return (await answers.evaluate(viewByInput(trained.layout, trained.values), watch.observer)).score;
  } finally {
    await answers.release();
  }
}
