import type { LabelJudge, Verdict } from "../challenge/judge-label.ts";
import { linksOf } from "./image-links.ts";
import type { Rows } from "./table.ts";

/** The columns that rules for labels look at. */
export const LABEL_COLUMNS = ["image_link", "entity_name", "entity_value"] as const;

/** A verdict on each row of a block. */
export function judgeBlock(block: Rows, judge: LabelJudge): Verdict[] {
  const [links, entities, values] = [linksOf(block), block.column("entity_name"), block.column("entity_value")];
  return links.map((link, i) => judge(link, entities[i], values[i]));
}
