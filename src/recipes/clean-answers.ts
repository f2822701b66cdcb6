import type { AnswerStep } from "../challenge/answer-policy.ts";
import { cleanAnswer } from "../challenge/clean-answer.ts";
import { type Entity, isEntity } from "../challenge/entities.ts";
import type { DataSettings } from "../config/data-schema.ts";
import { loadAnswerRules } from "../data/answer-rules.ts";
import { rowsByIndex } from "../data/row-index.ts";
import { openTable, type Rows, readTable } from "../data/table.ts";
import { createTable } from "../data/table-write.ts";
import { checkSettings, readOptions, refuseOverwrite, type TableJob } from "./data/table-job.ts";

export interface CleanAnswersOptions extends TableJob {
  /** A table with index and prediction; with entity_name, units are those that the entity allows. */
  readonly input: string;
  readonly output: string;
  /** A table with index and entity_name, where the input has no entity_name. */
  readonly test?: string;
  /** A rules file of one's own, in place of the one that comes with the package. */
  readonly rules?: string;
  readonly settings: DataSettings["answers"];
  /** Told of each answer that was changed. */
  readonly onChange?: (change: AnswerChange) => void;
}

export interface AnswerChange {
  readonly line: number;
  readonly index: string;
  readonly entity: string | null;
  readonly before: string;
  readonly after: string;
  readonly steps: readonly AnswerStep[];
}

export interface AnswerRuleCount {
  readonly rule: string;
  readonly answers: number;
  readonly example: string;
}

export interface CleanAnswersReport {
  readonly file: string;
  readonly rows: number;
  readonly changed: number;
  /** Answers in which a value was found. */
  readonly answered: number;
  /** Texts that came to be empty. */
  readonly emptied: number;
  /** Rows whose entity is not known: any unit is taken. */
  readonly without_entity: number;
  readonly rules: readonly AnswerRuleCount[];
}

/**
 * Brings answers into the challenge's form and writes a submission (`index, prediction`), row by row in the order of the
 * input. @throws InputError when a file is not as it should be or cannot be written
 */
export async function cleanAnswers(options: CleanAnswersOptions): Promise<CleanAnswersReport> {
  const { input, output, onChange } = options;
  const { answers: settings } = checkSettings({ answers: options.settings });
  await refuseOverwrite([input, options.test, options.rules], [output]);
  const rules = loadAnswerRules(options.rules);
  const table = await openTable(input, ["index", "prediction"], readOptions(options));
  const entityOf = await entityReader(table.columns, options.test);
  const count = countAnswers();
  const writer = await createTable(output, ["index", "prediction"]);
  try {
    for await (const block of table.blocks()) {
      const [indices, predictions, entities] = [block.column("index"), block.column("prediction"), entityOf(block)];
      const answers = predictions.map((before, i) => {
        const { answer: after, steps } = cleanAnswer(before, entities[i], rules, settings);
        const change = { line: block.lineOf(i), index: indices[i], entity: entities[i] ?? null, before, after, steps };
        count.add(change);
        if (steps.length > 0) onChange?.(change);
        return after;
      });
      await writer.write([indices, answers]);
    }
    await writer.commit();
  } finally {
    await writer.discard();
  }
  return { file: output, ...count.report() };
}

type EntityReader = (block: Rows) => readonly (Entity | undefined)[];

/** From the test table where one is given, else from the answers' own column; undefined where neither says. */
async function entityReader(columns: readonly string[], test: string | undefined): Promise<EntityReader> {
  const known = (name: string | undefined) => (name !== undefined && isEntity(name) ? name : undefined);
  if (test !== undefined) {
    const table = await readTable(test, ["index", "entity_name"]);
    const entities = table.column("entity_name");
    const rows = rowsByIndex(table);
    return (block) => block.column("index").map((index) => known(entities[rows.get(index.trim()) ?? -1]));
  }
  if (columns.includes("entity_name")) return (block) => block.column("entity_name").map(known);
  return () => [];
}

function countAnswers() {
  const counts = { rows: 0, changed: 0, answered: 0, emptied: 0, without_entity: 0 };
  const rules = new Map<string, { answers: number; example: string }>();
  return {
    add({ before, after, entity, steps }: AnswerChange): void {
      counts.rows++;
      counts.changed += +(before !== after);
      counts.answered += +(after !== "");
      counts.emptied += +(after === "" && before.trim() !== "");
      counts.without_entity += +(entity === null);
      for (const rule of new Set(steps.map((step) => step.rule))) {
        const known = rules.get(rule);
        if (known) known.answers++;
        else rules.set(rule, { answers: 1, example: `${before.slice(0, 60)} → ${after}` });
      }
    },
    report() {
      const byCount = [...rules].map(([rule, found]) => ({ rule, ...found })).sort((a, b) => b.answers - a.answers);
      return { ...counts, rules: byCount };
    },
  };
}
