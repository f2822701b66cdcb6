import { basename, dirname } from "node:path";
import { type ScoreByEntity, scoreRows } from "../challenge/score.ts";
import { loadConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { findUnowned } from "../data/photograph-owners.ts";
import { isOnDevice } from "../engine/create.ts";
import { openRun, type RunFolder } from "../runs/folder.ts";
import { InputError, InterruptedError } from "../util/errors.ts";
import { makeOutputFolder } from "../util/files.ts";
import { type LockPurpose, lockFolder } from "../util/folder-lock.ts";
import { sweepBegunFiles } from "../util/left-overs.ts";
import { chooseCheckpoint } from "./checkpoint-of-run.ts";
import { readOptions, refuseOverwrite, type TableJob } from "./data/table-job.ts";
import { isFault } from "./predict/answer-log.ts";
import type { PartTask } from "./predict/answer-part.ts";
import { type BlankRule, blankRule } from "./predict/blank-rule.ts";
import { describeDivision, divideWork, roomHere, weightBytes } from "./predict/division.ts";
import { sweepPartLocks } from "./predict/part-lock.ts";
import { copyManifest, cutTable, type PartRows, readParts, requirePhotographs } from "./predict/part-rows.ts";
import { claimFolder, makePlan, type Plan, workFiles } from "./predict/plan.ts";
import { refuseErrors, runParts } from "./predict/run-parts.ts";
import { openTally, type Tally } from "./predict/tally.ts";
import { readTestTable, type TestTable } from "./predict/test-table.ts";
import { finalAnswer, type RowFault, requireWritable, writeAnswers, writeFaults } from "./predict/write-answers.ts";

export type { RowFault } from "./predict/write-answers.ts";

export interface PredictOptions extends TableJob {
  /** A table with index, image_link and entity_name; with entity_value the answers are scored. */
  readonly test: string;
  /** Name or path of a run. */
  readonly run: string;
  readonly output: string;
  /** Unless told otherwise best, or last while there is no best. */
  readonly checkpoint?: "best" | "last";
  /** Into how many parts the table is cut; by default 4, or as many as there are images. */
  readonly parts?: number;
  /** Answer this part alone, from 1; the others are for other machines. */
  readonly part?: number;
  /** Processes at a time; by default as many as cores and memory allow. */
  readonly atOnce?: number;
  /** Folder of what is answered so far; by default beside the output. Started again, it goes on there. */
  readonly work?: string;
  /** Forget what was answered there. */
  readonly fresh?: boolean;
  /** Folder of the photographs; by default the configuration's. */
  readonly images?: string;
  /** Settings of the run's configuration to change, as `eval.batch=8`. */
  readonly sets?: readonly string[];
}

export interface PredictReport {
  readonly file: string;
  readonly work: string;
  readonly parts: number;
  readonly rows: number;
  /** Rows that this call was about, those of earlier calls left out. */
  readonly rows_now: number;
  /** Whose answer is not empty. */
  readonly answered: number;
  /** Answers that were not confident enough to be given. */
  readonly blank: number;
  /** Rows that could not be asked about: their answer is empty. */
  readonly faults: readonly RowFault[];
  /** Table of the same; null where there are none. */
  readonly faults_file: string | null;
  /** Null where the truth is not known. */
  readonly score: ScoreByEntity | null;
  /** What belongs to which part, for joinTables; null where all of it was answered. */
  readonly manifest: string | null;
}

/** What is settled before anything is loaded. */
export interface Prepared {
  readonly test: TestTable;
  readonly run: RunFolder;
  readonly config: Config;
  readonly sets: readonly string[];
  readonly plan: Plan;
  /** Of each process's engine; null: it decides. */
  readonly threads: number | null;
  /** Whether it computes on a device. */
  readonly onDevice: boolean;
  /** Of the model in memory. */
  readonly weightBytes: number;
  readonly isBlank: BlankRule;
  readonly images: string;
}

const PREDICTING: LockPurpose = {
  prefix: "predictor",
  does: "is answering a table in this folder",
  instead: "choose another -o or --work",
};
const PARTS = 4;

/**
 * Answers a test table with what a run has learnt and writes `index, entity_name, prediction, confidence` in its order. It
 * is cut into parts, answered side by side; each batch is kept, and the same call again goes on after whatever end. Rows that
 * cannot be asked about have an empty answer and are listed.
 * @throws InputError when the table or the run is not as it should be, or the working folder is of another plan;
 * AmlcError when a process died; InterruptedError when the signal ended it
 */
export async function predict(options: PredictOptions): Promise<PredictReport> {
  const { output, work = `${output}-work`, part, fresh = false } = options;
  const prepared = await preparePrediction(options);
  const { test, plan, images } = prepared;
  requirePhotographs(test, images);
  await makeOutputFolder(work);
  await requireWritable(output);
  using _lock = await lockFolder(work, PREDICTING);
  await sweep(work, output);
  const { threads } = await claimFolder(work, { plan, threads: prepared.threads }, fresh);
  const cut = await cutTable(test.path, Number(plan.parts), work, readOptions(options));
  const manifest = part === undefined ? null : await copyManifest(cut, output);
  const links = test.rows.map(({ link }) => link);
  const parts = await readParts(test, cut, work, { images, unowned: await findUnowned(links, images), only: part });
  const tally = openTally(parts, { ...test, ...prepared, observer: options.observer });
  const left = tally.total - tally.done;
  if (left === 0) options.observer?.note?.(`${output}: all ${tally.total} rows are answered already`);
  else await answerRest(options, { ...prepared, threads }, parts, tally, work);
  return { ...(await writeAll(options, prepared, parts, tally, work)), rows_now: left, manifest };
}

/** Removes what earlier calls have left that were killed. @throws InputError when a process of one is still at work */
async function sweep(work: string, output: string): Promise<void> {
  await sweepPartLocks(work);
  await sweepBegunFiles(work);
  await sweepBegunFiles(workFiles(work).tables);
  await sweepBegunFiles(dirname(output), basename(output));
}

/** Checks all that can be checked without a model and without photographs. @throws InputError for what would stop {@link predict} */
export async function preparePrediction(options: PredictOptions): Promise<Prepared> {
  await refuseOverwrite([options.test], [options.output]);
  const test = await readTestTable(options.test);
  const parts = countParts(options, test);
  const run = openRun(options.run);
  const sets = [
    "data.features=null", // features of photographs that are looked at once are not worth their room
    ...(options.images === undefined ? [] : [`data.images=${JSON.stringify(options.images)}`]),
    ...(options.sets ?? []),
  ];
  const config = loadConfig({ config: run.config, sets });
  const images = resolveAsset(config.data.images);
  const checkpoint = chooseCheckpoint(run, options.checkpoint);
  const plan = await makePlan({ test: options.test, run, config, checkpoint, images, parts });
  const bytes = await weightBytes(resolveAsset(config.base), config.engine.weights);
  const own = options.part === undefined ? parts : 1;
  const onDevice = await isOnDevice(config.engine);
  const work = { ...{ parts: own, atOnce: options.atOnce }, ...{ weightBytes: bytes, onDevice } };
  const { threads } = divideWork({ ...work, threads: config.engine.threads }, roomHere());
  const isBlank = await blankRule(config, run);
  return { test, run, config, sets, plan, threads, onDevice, weightBytes: bytes, images, isBlank };
}

/** @throws InputError for numbers that cannot be */
function countParts({ parts, part, atOnce }: PredictOptions, { path, rows }: TestTable): number {
  for (const [name, count] of Object.entries({ parts, part, "at once": atOnce })) {
    if (count === undefined || (Number.isInteger(count) && count >= 1)) continue;
    throw new InputError(`${name}: ${count} is no whole number from 1 on`);
  }
  const images = new Set(rows.map(({ link }) => link)).size;
  const count = parts ?? Math.min(PARTS, images);
  if (count > images) {
    throw new InputError(`${path}: has ${images} images, too few for ${count} parts`, {
      hint: `make at most --parts ${images}`,
    });
  }
  if (part !== undefined && part > count) throw new InputError(`part ${part} of ${count}: there is no such part`);
  return count;
}

/** Answers what is open, in processes side by side. */
async function answerRest(
  { output, atOnce, observer, signal }: PredictOptions,
  { run, sets, plan, threads, onDevice, weightBytes, images }: Prepared,
  parts: readonly PartRows[],
  tally: Tally,
  work: string,
): Promise<void> {
  const open = parts.filter((part) => part.open.length > 0);
  const division = divideWork({ parts: open.length, weightBytes, threads, onDevice, atOnce }, roomHere());
  if (tally.done > 0) observer?.note?.(`${output}: ${tally.done} of ${tally.total} rows are answered already`);
  observer?.note?.(describeDivision(division));
  const tasks = open.map(
    ({ part, table, log, open: indices, unowned }): PartTask => ({
      ...{ part, work, table, log, indices, unowned, images, run: run.path, weights: String(plan.weights_sha256) },
      checkpoint: plan.checkpoint as "best" | "last",
      sets: [...sets, `engine.threads=${threads}`],
    }),
  );
  const watch = { onEntries: tally.add, signal: signal ?? new AbortController().signal };
  const ends = await runParts(tasks, division.atOnce, watch);
  const goOn = "the same command again answers the others";
  refuseErrors(tasks, ends, `${output}: ${tally.done} of ${tally.total} rows are answered; ${goOn}`);
  if (ends.every((end) => end === "done")) return;
  throw new InterruptedError(`${output}: stopped; ${tally.done} of ${tally.total} rows are answered`, goOn);
}

/** Writes what there is of all rows, in the order of the test table. */
async function writeAll(
  { output }: PredictOptions,
  { test, config, plan, isBlank }: Prepared,
  parts: readonly PartRows[],
  { entries }: Tally,
  work: string,
) {
  const answers = inOrderOf(test, parts).map((row) => finalAnswer(row, entries.get(row.index)!, isBlank));
  await writeAnswers(output, answers, config.decode.n_best > 1);
  const faults = answers.flatMap(({ row: { line, index } }) => {
    const entry = entries.get(index)!;
    return isFault(entry) ? [{ line, index, reason: entry.fault }] : [];
  });
  const file = workFiles(work).faults;
  await writeFaults(file, faults);
  const answered = answers.filter(({ prediction }) => prediction !== "").length;
  const judged = answers.map(({ row, prediction }) => ({ prediction, entity: row.entity, truth: row.truth }));
  return {
    ...{ file: output, work, parts: Number(plan.parts), rows: answers.length, answered, faults },
    blank: answers.filter(({ isWithheld }) => isWithheld).length,
    faults_file: faults.length > 0 ? file : null,
    score: test.hasTruth ? scoreRows(judged) : null,
  };
}

function inOrderOf({ rows }: TestTable, parts: readonly PartRows[]) {
  const own = new Set(parts.flatMap((part) => part.rows));
  return rows.filter((row) => own.has(row));
}
