import { z } from "zod";
import { checkJson, parseJson } from "../formats/json.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { InputError } from "../util/errors.ts";
import { tensor } from "../util/tensor.ts";
import type { Trainer } from "./trainer.ts";

const MOMENTS = "optimizer.safetensors";
const PROGRESS = "trainer.json";

/** Files of a checkpoint that only a trainer which goes on with it needs. */
export const STATE_FILES: readonly string[] = [MOMENTS, PROGRESS];

const progressSchema = z.object({
  /** Optimiser steps taken. Order of the rows, place in them, learning rate and dropout all follow from it and the seed. */
  step: z.int().min(0),
  /** Steps in AdamW's moments. */
  optimizer_step: z.int().min(0),
  best: z.object({ step: z.int(), value: z.number() }).nullable(),
  /** Evaluations since the best one. */
  evaluations_without_better: z.int().min(0),
  /** Only where the loss is scaled. */
  loss_scale: z
    .object({ scale: z.number().positive(), good_steps: z.int().min(0), skipped_steps: z.int().min(0) })
    .optional(),
});

/** How far training is, beside the numbers of adapter and optimiser. */
export type TrainingProgress = Omit<z.infer<typeof progressSchema>, "optimizer_step" | "loss_scale">;

export const NOT_STARTED: TrainingProgress = { step: 0, best: null, evaluations_without_better: 0 };

/** Files of a checkpoint that make it resumable bit for bit, beside the adapter's own. */
export function encodeState(trainer: Trainer, progress: TrainingProgress): Record<string, string | Uint8Array> {
  const { first, second, step: optimizer_step } = trainer.optimizer;
  const moments = new Map([
    ["first_moment", tensor("f32", [first.length], first)],
    ["second_moment", tensor("f32", [second.length], second)],
  ]);
  return {
    [MOMENTS]: encodeSafetensors(moments),
    [PROGRESS]: `${JSON.stringify({ ...progress, optimizer_step, loss_scale: trainer.lossScale ?? undefined }, null, 2)}\n`,
  };
}

/**
 * Puts a checkpoint's state back into a trainer whose adapter is already the checkpoint's.
 * @throws InputError naming the file when it is not of this adapter
 */
export async function restoreState(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
  trainer: Trainer,
): Promise<TrainingProgress> {
  const moments = await decodeSafetensors(`${folder}/${MOMENTS}`, files[MOMENTS] ?? new Uint8Array());
  const parsed = progressSchema.safeParse(parseProgress(folder, files));
  const [first, second] = [moments.get("first_moment"), moments.get("second_moment")];
  const { optimizer } = trainer;
  if (
    !parsed.success ||
    first?.data.length !== optimizer.first.length ||
    second?.data.length !== optimizer.second.length
  ) {
    throw new InputError(`${folder}: ${MOMENTS} and ${PROGRESS} are not the state of a run with this adapter`, {
      hint: "resume with the configuration that the run was started with",
    });
  }
  optimizer.first.set(first.data as Float32Array);
  optimizer.second.set(second.data as Float32Array);
  const { optimizer_step, loss_scale, ...progress } = parsed.data;
  optimizer.step = optimizer_step;
  if (trainer.lossScale && loss_scale) Object.assign(trainer.lossScale, loss_scale);
  return progress;
}

/**
 * Optimiser steps that led to a checkpoint, which need not be of this version in all else.
 * @throws InputError naming the file when it does not say
 */
export function readStep(folder: string, files: Readonly<Record<string, Uint8Array>>): number {
  return checkJson(`${folder}/${PROGRESS}`, parseProgress(folder, files), progressSchema.pick({ step: true })).step;
}

function parseProgress(folder: string, files: Readonly<Record<string, Uint8Array>>): unknown {
  return parseJson(`${folder}/${PROGRESS}`, Buffer.from(files[PROGRESS] ?? "null").toString("utf8"));
}
