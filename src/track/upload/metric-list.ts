import type { WandbMetric } from "../../formats/wandb-record.ts";

type Definition = Readonly<Omit<WandbMetric, "globName">> & { readonly name: string };

/** Numbers of the fields in W&B's messages, in which the server reads definitions from the configuration. */
const OPTIONS = { stepSync: 1, hidden: 2, defined: 3 } as const;
const SUMMARIES = { min: 1, max: 2, mean: 3, last: 5, none: 6, first: 8 } as const;

/** How metrics of a run were defined, as they stand in its configuration: fields by their number. */
export class MetricList {
  readonly #definitions = new Map<string, Definition>();

  /** A second definition adds to the first. Patterns are the writer's: it defines each metric that fits one. */
  add(metric: WandbMetric): void {
    const { name } = metric;
    if (!name) return;
    const before = this.#definitions.get(name);
    this.#definitions.set(name, {
      ...before,
      ...metric,
      name,
      stepMetric: metric.stepMetric || before?.stepMetric || "",
      goal: metric.goal || before?.goal || 0,
      options: { ...flags(before?.options), ...flags(metric.options), defined: true },
      summary: { ...before?.summary, ...flags(metric.summary) },
    });
  }

  /** A metric stands before the one that it is drawn over, which it names by its place, counted from 1. */
  byNumber(): readonly object[] {
    const list: object[] = [];
    const places = new Map<string, number>();
    const put = (name: string): number => {
      const found = places.get(name);
      if (found !== undefined) return found;
      const place = list.push({});
      places.set(name, place);
      const { stepMetric, options, summary, goal } = this.#definitions.get(name) ?? { name };
      list[place - 1] = {
        1: name,
        ...(stepMetric && { 5: put(stepMetric) }),
        6: numbersOf(options, OPTIONS),
        7: numbersOf(summary, SUMMARIES),
        ...(goal && { 8: goal }),
      };
      return place;
    };
    for (const name of this.#definitions.keys()) put(name);
    return list;
  }
}

const flags = <T extends object>(fields: T | undefined) =>
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value === true)) as Partial<T>;

function numbersOf(fields: object | undefined, numbers: Readonly<Record<string, number>>): readonly number[] {
  return Object.entries(numbers).flatMap(([name, number]) =>
    (fields as Record<string, unknown> | undefined)?.[name] === true ? [number] : [],
  );
}
