import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunFolder } from "../../runs/folder.ts";
import { openEventFile } from "../../track/tensorboard.ts";
import { metricsOf } from "./metric-names.ts";
import type { ShownRow, Sink } from "./sink.ts";

/** Pictures to show, of the rows of an evaluation: TensorBoard loads all of them at once. */
const PICTURES = 12;

/**
 * Writes event files into `tensorboard/` of the run's folder: numbers of each step, the configuration, and of each evaluation
 * a table of rows; their pictures once, for they stay the same.
 */
export async function openTensorboardSink(
  run: RunFolder,
  startStep: number,
  note: (text: string) => void,
): Promise<Sink> {
  const events = await openEventFile(join(run.path, "tensorboard"), {
    startStep,
    onFault: (fault) => note(fault.message),
  });
  if (startStep === 0) events.text("config", codeBlock(await readFile(run.config, "utf8")), 0);
  let isShown = false;
  return {
    step(record, evaluation) {
      events.scalars(metricsOf(record, evaluation?.score ?? null), record.step);
      if (!evaluation || evaluation.rows.length === 0) return;
      events.text("predictions", tableOf(evaluation.rows), record.step);
      if (isShown) return;
      isShown = true;
      for (const { index, entity, picture } of evaluation.rows.slice(0, PICTURES)) {
        if (picture) {
          events.image(`predictions/${index} ${entity}`, picture.jpeg, record.step, picture.width, picture.height);
        }
      }
    },
    async finish() {
      events.close();
    },
  };
}

/** Indented, so that nothing in it ends the block. */
const codeBlock = (text: string) => text.replaceAll(/^/gm, "    ");

const COLUMNS = ["index", "entity", "truth", "answer", "confidence", "outcome"] as const;

function tableOf(rows: readonly ShownRow[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.map((each) => escapeCell(String(each))).join(" | ")} |`;
  const lines = rows.map((row) =>
    line(COLUMNS.map((name) => (name === "confidence" ? row[name].toFixed(3) : row[name]))),
  );
  return [line(COLUMNS), line(COLUMNS.map(() => "---")), ...lines].join("\n");
}

/** A model's answer is text and no markup. */
const escapeCell = (text: string) => text.replaceAll(/[\\`*_[\]<>|!#]/g, "\\$&").replaceAll(/\s+/g, " ");
