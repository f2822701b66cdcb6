import { outcomeOf } from "../../challenge/score.ts";
import { BadRowError } from "../../data/bad-rows.ts";
import { promptOf } from "../../data/prompt.ts";
import type { Sample } from "../../data/samples.ts";
import { makeThumbnail } from "../../data/thumbnail.ts";
import type { Prediction } from "../answers.ts";
import type { Picture, ShownRow } from "./sink.ts";

const SIDE = 240;

/** `count` things out of a list, evenly from its first to its last. */
export function evenly<T>(list: readonly T[], count: number): readonly T[] {
  if (count >= list.length) return list;
  if (count === 1) return list.slice(0, 1);
  return Array.from({ length: count }, (_, i) => list[Math.round((i * (list.length - 1)) / (count - 1))]);
}

/** Shows `count` rows of an evaluation, the same ones each time; a photograph is made small once. */
export function rowShower(samples: readonly Sample[], prompt: string, count: number) {
  const chosen = new Map(evenly(samples, count).map((sample) => [sample.index, sample]));
  const pictures = new Map<string, Promise<Picture | null>>();
  const pictureOf = ({ imagePath, imageSize }: Sample) => {
    if (!pictures.has(imagePath)) pictures.set(imagePath, makePicture(imagePath, imageSize));
    return pictures.get(imagePath)!;
  };
  return async (predictions: readonly Prediction[]): Promise<readonly ShownRow[]> =>
    Promise.all(
      predictions.flatMap((row) => {
        const sample = chosen.get(row.index);
        return sample ? [showRow(row, sample, prompt, pictureOf(sample))] : [];
      }),
    );
}

async function showRow(
  { index, entity_name, truth, prediction, confidence }: Prediction,
  sample: Sample,
  prompt: string,
  picture: Promise<Picture | null>,
): Promise<ShownRow> {
  return {
    index,
    entity: entity_name,
    question: promptOf(sample, prompt),
    truth,
    answer: prediction,
    confidence,
    outcome: outcomeOf(prediction, truth),
    picture: await picture,
  };
}

async function makePicture(path: string, { width, height }: Sample["imageSize"]): Promise<Picture | null> {
  try {
    const jpeg = await makeThumbnail(path, SIDE);
    const scale = Math.min(1, SIDE / Math.max(width, height));
    return { jpeg, width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  } catch (error) {
    if (error instanceof BadRowError) return null;
    throw error;
  }
}
