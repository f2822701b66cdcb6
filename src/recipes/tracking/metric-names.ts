import type { ScoreByEntity } from "../../challenge/score.ts";
import type { HistoryRecord } from "../../runs/history.ts";

const WRITTEN = ["f1", "precision", "recall"] as const;
const EVALUATED = "eval_";

/**
 * The numbers of a step under the names that trackers group by their first part: `train/loss`, `eval/f1`, and for each entity
 * `eval/f1/item_weight`. The step itself is the axis and has no name; a loss that is no number is NaN again.
 */
export function metricsOf(record: HistoryRecord, score: ScoreByEntity | null): Record<string, number> {
  const named = Object.entries(record).flatMap(([key, value]): [string, number][] => {
    if (key === "step" || typeof value === "string" || typeof value === "boolean") return [];
    const name = key.startsWith(EVALUATED) ? `eval/${key.slice(EVALUATED.length)}` : `train/${key}`;
    return [[key === "epoch" ? key : name, value ?? Number.NaN]];
  });
  const ofEntities = Object.entries(score?.by_entity ?? {}).flatMap(([entity, each]) =>
    WRITTEN.map((name): [string, number] => [`eval/${name}/${entity}`, each[name]]),
  );
  return Object.fromEntries([...named, ...ofEntities]);
}
