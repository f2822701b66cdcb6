import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { calibrate } from "../../challenge/calibration.ts";
import type { Config } from "../../config/schema.ts";
import { readJson } from "../../formats/json.ts";
import type { RunFolder } from "../../runs/folder.ts";

/** Whether an answer of this confidence, 0 to 1, is left blank. */
export type BlankRule = (confidence: number) => boolean;

/** What is read of a run's calibration.json. */
const CalibrationSchema = z.looseObject({ a: z.number(), b: z.number(), threshold: z.number() });

const NEVER: BlankRule = () => false;

/**
 * The rule of decode.min_confidence: a number is the least confidence; auto is the least chance to be right by the run's
 * calibration.json, and blanks nothing while there is none. @throws InputError when that file is no calibration
 */
export async function blankRule(
  { decode }: Pick<Config, "decode">,
  { path }: Pick<RunFolder, "path">,
): Promise<BlankRule> {
  const least = decode.min_confidence;
  if (least === null) return NEVER;
  if (typeof least === "number") return (confidence) => confidence < least;
  const file = join(path, "calibration.json");
  if (!existsSync(file)) return NEVER;
  const { threshold, ...platt } = await readJson(file, CalibrationSchema);
  return (confidence) => calibrate(confidence, platt) < threshold;
}
