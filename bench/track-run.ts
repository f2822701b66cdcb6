import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config/load.ts";
import { train } from "../src/recipes/train.ts";

/*
 * Trains the shipped nano rows with the settings that are given, and prints the seconds from the end of step 20, when all is
 * compiled, to the end of the last step: evaluations and what is logged between steps are in them.
 */
const WARM_UP = 20;

const dir = mkdtempSync(join(tmpdir(), "amlc-track-"));
try {
  const sets = [...process.argv.slice(2), `run.dir=${dir}`];
  const config = loadConfig({ config: "lora-r8-nano-2500", sets });
  const ends: number[] = [];
  await train(config, { observer: { step: () => void ends.push(performance.now()) } });
  process.stdout.write(`${JSON.stringify({ seconds: (ends.at(-1)! - ends[WARM_UP - 1]) / 1000 })}\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
