import type { Verdict } from "../challenge/judge-label.ts";
import { readLabel } from "../challenge/label.ts";
import type { LabelFacts, LabelledRow } from "../challenge/label-rules.ts";
import type { Policies } from "./clean-report.ts";
import { labelledRows } from "./labelled-rows.ts";
import { QuestionKeys } from "./repeated-rows.ts";
import type { TableFile } from "./table.ts";

interface Twin {
  readonly row: number;
  readonly verdict: Verdict;
  /** Two labels with the same say the same. */
  readonly meaning: string;
  /** NaN where the unit is not known. */
  readonly size: number;
}

export type Judge = (row: LabelledRow) => Verdict;

/**
 * Verdicts, by row number, on rows that ask what another row asks. Memory: 8 bytes a row, and the labels of the rows that
 * are not alone.
 */
export async function findFates(
  table: TableFile,
  judge: Judge,
  policies: Policies,
  facts: LabelFacts,
): Promise<ReadonlyMap<number, Verdict>> {
  const keys = new QuestionKeys();
  for await (const block of table.blocks()) {
    for (const row of labelledRows(block)) {
      if (judge(row).outcome === "dropped") keys.skip();
      else keys.add(row.link, row.entity);
    }
  }
  const repeated = keys.repeated();
  const questions = new Map<string, Twin[]>();
  let first = 0;
  if (repeated.size > 0) {
    for await (const block of table.blocks()) {
      let i = first;
      for (const row of labelledRows(block)) {
        if (repeated.has(keys.key(i))) {
          const question = `${row.entity} ${row.link}`;
          const twins = questions.get(question) ?? [];
          twins.push(toTwin(i, judge(row), facts));
          questions.set(question, twins);
        }
        i++;
      }
      first += block.rowCount;
    }
  }
  return new Map([...questions.values()].flatMap((twins) => fatesOf(twins, policies)));
}

function toTwin(row: number, verdict: Verdict, facts: LabelFacts): Twin {
  const { form, numbers, unit, text } = readLabel(verdict.text);
  const size = form === "official" ? Number(numbers[0]) * (facts.sizeOf(unit) ?? Number.NaN) : Number.NaN;
  return { row, verdict, meaning: Number.isNaN(size) ? text : size.toPrecision(12), size };
}

function fatesOf(twins: readonly Twin[], { contradiction, duplicate }: Policies): [number, Verdict][] {
  const isContradiction = new Set(twins.map(({ meaning }) => meaning)).size > 1;
  const best = twins.reduce<number | undefined>((a, { size }) => extreme(contradiction, a ?? size, size), undefined);
  const said = new Set<string>();
  return twins.flatMap(({ row, verdict, meaning, size }): [number, Verdict][] => {
    const fate = (rule: string, outcome: "dropped" | "kept"): [number, Verdict][] => [
      [row, { ...verdict, outcome: outcome === "kept" && verdict.outcome === "changed" ? "changed" : outcome, rule }],
    ];
    if (isContradiction && contradiction !== "keep" && size !== best) return fate("contradiction", "dropped");
    if (said.has(meaning)) return fate("duplicate", duplicate === "drop" ? "dropped" : "kept");
    said.add(meaning);
    return isContradiction ? fate("contradiction", "kept") : [];
  });
}

/** Undefined where the policy wants neither: then no row is the best. */
function extreme(policy: Policies["contradiction"], a: number, b: number): number | undefined {
  return policy === "max" || policy === "min" ? Math[policy](a, b) : undefined;
}
