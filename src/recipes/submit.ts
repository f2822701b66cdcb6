import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { ScoreByEntity } from "../challenge/score.ts";
import type { DataSettings } from "../config/data-schema.ts";
import { loadAnswerRules } from "../data/answer-rules.ts";
import type { SubmissionCheck } from "../data/check-submission.ts";
import type { DownloadReport } from "../data/download/download.ts";
import { MANIFEST } from "../data/download/file-names.ts";
import { readDownloads } from "../data/download/manifest.ts";
import { isWhole } from "../data/download/plan.ts";
import { readJson } from "../formats/json.ts";
import { checksumFiles } from "../runs/environment.ts";
import { AmlcError } from "../util/errors.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { type LockPurpose, lockFolder } from "../util/folder-lock.ts";
import { sweepBegunFiles } from "../util/left-overs.ts";
import { readManifest } from "../util/package.ts";
import { type CleanAnswersReport, cleanAnswers } from "./clean-answers.ts";
import { downloadTable } from "./data/download.ts";
import { checkSettings, refuseOverwrite } from "./data/table-job.ts";
import { requirePhotographs } from "./predict/part-rows.ts";
import type { TestTable } from "./predict/test-table.ts";
import { requireWritable } from "./predict/write-answers.ts";
import { type PredictOptions, type PredictReport, predict, preparePrediction, type RowFault } from "./predict.ts";
import { sanity } from "./sanity.ts";
import { scoreFiles } from "./score.ts";

export interface SubmitOptions extends Omit<PredictOptions, "part"> {
  readonly settings: Pick<DataSettings, "download" | "answers">;
  /** A rules file of one's own, in place of the one that comes with the package. */
  readonly rules?: string;
  /** Ask again for photographs that an earlier call could not fetch. */
  readonly retryImages?: boolean;
}

/** Why photographs are missing. */
export interface MissingImages {
  readonly reason: string;
  readonly images: number;
  /** The first of their links. */
  readonly example: string;
}

export interface SubmitReport {
  readonly file: string;
  readonly work: string;
  readonly rows: number;
  readonly images: {
    /** Different ones in the table. */
    readonly links: number;
    readonly there: number;
    readonly missing: number;
    /** The most frequent first. */
    readonly reasons: readonly MissingImages[];
    /** What became of each link. */
    readonly manifest: string;
  };
  /** Rows of the submission with an answer. */
  readonly answered: number;
  /** Answers that were not confident enough to be given. */
  readonly blank: number;
  /** Rows that could not be asked about: their answer is empty. */
  readonly faults: readonly RowFault[];
  readonly faults_file: string | null;
  /** What brought raw answers into the challenge's form. */
  readonly cleaning: Pick<CleanAnswersReport, "changed" | "emptied" | "rules">;
  readonly sanity: SubmissionCheck;
  /** Of the submission; null where the truth is not known. */
  readonly score: ScoreByEntity | null;
  /** Stages that an earlier call had done. */
  readonly kept: readonly string[];
}

const SUBMITTING: LockPurpose = {
  prefix: "submitter",
  does: "is making a submission in this folder",
  instead: "choose another -o or --work",
};

/**
 * From a test table to a submission: fetches its photographs, answers it in parts, brings the answers into the challenge's
 * form and checks them. What a stage has done is kept, and the same call again goes on after whatever end. Rows without a
 * photograph have an empty answer and are listed.
 * @throws InputError as the stages; AmlcError with the report when the challenge would refuse the submission
 */
export async function submit(options: SubmitOptions): Promise<SubmitReport> {
  const { test, output, rules, fresh = false, observer, signal } = options;
  const work = options.work ?? `${output}-work`;
  const job = { ...(observer && { observer }), ...(signal && { signal }) };
  const { download, answers } = checkSettings(options.settings);
  const [raw, done] = [join(work, "raw.csv"), join(work, "stages.json")];
  const table = await checkEarly(options, [raw, done]);
  await makeOutputFolder(work);
  await requireWritable(output);
  using _lock = await lockFolder(work, SUBMITTING);
  await sweepBegunFiles(work);
  await sweepBegunFiles(dirname(output), basename(output));
  const images = options.images ?? join(work, "images");
  const stages = await openStages(done, fresh);
  const { sha256: testSum } = await checksumFiles({ sha256: test });

  observer?.note?.("1 of 4: the photographs");
  const asked = { test: testSum, images, download: JSON.stringify(download) };
  if (options.retryImages || !(await arePhotographsThere(table, images))) stages.forget("download");
  const fetched = await stages.take("download", asked, [join(images, MANIFEST)], () =>
    downloadTable({ input: test, images, settings: download, ...job }),
  );
  requirePhotographs(table, images, whyMissing(fetched));
  observer?.note?.("2 of 4: the answers");
  const predicted = await predict({ ...options, images, output: raw, work: join(work, "predict") });
  if (predicted.rows_now === 0) stages.keep("predict");
  observer?.note?.("3 of 4: their form");
  const files = { raw, ...(rules !== undefined && { rules }) };
  const given = { ...(await checksumFiles(files)), answers: JSON.stringify(answers) };
  const cleaned = await stages.take("clean", given, [output], () =>
    cleanAnswers({ input: raw, output, settings: answers, ...(rules !== undefined && { rules }), ...job }),
  );
  observer?.note?.("4 of 4: the challenge's check");
  const check = await sanity({ submission: output, test });
  const score = predicted.score && (await scoreFiles({ predictions: output, truth: test }));
  const found = describe({ fetched, predicted, cleaned, check });
  const report: SubmitReport = { file: output, work, ...found, score, kept: stages.kept };
  if (check.faults.length === 0) return report;
  const count = check.faults.length === 1 ? "1 fault" : `${check.faults.length} faults`;
  throw new AmlcError(`${output}: ${count}: this submission would be refused`, {
    hint: `amlc sanity ${output} --test ${test} lists them`,
    ...{ exitCode: 1, report },
  });
}

/**
 * The test table, before photographs are fetched, which may take hours.
 * @param own files of the stages themselves
 * @throws InputError for what would stop a later stage
 */
async function checkEarly(options: SubmitOptions, own: readonly string[]): Promise<TestTable> {
  await refuseOverwrite([options.test, options.rules, ...own], [options.output]);
  loadAnswerRules(options.rules);
  return (await preparePrediction(options)).test;
}

/** Whether each photograph of the table that was fetched is still there. */
async function arePhotographsThere({ rows }: TestTable, images: string): Promise<boolean> {
  const links = new Set(rows.map(({ link }) => link));
  const fetched = (await readDownloads(join(images, MANIFEST))).filter(({ status }) => status === "ok");
  return fetched.every((entry) => !links.has(entry.link) || isWhole(images, entry));
}

const StagesSchema = z.record(
  z.string(),
  z.strictObject({
    /** What the stage's work follows from, as checksums or as text. */
    inputs: z.record(z.string(), z.string()),
    /** SHA-256 of the files that it wrote. */
    outputs: z.record(z.string(), z.string()),
    report: z.unknown(),
  }),
);

interface Stages {
  /** Names of stages that were done before. */
  readonly kept: readonly string[];
  /** Does a stage and keeps its report, unless it was done with these inputs and its files are as it wrote them. */
  take<T>(
    name: string,
    inputs: Readonly<Record<string, string>>,
    outputs: readonly string[],
    work: () => Promise<T>,
  ): Promise<T>;
  keep(name: string): void;
  forget(name: string): void;
}

async function openStages(file: string, fresh: boolean): Promise<Stages> {
  const done = existsSync(file) && !fresh ? await readJson(file, StagesSchema) : {};
  const { version } = readManifest(); // a report of another version may lack something
  const kept: string[] = [];
  return {
    kept,
    async take<T>(
      name: string,
      given: Readonly<Record<string, string>>,
      files: readonly string[],
      work: () => Promise<T>,
    ) {
      const inputs = { ...given, amlc: version };
      const known = done[name];
      if (known && same(known.inputs, inputs) && same(known.outputs, await sumsOf(files))) {
        kept.push(name);
        return known.report as T;
      }
      const report = await work();
      done[name] = { inputs, outputs: await sumsOf(files), report };
      await writeFileAtomic(file, `${JSON.stringify(done, null, 2)}\n`);
      return report;
    },
    keep: (name) => void kept.push(name),
    forget: (name) => void delete done[name],
  };
}

/** A file that is not there has no checksum. */
const sumsOf = (files: readonly string[]) =>
  checksumFiles(Object.fromEntries(files.filter((file) => existsSync(file)).map((file) => [file, file])));

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

interface StageReports {
  readonly fetched: DownloadReport;
  readonly predicted: PredictReport;
  readonly cleaned: CleanAnswersReport;
  readonly check: SubmissionCheck;
}

function describe({ fetched, predicted, cleaned, check }: StageReports) {
  const { links, failures, manifest } = fetched;
  const { rows, blank, faults, faults_file } = predicted;
  const { changed, emptied, rules } = cleaned;
  const missing = failures.length;
  return {
    rows,
    images: { links, there: links - missing, missing, reasons: countReasons(failures), manifest },
    ...{ answered: check.answered, blank, faults, faults_file },
    cleaning: { changed, emptied, rules },
    sanity: check,
  };
}

const REASONS_TOLD = 5;

function whyMissing({ failures, manifest }: DownloadReport) {
  const reasons = countReasons(failures).slice(0, REASONS_TOLD);
  return {
    reasons: reasons.map(({ reason, images, example }) => `${images}: ${reason}, as ${example}`),
    hint: `${manifest} tells of each; --retry-images asks for them again`,
  };
}

function countReasons(failures: DownloadReport["failures"]): MissingImages[] {
  const reasons = new Map<string, MissingImages>();
  for (const { reason, link } of failures) {
    const text = reason ?? "";
    const known = reasons.get(text) ?? { reason: text, images: 0, example: link };
    reasons.set(text, { ...known, images: known.images + 1 });
  }
  return [...reasons.values()].sort((a, b) => b.images - a.images);
}
