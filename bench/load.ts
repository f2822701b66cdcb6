import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { loadConfig } from "../src/config/load.ts";
import { closeAll, openShards } from "../src/model/shards.ts";
import { loadBase } from "../src/recipes/base.ts";
import { type Limiter, limitConcurrency } from "../src/util/concurrency.ts";

/**
 * One process of the loading benchmark: a base with its tokenizer and engine, or the bytes of the same files and nothing more,
 * each tensor's into new memory, `atOnce` tensors at a time. Seconds, as a line of JSON.
 */
const [what, folder, atOnce] = [process.argv[3], process.argv[2]!, Number(process.argv[4] ?? Number.POSITIVE_INFINITY)];
const config = loadConfig({ config: "lora-r8-tiny", sets: [`base=${folder}`, "engine.weights=fp16"] });
const start = performance.now();
const before = process.cpuUsage();
const held = what === "base" ? await loadBase(config) : await readBytes();
const wall_s = (performance.now() - start) / 1e3;
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${JSON.stringify({ wall_s, cpu_s: (user + system) / 1e6, held: Object.keys(held).length })}\n`);

async function readBytes(): Promise<readonly Uint8Array[]> {
  const shards = await openShards(folder);
  const tokenizer = await readFile(join(folder, "tokenizer.json"));
  const inTurn = limitConcurrency(atOnce);
  const read = shards.map(({ path, entries }) => readShard(path, [...entries.values()], inTurn));
  const tensors = (await Promise.all(read)).flat();
  await closeAll(shards);
  return [tokenizer, ...tensors];
}

/** Bytes from `begin` (inclusive) to `end` (exclusive). */
interface Stretch {
  readonly begin: number;
  readonly end: number;
}

async function readShard(path: string, stretches: readonly Stretch[], inTurn: Limiter): Promise<Uint8Array[]> {
  const tensors = stretches.map(({ begin, end }) => new Uint8Array(end - begin));
  const file = await open(path);
  const read = async (into: Uint8Array, from: number) => {
    const { bytesRead } = await file.read(into, 0, into.length, from);
    if (bytesRead !== into.length) throw new Error(`${path}: ${bytesRead} of ${into.length} bytes were read`);
  };
  await Promise.all(tensors.map((bytes, i) => inTurn(() => read(bytes, stretches[i]!.begin))));
  await file.close();
  return tensors;
}
