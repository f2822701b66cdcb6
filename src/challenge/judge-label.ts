import { memo } from "../util/memo.ts";
import { isImageLink } from "./image-name.ts";
import { readLabel } from "./label.ts";
import { LABEL_RULES, type LabelledRow, type LabelPolicy, type LimitsOf } from "./label-rules.ts";

/** A policy for each rule by its name. */
export type LabelPolicies = Readonly<Record<string, LabelPolicy>>;

/** What the rules say about one row. */
export interface Verdict {
  readonly outcome: "clean" | "kept" | "changed" | "dropped";
  /** The rule that decided: the one that dropped the row, or else changed it first, or else found it first. */
  readonly rule: string | undefined;
  /** The label after all rules. */
  readonly text: string;
  /** Its unit; "" where it has none. */
  readonly unit: string;
}

/** Judges rows by link, entity and the cell of the label. */
export type LabelJudge = (link: string, entity: string, cell: string) => Verdict;

/** A judge by these policies. What it says of a label it has seen before costs it a look into a table. */
export function labelJudge(policies: LabelPolicies, limitsOf: LimitsOf): LabelJudge {
  const judge = (hasImage: boolean) =>
    memo((entity: string) =>
      memo((cell: string) => judgeRow({ hasImage, entity, label: readLabel(cell) }, policies, limitsOf)),
    );
  const [withImage, withoutImage] = [judge(true), judge(false)];
  return (link, entity, cell) => (isImageLink(link) ? withImage : withoutImage)(entity)(cell);
}

/** Asks every rule in turn about a row; a label that one of them mends is read anew for the next. */
function judgeRow(row: LabelledRow, policies: LabelPolicies, limitsOf: LimitsOf): Verdict {
  let { label } = row;
  let [outcome, rule]: [Verdict["outcome"], string | undefined] = ["clean", undefined];
  for (const { name, meets, mend } of LABEL_RULES) {
    if (!meets({ ...row, label }, limitsOf)) continue;
    const policy = policies[name];
    if (policy === "drop") return { outcome: "dropped", rule: name, text: label.text, unit: label.unit };
    const text = mend?.[policy]?.(label);
    if (text !== undefined) {
      label = readLabel(text);
      [outcome, rule] = ["changed", outcome === "changed" ? rule : name];
    } else if (outcome === "clean") [outcome, rule] = ["kept", name];
  }
  return { outcome, rule, text: label.text, unit: label.unit };
}
