/** The public API: what the command line does, as typed functions. */

export { type Answer, formatAnswer, parseAnswer } from "./challenge/answer.ts";
export { ENTITIES, type Entity, UNITS, type Unit } from "./challenge/entities.ts";
export { type Judged, type Outcome, outcomeOf, type Score, type ScoreByEntity, scoreRows } from "./challenge/score.ts";
export { loadConfig, parseConfig } from "./config/load.ts";
export type { Config } from "./config/schema.ts";
export type { Evaluation, Prediction } from "./recipes/answers.ts";
export { type DemoResult, demo } from "./recipes/demo.ts";
export { type EvaluateOptions, type EvaluationResult, evaluate } from "./recipes/evaluate.ts";
export type { Observer } from "./recipes/observer.ts";
export { drawRun } from "./recipes/picture.ts";
export { scoreFiles } from "./recipes/score.ts";
export { resume, train } from "./recipes/train.ts";
export type { TrainOptions, TrainResult } from "./recipes/training-loop.ts";
export type { HistoryRecord } from "./runs/history.ts";
export { AmlcError, InputError, InterruptedError } from "./util/errors.ts";
