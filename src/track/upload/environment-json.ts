import type { WandbEnvironment, WandbTimestamp } from "../../formats/wandb-record.ts";

/**
 * The machine and program of a run under the names that W&B's pages read: protobuf's own JSON, where 64-bit numbers are
 * texts, and where some fields have names of their own.
 */
export function environmentJson(environment: WandbEnvironment): Readonly<Record<string, unknown>> {
  const { startedAt, cpuCount, cpuCountLogical, gpuType, gpuCount, memory, cpu, git, ...rest } = environment;
  return withoutEmpty({
    ...rest,
    startedAt: startedAt && isoTime(startedAt),
    cpu_count: cpuCount,
    cpu_count_logical: cpuCountLogical,
    gpu: gpuType,
    gpu_count: gpuCount,
    memory: memory && { total: String(memory.total ?? 0) },
    cpu: cpu && withoutEmpty({ ...cpu }),
    git: git && withoutEmpty({ remote: git.remoteUrl, commit: git.commit }),
  });
}

function isoTime({ seconds = 0, nanos = 0 }: WandbTimestamp): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, "0");
  return `${new Date(1000 * seconds).toISOString().slice(0, 19)}.${micros}Z`;
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isThere = (value: unknown) =>
    value !== undefined && value !== "" && value !== 0 && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isThere(value)));
}
