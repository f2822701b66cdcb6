import { tfjsEngine } from "../src/engine/tfjs/tfjs.ts";
import { nanoBatch, nanoModel, nanoTrainer } from "./nano.ts";

/** Where a training step of the nano model spends its time on a backend of tfjs: seconds and calls by op, as JSON. */
const [backend, rows] = process.argv.slice(2) as ["tensorflow" | "wasm" | "cpu", string];
const spent = new Map<string, { op: string; calls: number; ms: number }>();
const engine = await tfjsEngine({
  backend,
  onKernel(op, ms) {
    const entry = spent.get(op) ?? { op, calls: 0, ms: 0 };
    entry.calls++;
    entry.ms += ms;
    spent.set(op, entry);
  },
});
const trainer = nanoTrainer(nanoModel(), engine);
const batch = nanoBatch(Number(rows));
if (backend === "tensorflow") await trainer.differentiate([batch], 1);
spent.clear();
await trainer.differentiate([batch], 2);
process.stdout.write(`${JSON.stringify([...spent.values()].toSorted((a, b) => b.ms - a.ms))}\n`);
process.exit();
