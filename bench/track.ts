import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "table";
import { startWandbServer } from "../test/support/wandb-server.ts";

/*
 * What it costs to be looked at: the same training without a tracker and with each, in turns, each a process of its own. The
 * W&B server is a recording one on this machine, so its own work is in the figures too.
 *
 *     npm run bench:track
 */
const ROUNDS = 5;
const STEPS = 300;
const COMMON = [`train.max_steps=${STEPS}`, "train.epochs=null", "eval.every=100", "eval.max_rows=100"];
const WAYS: Readonly<Record<string, readonly string[]>> = {
  "run folder alone": ["track.wandb.mode=off"],
  TensorBoard: ["track.wandb.mode=off", "track.tensorboard=true"],
  "W&B, offline": ["track.wandb.mode=offline"],
  "W&B, online": ["track.wandb.mode=online"],
};

const server = await startWandbServer();
const env = { ...process.env, WANDB_BASE_URL: server.url, WANDB_API_KEY: "k".repeat(40) };
const times = new Map(Object.keys(WAYS).map((way) => [way, [] as number[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [way, sets] of Object.entries(WAYS)) {
    const args = [join(import.meta.dirname, "track-run.js"), ...COMMON, ...sets];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    times.get(way)!.push((JSON.parse(stdout.trim().split("\n").at(-1)!) as { seconds: number }).seconds);
  }
}
await server.close();

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const [alone] = times.values();
const rows = [...times].map(([way, list]) => {
  const ratio = median(list.map((seconds, round) => seconds / alone[round]));
  return [way, median(list).toFixed(2), ratio.toFixed(3)];
});
process.stdout.write(table([["", `s for ${STEPS} steps`, "ratio"], ...rows]));
