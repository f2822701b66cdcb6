/** The public API: what the command line does, as typed functions. */

export { type Answer, formatAnswer, parseAnswer } from "./challenge/answer.ts";
export { ENTITIES, type Entity, UNITS, type Unit } from "./challenge/entities.ts";
export { type Judged, type Outcome, outcomeOf, type Score, type ScoreByEntity, scoreRows } from "./challenge/score.ts";
export type { DataSettings } from "./config/data-schema.ts";
export { loadConfig, loadDataSettings, parseConfig, parseDataSettings } from "./config/load.ts";
export type { Config } from "./config/schema.ts";
export type { SubmissionCheck, SubmissionFault } from "./data/check-submission.ts";
export { type DownloadOptions, type DownloadReport, downloadImages } from "./data/download/download.ts";
export type { TableStats } from "./data/stats.ts";
export type { Evaluation, Prediction } from "./recipes/answers.ts";
export {
  type AnswerChange,
  type CleanAnswersOptions,
  type CleanAnswersReport,
  cleanAnswers,
} from "./recipes/clean-answers.ts";
export { type CompareOptions, compare } from "./recipes/compare.ts";
export { type ConvertModelOptions, type ConvertModelReport, convertModel } from "./recipes/convert-model.ts";
export { type CleanedTable, type CleanOptions, cleanTable } from "./recipes/data/clean.ts";
export { type DownloadTableOptions, downloadTable } from "./recipes/data/download.ts";
export { cutParts, type JoinOptions, joinTables, type PartsOptions, type PartsReport } from "./recipes/data/parts.ts";
export { askQuestions, type QuestionsOptions, type QuestionsReport } from "./recipes/data/questions.ts";
export { type SampleOptions, type SampleReport, sampleTable } from "./recipes/data/sample.ts";
export { type SplitOptions, type SplitReport, splitTable } from "./recipes/data/split.ts";
export { dataStats, type StatsOptions } from "./recipes/data/stats.ts";
export { type SynthOptions, type SynthReport, synthTable } from "./recipes/data/synth.ts";
export { type DemoOptions, type DemoResult, demo } from "./recipes/demo.ts";
export { type DoctorOptions, doctor, type Examination } from "./recipes/doctor.ts";
export { type EvaluateOptions, type EvaluationResult, evaluate } from "./recipes/evaluate.ts";
export {
  type ExportAdapterOptions,
  type ExportAdapterReport,
  type ExportMergedOptions,
  type ExportMergedReport,
  exportAdapter,
  exportMerged,
} from "./recipes/export.ts";
export { type ExportOnnxOptions, type ExportOnnxReport, exportOnnx } from "./recipes/export-onnx.ts";
export { type InitModelOptions, type InitModelReport, initModel } from "./recipes/init-model.ts";
export { inspectModel, type ModelReport } from "./recipes/inspect-model.ts";
export { type ImageAnswer, type LoadedModel, type LoadOptions, load } from "./recipes/load.ts";
export { type MadeStage, type MakeBaseOptions, type MakeBaseReport, makeBase } from "./recipes/make-base.ts";
export type { Observer } from "./recipes/observer.ts";
export { drawRun } from "./recipes/picture.ts";
export { type PlanOptions, planRun } from "./recipes/plan.ts";
export { type PredictOptions, type PredictReport, predict, type RowFault } from "./recipes/predict.ts";
export type { ProfileReport } from "./recipes/profile.ts";
export { type PullModelOptions, type PullModelReport, pullModel } from "./recipes/pull-model.ts";
export { type QuantizeModelOptions, type QuantizeModelReport, quantizeModel } from "./recipes/quantize-model.ts";
export { type ReportOptions, type RunReport, reportRun } from "./recipes/report.ts";
export { type RerunOptions, type RerunReport, rerun } from "./recipes/rerun.ts";
export { type SanityOptions, sanity } from "./recipes/sanity.ts";
export { scoreFiles } from "./recipes/score.ts";
export {
  removeTensorflow,
  type SetupObserver,
  type SetupOptions,
  type SetupReport,
  setupTensorflow,
} from "./recipes/setup-tensorflow.ts";
export { type MissingImages, type SubmitOptions, type SubmitReport, submit } from "./recipes/submit.ts";
export { type TrackSyncOptions, type TrackSyncReport, trackSync } from "./recipes/track-sync.ts";
export { resume, train } from "./recipes/train.ts";
export type { TrainOptions, TrainResult } from "./recipes/training-loop.ts";
export type { Comparison } from "./report/comparison.ts";
export type { PlanRecord } from "./report/plan-record.ts";
export type { HistoryRecord } from "./runs/history.ts";
export { openRunLog, type RunLog, type RunLogOptions } from "./track/run-log.ts";
export { AmlcError, InputError, InterruptedError } from "./util/errors.ts";
