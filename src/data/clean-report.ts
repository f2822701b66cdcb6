import { splitOfficial, strip } from "../challenge/answer.ts";
import type { Verdict } from "../challenge/judge-label.ts";
import { LABEL_RULES, type LabelPolicy } from "../challenge/label-rules.ts";
import type { DataSettings } from "../config/data-schema.ts";
import type { Rows } from "./table.ts";

export type Policies = Omit<DataSettings["clean"], "limits">;

/** Faults that rows have with one another. */
const TABLE_RULES = [
  { name: "contradiction", finds: "another value for the same image and entity" },
  { name: "duplicate", finds: "what an earlier row says" },
] as const;

/** Rows by what became of them: each row with a fault stands in one line, that of the rule which decided. */
export interface RuleReport {
  readonly rule: string;
  readonly finds: string;
  readonly policy: LabelPolicy;
  readonly rows: number;
  readonly dropped: number;
  readonly changed: number;
  readonly kept: number;
  /** Rows among them whose label was not of the official form "x unit". */
  readonly odd: number;
  /** The first few labels, as they were. */
  readonly examples: readonly string[];
}

export interface CleanReport {
  readonly rows_in: number;
  readonly rows_out: number;
  readonly dropped: number;
  readonly changed: number;
  /** Labels that were not of the official form, in all; the rules' figures add up to it. */
  readonly odd: number;
  readonly rules: readonly RuleReport[];
}

const EXAMPLES = 3;

/** Counts verdicts block by block. */
export function countRules(policies: Policies) {
  const rules = [...LABEL_RULES, ...TABLE_RULES].map(({ name, finds }) => ({
    ...{ rule: name, finds, policy: policies[name as keyof Policies] as LabelPolicy },
    ...{ rows: 0, dropped: 0, changed: 0, kept: 0, odd: 0, examples: [] as string[] },
  }));
  const byName = new Map(rules.map((rule) => [rule.rule, rule]));
  let [rowsIn, odd] = [0, 0];
  return {
    add(block: Rows, verdicts: readonly Verdict[]): void {
      const values = block.column("entity_value");
      rowsIn += block.rowCount;
      verdicts.forEach(({ outcome, rule: name }, i) => {
        if (outcome === "clean") return; // and its label of the official form
        const isOdd = !splitOfficial(strip(values[i]));
        odd += +isOdd;
        const rule = byName.get(name!)!;
        rule.rows++;
        rule[outcome]++;
        rule.odd += +isOdd;
        if (rule.examples.length < EXAMPLES && !rule.examples.includes(values[i])) rule.examples.push(values[i]);
      });
    },
    report(): CleanReport {
      const sum = (key: "dropped" | "changed") => rules.reduce((total, rule) => total + rule[key], 0);
      const dropped = sum("dropped");
      return { rows_in: rowsIn, rows_out: rowsIn - dropped, dropped, changed: sum("changed"), odd, rules };
    },
  };
}
