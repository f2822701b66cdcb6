import { join } from "node:path";
import { drawLossCurve } from "../report/loss-curve.ts";
import { runFolder } from "../runs/folder.ts";
import { readHistory } from "../runs/history.ts";
import { writeFileAtomic } from "../util/files.ts";

/** Draws the loss curve of the run at `path` as `loss-curve.svg` in its folder, and says where that is. */
export async function drawRun(path: string): Promise<string> {
  const run = runFolder(path);
  const file = join(run.path, "loss-curve.svg");
  await writeFileAtomic(file, await drawLossCurve(readHistory(run.history), run.name));
  return file;
}
