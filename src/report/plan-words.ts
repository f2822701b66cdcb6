import { type Bytes, KIND_WORDS, KINDS, totalBytes } from "../engine/memory-kinds.ts";
import { formatShare } from "../util/format-number.ts";
import type { PlanRecord } from "./plan-record.ts";
import { duration } from "./words.ts";

/** 8.41 GB: of 10⁹ bytes, as makers of devices count them. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

/** 4.7 TFLOP/s */
export function flopsASecond(rate: number): string {
  return rate >= 1e12 ? `${(rate / 1e12).toFixed(rate >= 1e13 ? 0 : 1)} TFLOP/s` : `${(rate / 1e9).toFixed(1)} GFLOP/s`;
}

/** 5.13 TFLOP, 11.4 GFLOP, none */
export function operations(flops: number): string {
  if (flops === 0) return "none";
  const [unit, size] = flops >= 1e12 ? ["TFLOP", 1e12] : flops >= 1e9 ? ["GFLOP", 1e9] : ["MFLOP", 1e6];
  return `${(flops / size).toPrecision(3)} ${unit}`;
}

/** 11.7 s, 0.0023 s */
export const stepTime = (seconds: number): string =>
  seconds < 1 ? `${Number(seconds.toPrecision(2))} s` : duration(seconds);

const BAR = 24;

/** The kinds that there are, with their share of the whole. */
function memoryRows(
  bytes: Bytes,
): readonly { readonly kind: string; readonly bytes: number; readonly share: number }[] {
  const total = totalBytes(bytes);
  return KINDS.filter((kind) => bytes[kind] > 0).map((kind) => ({
    kind,
    bytes: bytes[kind],
    share: bytes[kind] / total,
  }));
}

/** The kinds as lines of text. */
export function memoryTable(bytes: Bytes): string {
  const rows = memoryRows(bytes).map(({ kind, bytes: size, share }) => ({
    name: kind,
    size: gigabytes(size),
    share: formatShare(share),
    bar: "█".repeat(Math.round(BAR * share)),
    words: KIND_WORDS[kind as keyof typeof KIND_WORDS],
  }));
  const lines = rows.map(
    ({ name, size, share, bar, words }) =>
      `  ${name.padEnd(10)}${size.padStart(10)}${share.padStart(8)}  ${bar.padEnd(BAR)}  ${words}`,
  );
  return [...lines, `  ${"in all".padEnd(10)}${gigabytes(totalBytes(bytes)).padStart(10)}`].join("\n");
}

/** Where the rate is from, and what of it a step is assumed to reach. */
export function rateWords({ rate }: PlanRecord): string {
  const { source, what, flops_a_second, efficiency, whole } = rate;
  const from = { measured: "measured here now", published: "published by its maker", given: "as given" }[source];
  const wholes = Object.entries(whole)
    .map(([weights, flops]) => `; products with ${weights} weights: ${flopsASecond(flops)}`)
    .join("");
  const like = source === "published" ? ", as onnxruntime did on an H100" : "";
  return `${flopsASecond(flops_a_second)} (${what}; ${from}), of which a step is assumed to reach ${formatShare(efficiency)}${like}${wholes}`;
}

/** How long a step and the run take. */
export function timeWords({ seconds_a_step, accumulate, steps, hours }: PlanRecord): string {
  const micro = accumulate > 1 ? ` of ${accumulate} micro-batches` : "";
  const run =
    steps === null
      ? "the training table is not there: hours of the run are not known"
      : `${steps} steps: ${duration(hours! * 3600)}`;
  return `a step${micro}: ${stepTime(seconds_a_step)}; ${run}`;
}

/** How to come by a base that a proposal names; undefined: none does. */
export function quantizeWords({ base, proposals }: PlanRecord): string | undefined {
  const set = proposals.flatMap(({ changes }) => changes).find((change) => change.startsWith("base="));
  const bits = set?.at(-1);
  return set && `${set} is made by: amlc model quantize ${base.name} --bits ${bits} -o ${set.slice("base=".length)}`;
}

/** How the step is computed. */
export function wayWords({ programs, kept, residuals }: PlanRecord): string {
  if (kept === null) return `one program, residuals ${residuals === "recompute" ? "computed again" : "kept"}`;
  return `${programs === "layers" ? "a program a layer" : "one program"}, residuals of ${kept.layers} of ${kept.of} layers kept`;
}
