import type { Recording, RunSpan, Span } from "../engine/profile.ts";
import type { Roof } from "../engine/profile-roof.ts";
import { AGAIN } from "../engine/profile-trace.ts";
import { formatCount, formatShare } from "../util/format-number.ts";

/** What took how long, all together. */
export interface ProfileRow {
  readonly count: number;
  readonly seconds: number;
  /** Of the time of all profiled steps. */
  readonly share: number;
  /** null where nothing is multiplied. */
  readonly gflops_per_s: number | null;
  readonly roof_share: number | null;
}

export interface PhaseRow extends ProfileRow {
  /** Layers that differ in their number alone are one row. */
  readonly phase: string;
}

export interface OperatorRow extends ProfileRow {
  readonly operator: string;
  readonly shapes: string;
}

/** Where the time of some optimiser steps went. */
export interface ProfileSummary {
  readonly engine: string;
  readonly first_step: number;
  readonly last_step: number;
  /** From the beginning of the first to the end of the last. */
  readonly seconds: number;
  /** A step without compiling, evaluating and saving, on the mean. */
  readonly step: {
    readonly seconds: number;
    /** What is computed again does not count. */
    readonly model_flops: number;
    readonly gflops_per_s: number;
    readonly roof_share: number | null;
  };
  /** null: not measured. */
  readonly roof: Roof | null;
  readonly phases: readonly PhaseRow[];
  /** By time, the longest first; null: the engine does not tell. */
  readonly operators: readonly OperatorRow[] | null;
  /** What of the time is no operator's. */
  readonly outside: {
    /** In runs of programs, between operators; null: the engine does not tell. */
    readonly between_operators: number | null;
    /** On the way into programs and out of them: copies, checks, waiting for one another; null: the engine does not tell. */
    readonly around_programs: number | null;
    /** All other time: JavaScript, compiling, waiting for photographs. */
    readonly outside_programs: number;
  };
  /** Runs of programs of whose operators nothing is known, while of others it is. */
  readonly untold_runs: number;
}

/** Phases that are no part of an optimiser step itself. */
const ASIDE = new Set(["compile", "evaluate", "save"]);

/** @param steps the profiled steps, one after the other */
export function summariseProfile(
  engine: string,
  firstStep: number,
  steps: readonly Span[],
  { phases, runs }: Recording,
  roof: Roof | null,
): ProfileSummary {
  const seconds = steps.at(-1)!.end - steps[0]!.start;
  const row = (spans: readonly Span[], flops: number): ProfileRow => {
    const taken = totalSeconds(spans);
    const speed = flops > 0 && taken > 0 ? flops / taken : null;
    return {
      ...{ count: spans.length, seconds: taken, share: taken / seconds },
      gflops_per_s: speed && speed / 1e9,
      roof_share: roof && speed && speed / roof.flops_per_s,
    };
  };
  const operators = runs.flatMap((run) => run.operators);
  const tells = runs.some(({ inside }) => inside !== null);
  const own = seconds - totalSeconds(phases.filter(({ name }) => ASIDE.has(name)));
  const modelFlops = sumOf(runs.filter(isOfModel).map(({ flops }) => flops));
  const speed = modelFlops / own;
  return {
    engine,
    first_step: firstStep,
    last_step: firstStep + steps.length - 1,
    seconds,
    step: {
      seconds: own / steps.length,
      model_flops: modelFlops / steps.length,
      gflops_per_s: speed / 1e9,
      roof_share: roof && speed / roof.flops_per_s,
    },
    roof,
    phases: [
      ...groupBy(phases, ({ name }) => withoutNumber(name)).map(([phase, spans]) => ({
        phase,
        ...row(spans, sumOf(runs.filter((run) => isIn(run, phase)).map(({ flops }) => flops))),
      })),
      {
        phase: OTHER,
        ...row([], 0),
        seconds: seconds - totalSeconds(phases),
        share: 1 - totalSeconds(phases) / seconds,
      },
    ],
    operators: tells
      ? groupBy(operators, ({ operator, shapes }) => `${operator} ${shapes}`)
          .map(([, spans]) => ({
            ...{ operator: spans[0]!.operator, shapes: spans[0]!.shapes },
            ...row(spans, sumOf(spans.map(({ flops }) => flops))),
          }))
          .toSorted((a, b) => b.seconds - a.seconds)
      : null,
    outside: {
      between_operators: tells
        ? totalSeconds(runs.flatMap(({ inside }) => inside ?? [])) - totalSeconds(operators)
        : null,
      around_programs: tells ? totalSeconds(runs) - totalSeconds(runs.flatMap(({ inside }) => inside ?? [])) : null,
      outside_programs: seconds - totalSeconds(runs),
    },
    untold_runs: tells ? runs.filter(({ inside }) => inside === null).length : 0,
  };
}

const OTHER = "other";

const isOfModel = ({ phases }: RunSpan) => !phases.some((name) => ASIDE.has(name) || name.startsWith(AGAIN));
const isIn = ({ phases }: RunSpan, phase: string) => phases.length > 0 && withoutNumber(phases.at(-1)!) === phase;

/** `forward, language layer 3` is one of the `forward, language layers`. */
const withoutNumber = (name: string) => name.replace(/ \d+$/, "s");

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
const totalSeconds = (spans: readonly Pick<Span, "start" | "end">[]) =>
  sumOf(spans.map(({ start, end }) => end - start));

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups];
}

/** A summary as lines of text for a terminal. @param most rows of operators */
export function formatProfile(summary: ProfileSummary, most = 15): string {
  const { first_step: first, last_step: last, seconds, step, roof, phases, operators, outside } = summary;
  const ofRoof = step.roof_share === null ? "" : `, ${formatShare(step.roof_share)} of the roof`;
  const lines = [
    `${first === last ? `step ${first}` : `steps ${first} to ${last}`} on ${summary.engine}: ${ms(seconds)} ms in all`,
    `a step without compiling, evaluating and saving: ${ms(step.seconds)} ms, ${digits(step.model_flops / 1e9)} GFLOP, ${digits(step.gflops_per_s)} GFLOP/s${ofRoof}`,
    roof === null
      ? "the roof was not measured"
      : `the roof: ${digits(roof.flops_per_s / 1e9)} GFLOP/s, ${roof.product} in float32 on this engine`,
    "",
    ...columns([["phase", ...FIGURES], ...phases.map((row) => [row.phase, ...figures(row)])], 1),
    "",
  ];
  if (operators === null) return [...lines, "this engine does not tell what its operators take", ""].join("\n");
  const rest = operators.slice(most);
  const outer = (text: string, taken: number) => [text, "", "", ms(taken), formatShare(taken / seconds), "", ""];
  lines.push(
    ...columns(
      [
        ["operator", "shapes", ...FIGURES],
        ...operators.slice(0, most).map((row) => [row.operator, row.shapes, ...figures(row)]),
        ...(rest.length > 0
          ? [outer(rest.length === 1 ? "1 other" : `${rest.length} others`, sumOf(rest.map((row) => row.seconds)))]
          : []),
        outer("between operators", outside.between_operators!),
        outer("around programs: copies", outside.around_programs!),
        outer("outside programs: JavaScript", outside.outside_programs),
      ],
      2,
    ),
  );
  if (summary.untold_runs > 0) {
    lines.push(`of ${formatCount(summary.untold_runs)} runs of programs the operators are not known`);
  }
  return [...lines, ""].join("\n");
}

const FIGURES = ["count", "ms", "share", "GFLOP/s", "of roof"];

const figures = ({ count, seconds, share, gflops_per_s, roof_share }: ProfileRow) => [
  count === 0 ? "" : formatCount(count),
  ms(seconds),
  formatShare(share),
  gflops_per_s === null ? "" : digits(gflops_per_s),
  roof_share === null ? "" : formatShare(roof_share),
];

const ms = (seconds: number) => (seconds * 1000).toFixed(1);
const digits = (value: number) => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

/** Cells under each other: the first columns at the left, numbers at the right. */
function columns(rows: readonly (readonly string[])[], texts: number): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < texts ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}
