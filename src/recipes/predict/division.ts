import { availableParallelism } from "node:os";
import { IMAGE_LIMITS } from "../../config/data-schema.ts";
import type { Config } from "../../config/schema.ts";
import { openCheckpoint } from "../../model/checkpoint.ts";
import { parametersOf } from "../../model/lora.ts";
import { declareIn } from "../../model/model.ts";
import { paligemmaParameters } from "../../model/paligemma.ts";
import { loadedBytes } from "../../model/weight-blocks.ts";
import { availableMemory } from "../../util/available-memory.ts";
import { WEIGHT_DTYPES } from "../base.ts";

/** What of a machine is there to be used. */
export interface Room {
  readonly cores: number;
  /** Memory in bytes. */
  readonly free: number;
}

/** How parts share a machine. */
export interface Division extends Room {
  readonly parts: number;
  /** Processes at a time. */
  readonly atOnce: number;
  /** Of each process's engine; null: it decides. */
  readonly threads: number | null;
  /** Memory that one process takes, roughly, in bytes. */
  readonly each: number;
}

export interface WorkToDivide {
  /** That are not answered yet, 1 or more. */
  readonly parts: number;
  /** Of the model in memory. */
  readonly weightBytes: number;
  /** Of the engine, as configured. */
  readonly threads: number | null;
  /** Whether it computes on a device. */
  readonly onDevice: boolean;
  /** Processes at a time, whatever room there is. */
  readonly atOnce?: number | undefined;
}

/**
 * Beside its weights a process holds what it computes with, about a third as much, Node, engine and photographs, and the
 * largest photograph that there may be while it is decoded.
 */
const WORKING_SHARE = 1.3;
const WORKING_BYTES = 600e6 + 10 * IMAGE_LIMITS.pixels;

/** As many processes as parts, cores and memory allow, one on a device of its own; the cores are shared among them. */
export function divideWork(work: WorkToDivide, room: Room): Division {
  const { parts, weightBytes, onDevice, atOnce: wanted } = work;
  const each = weightBytes * WORKING_SHARE + WORKING_BYTES;
  const cores = Math.floor(room.cores / (work.threads ?? 1));
  const most = onDevice ? 1 : Math.min(cores, Math.floor(room.free / each));
  const atOnce = Math.min(parts, Math.max(1, wanted ?? most));
  const threads = work.threads ?? (onDevice ? null : Math.max(1, Math.floor(room.cores / atOnce)));
  return { ...room, parts, atOnce, threads, each };
}

/** `4 parts, 2 at once, 1 thread each: 14.2 GiB are free, a process takes about 1.6 GiB` */
export function describeDivision({ parts, atOnce, threads, free, each }: Division): string {
  const own = threads === null ? "" : `, ${threads} ${threads === 1 ? "thread" : "threads"} each`;
  const memory = `${gibibytes(free)} GiB are free, a process takes about ${gibibytes(each)} GiB`;
  return `${parts} ${parts === 1 ? "part" : "parts"}, ${atOnce} at once${own}: ${memory}`;
}

const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);

/** This machine's, or of the container that the process is held in. */
export const roomHere = (): Room => ({ cores: availableParallelism(), free: availableMemory() });

/** Bytes that the weights of a base take in memory. @throws InputError when it is not whole */
export async function weightBytes(folder: string, weights: Config["engine"]["weights"]): Promise<number> {
  await using checkpoint = await openCheckpoint(folder);
  checkpoint.check(parametersOf(paligemmaParameters(checkpoint.config)));
  const { config, dtype } = declareIn(checkpoint.config, WEIGHT_DTYPES[weights]);
  return loadedBytes(parametersOf(paligemmaParameters(config)), dtype);
}
