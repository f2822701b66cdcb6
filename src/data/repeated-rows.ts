import type { Verdict } from "../challenge/judge-label.ts";
import { textHash } from "../util/hash.ts";
import { memo } from "../util/memo.ts";
import { NumberList } from "../util/number-list.ts";
import { linksOf } from "./image-links.ts";
import type { Rows } from "./table.ts";

/** One number for each row: what names its question, so that rows with the same question have the same number. */
export class QuestionKeys {
  readonly #keys = new NumberList();
  readonly #hashOf = memo(textHash);

  /** The next rows; those that are dropped count for nothing. */
  addBlock(block: Rows, verdicts: readonly Verdict[]): void {
    const [links, entities] = [linksOf(block), block.column("entity_name")];
    for (const [i, { outcome }] of verdicts.entries()) {
      this.#keys.push(outcome === "dropped" ? Number.NaN : this.#hashOf(entities[i])(links[i])); // NaN equals nothing
    }
  }

  key(row: number): number {
    return this.#keys.at(row);
  }

  /**
   * The numbers that stand more than once. Different questions share one with a chance of 1 in 18,000 among a million rows;
   * whoever asks has to look at the cells, too.
   */
  repeated(): ReadonlySet<number> {
    const sorted = this.#keys.sorted();
    const found = new Set<number>();
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) found.add(sorted[i]);
    return found;
  }
}
