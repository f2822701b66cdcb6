import { join } from "node:path";
import {
  type Calibration,
  calibrateRows,
  encodeCalibration,
  fitCalibration,
  type Reliability,
  reliability,
} from "../challenge/calibration.ts";
import { reliabilitySpec } from "../report/reliability-chart.ts";
import { renderSvg } from "../report/vega-svg.ts";
import type { RunFolder } from "../runs/folder.ts";
import { writeFileAtomic } from "../util/files.ts";
import type { Prediction } from "./answers.ts";

const CHART_WIDTH = 640; // pixels

export interface CalibrationReport extends Calibration {
  /** Before and after calibration. */
  readonly before: Reliability;
  readonly after: Reliability;
  /** `calibration.json`, which answers of this run go by from now on, and `calibration.svg`. */
  readonly files: readonly string[];
}

/** Fits what a run's confidences mean to answers whose truth is known, and keeps it in the run's folder with a diagram. */
export async function calibrateRun(run: RunFolder, predictions: readonly Prediction[]): Promise<CalibrationReport> {
  const calibration = fitCalibration(predictions);
  const [before, after] = [reliability(predictions), reliability(calibrateRows(predictions, calibration))];
  const files = [join(run.path, "calibration.json"), join(run.path, "calibration.svg")] as const;
  await writeFileAtomic(files[0], encodeCalibration(calibration));
  await writeFileAtomic(
    files[1],
    await renderSvg(reliabilitySpec(before, after, { width: CHART_WIDTH, isAlone: true })),
  );
  return { ...calibration, before, after, files };
}
