import { readLabel } from "../challenge/label.ts";
import type { LabelledRow } from "../challenge/label-rules.ts";
import type { Rows } from "./table.ts";

/** The columns that rules for labels look at. */
export const LABEL_COLUMNS = ["image_link", "entity_name", "entity_value"] as const;

export function* labelledRows(block: Rows): Generator<LabelledRow> {
  const [links, entities, values] = LABEL_COLUMNS.map((name) => block.column(name));
  for (let i = 0; i < block.rowCount; i++) {
    yield { link: links[i], entity: entities[i], label: readLabel(values[i]) };
  }
}
