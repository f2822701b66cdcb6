import type { LabelJudge, Verdict } from "../challenge/judge-label.ts";
import { readLabel } from "../challenge/label.ts";
import { labelMeaning, labelSize } from "../challenge/label-size.ts";
import type { Policies } from "./clean-report.ts";
import { linksOf } from "./image-links.ts";
import { judgeBlock } from "./judge-block.ts";
import type { QuestionKeys } from "./repeated-rows.ts";
import type { TableFile } from "./table.ts";

interface Twin {
  readonly row: number;
  readonly verdict: Verdict;
  /** Two labels with the same say the same. */
  readonly meaning: string;
  /** NaN where the unit is not known. */
  readonly size: number;
}

/** Verdicts, by row number, on rows that ask what another row asks. Keeps the labels of these rows in memory. */
export async function findFates(
  table: TableFile,
  keys: QuestionKeys,
  judge: LabelJudge,
  policies: Policies,
): Promise<ReadonlyMap<number, Verdict>> {
  const repeated = keys.repeated();
  const questions = new Map<string, Twin[]>();
  let row = 0;
  for await (const block of table.blocks()) {
    const [links, entities] = [linksOf(block), block.column("entity_name")];
    for (const [i, verdict] of judgeBlock(block, judge).entries()) {
      if (repeated.has(keys.key(row))) push(questions, `${entities[i]} ${links[i]}`, toTwin(row, verdict));
      row++;
    }
  }
  return new Map([...questions.values()].flatMap((twins) => fatesOf(twins, policies)));
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function toTwin(row: number, verdict: Verdict): Twin {
  return { row, verdict, meaning: labelMeaning(verdict.text), size: labelSize(readLabel(verdict.text)) };
}

function fatesOf(twins: readonly Twin[], { contradiction, duplicate }: Policies): [number, Verdict][] {
  const isContradiction = new Set(twins.map(({ meaning }) => meaning)).size > 1;
  const best = twins.reduce<number | undefined>((a, { size }) => extreme(contradiction, a ?? size, size), undefined);
  const isKept = contradiction === "keep" || Number.isNaN(best); // of sizes that are not known none is the best
  const said = new Set<string>();
  return twins.flatMap(({ row, verdict, meaning, size }): [number, Verdict][] => {
    const fate = (rule: string, outcome: "dropped" | "kept"): [number, Verdict][] => [
      [row, { ...verdict, outcome: outcome === "kept" && verdict.outcome === "changed" ? "changed" : outcome, rule }],
    ];
    if (isContradiction && !isKept && size !== best) return fate("contradiction", "dropped");
    if (said.has(meaning)) return fate("duplicate", duplicate === "drop" ? "dropped" : "kept");
    said.add(meaning);
    return isContradiction ? fate("contradiction", "kept") : [];
  });
}

/** Undefined where the policy wants neither: then no row is the best. */
function extreme(policy: Policies["contradiction"], a: number, b: number): number | undefined {
  if (policy !== "max" && policy !== "min") return undefined;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? b : a; // a size that is not known is no rival
  return Math[policy](a, b);
}
