import { writeExtendedJson } from "../formats/extended-json.ts";
import type { WandbItem, WandbMetric } from "../formats/wandb-record.ts";

/** What a run's summary keeps of a metric: one number of all its rows, or nothing. */
export type SummaryStatistic = "min" | "max" | "mean" | "last" | "first" | "none";

/** How a metric is told to Weights & Biases, by its name or by the beginning of names: `eval/*`. */
export interface MetricDefinition {
  /** The metric along which it is drawn, instead of the step. A row that lacks it gets its last value. */
  readonly stepMetric?: string;
  /** What the summary has of it; the last value when nothing is named. */
  readonly summary?: SummaryStatistic | readonly SummaryStatistic[];
  /** Whether less or more of it is better. */
  readonly goal?: "minimize" | "maximize";
}

/** A value of a row: the names that lead to it, its JSON. */
export interface Leaf {
  readonly path: readonly string[];
  readonly json: string;
}

interface Metric {
  latest: string;
  first: string;
  min: number;
  max: number;
  total: number;
  count: number;
}

/**
 * The summary of a run as the rows make it: the last value of each metric, or the statistics it is defined with, in an object
 * `{"max": 0.7}`, of which what is no number is no part. A value that was set by hand stays until a row has the metric.
 */
export class RunSummary {
  readonly #definitions = new Map<string, WandbMetric>();
  readonly #metrics = new Map<string, Metric>();
  readonly #items = new Map<string, WandbItem>();
  readonly #steps = new Map<string, string>();

  define(metric: WandbMetric): void {
    this.#definitions.set(metric.name || metric.globName || "", metric);
    if (metric.stepMetric && !this.#steps.has(metric.stepMetric)) this.#steps.set(metric.stepMetric, "0");
  }

  /** Definitions of the row's metrics that follow from those of the beginnings of their names, each once. */
  expand(row: readonly Leaf[]): readonly WandbMetric[] {
    const globs = [...this.#definitions.values()].filter(({ globName }) => globName);
    if (globs.length === 0) return [];
    return row.flatMap(({ path }) => {
      const name = path.join(".");
      const glob = globs.find(({ globName }) => name.startsWith(globName!.slice(0, -1)));
      if (!glob || name.startsWith("_") || this.#definitions.has(name)) return [];
      const { globName, ...rest } = glob;
      const metric = { ...rest, name, expandedFromGlob: true, _control: { overwrite: true } };
      this.define(metric);
      return [metric];
    });
  }

  /** Sets a value by hand. */
  set(item: WandbItem): void {
    this.#items.set(nameOf(item), item);
  }

  /** Step metrics that the row's metrics are drawn along and that it lacks, with their last values. */
  missingSteps(row: readonly Leaf[]): readonly Leaf[] {
    if (this.#steps.size === 0) return [];
    const present = new Set(row.map(({ path }) => path.join(".")));
    const wanted = new Set([...present].flatMap((name) => this.#definitions.get(name)?.stepMetric ?? []));
    return [...wanted]
      .filter((step) => !present.has(step) && this.#steps.has(step))
      .map((step) => ({ path: [step], json: this.#steps.get(step)! }));
  }

  /** Takes a row in. Returns what it changes of the summary. */
  add(row: readonly Leaf[]): readonly WandbItem[] {
    return row.flatMap(({ path, json }) => {
      const name = path.join(".");
      if (this.#steps.has(name)) this.#steps.set(name, json);
      const metric = takeIn(this.#metrics.get(name), json);
      this.#metrics.set(name, metric);
      const valueJson = summaryOf(metric, this.#definitions.get(name)?.summary);
      if (valueJson === undefined) return [];
      const item = { nestedKey: path, valueJson };
      this.#items.set(name, item);
      return [item];
    });
  }

  /** All of it. */
  items(): readonly WandbItem[] {
    return [...this.#items.values()];
  }
}

const nameOf = ({ key, nestedKey }: WandbItem) => (nestedKey?.length ? nestedKey.join(".") : (key ?? ""));

function takeIn(metric: Metric | undefined, json: string): Metric {
  const value = isNumber.test(json) ? Number(json) : Number.NaN;
  const { first, min, max, total, count } = metric ?? {
    first: json,
    min: Infinity,
    max: -Infinity,
    total: 0,
    count: 0,
  };
  if (Number.isNaN(value)) return { latest: json, first, min, max, total, count };
  return {
    latest: json,
    first,
    min: Math.min(min, value),
    max: Math.max(max, value),
    total: total + value,
    count: count + 1,
  };
}

const isNumber = /^-?(\d|Infinity$)/;

/** JSON; undefined where the summary has nothing of the metric. */
function summaryOf(metric: Metric, wanted: WandbMetric["summary"]): string | undefined {
  if (wanted?.none) return undefined;
  const { latest, first, min, max, total, count } = metric;
  const statistics = [
    wanted?.last && `"last":${latest}`,
    wanted?.first && `"first":${first}`,
    count > 0 && wanted?.max && `"max":${writeExtendedJson(max)}`,
    count > 0 && wanted?.min && `"min":${writeExtendedJson(min)}`,
    count > 0 && wanted?.mean && `"mean":${writeExtendedJson(total / count)}`,
  ].filter((text) => typeof text === "string");
  const isWanted = wanted !== undefined && Object.values(wanted).some(Boolean);
  if (!isWanted) return latest;
  return statistics.length === 0 ? undefined : `{${statistics.join(",")}}`;
}
