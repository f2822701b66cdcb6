import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Config } from "../../config/schema.ts";
import { readJson } from "../../formats/json.ts";
import { listCheckpoint } from "../../runs/checkpoints.ts";
import type { RunFolder } from "../../runs/folder.ts";
import { openRunLog, type RunLog } from "../../track/run-log.ts";
import { startUpload } from "../../track/upload/start-upload.ts";
import { requireKey, type WandbSettings, wandbSettings } from "../../track/wandb-settings.ts";
import { STATE_FILES } from "../../train/state.ts";
import { drawRun } from "../picture.ts";
import { metricsOf } from "./metric-names.ts";
import type { Best, ShownRow, Sink } from "./sink.ts";

export interface WandbSinkOptions {
  readonly config: Config;
  readonly settings: WandbSettings;
  readonly mode: "offline" | "online";
  readonly run: RunFolder;
  /** Of the checkpoint that training goes on from; 0 when it begins. */
  readonly startStep: number;
  readonly note: (text: string) => void;
  /** Somebody has pressed the run's stop button. */
  readonly onStop: () => void;
}

/**
 * Settings of a run's logger, looked at before anything is loaded. @throws InputError when a variable is not as it must be,
 * or a run is to be sent and there is no key
 */
export async function readWandbSettings({ track }: Config): Promise<WandbSettings> {
  const settings = await wandbSettings(track.wandb);
  if (settings.mode === "online") requireKey(settings);
  return settings;
}

/** Writes all that is told into the run's log, and sends that as it grows when the mode is online. */
export async function openWandbSink(options: WandbSinkOptions): Promise<Sink> {
  const { config, settings, mode, run, startStep, note, onStop } = options;
  const environment = await readJson(run.environment, EnvironmentSchema, "it is written when the run begins");
  const { git_commit, ...machine } = environment;
  const { id, project, entity, group, jobType, tags, notes } = settings; // and nothing that is secret
  const log = await openRunLog({
    ...{ id, project, entity, group, jobType, tags, notes },
    dir: run.path,
    mode,
    startStep,
    displayName: settings.name ?? run.name,
    config: { ...config, environment: machine },
    gitCommit: git_commit,
    host: null,
    onFault: (fault) => note(fault.message),
  });
  defineMetrics(log, config);
  const upload = mode === "online" ? startUpload({ folder: run.path, settings, onNote: note, onStop }) : undefined;
  return {
    step(record, evaluation) {
      const table = evaluation && evaluation.rows.length > 0 ? { predictions: tableOf(log, evaluation.rows) } : {};
      log.log({ ...metricsOf(record, evaluation?.score ?? null), ...table }, record.step);
    },
    print: (text, stream) => log.output(text, stream),
    machine: (load) => log.stats(load),
    async finish({ exitCode, best }) {
      const tell = (fault: Error) => note(`${fault.message}; it is not logged`); // and the log says all the same how it ended
      await saveCurve(log, run).catch(tell);
      if (best?.value !== undefined) {
        log.summary({ "best/step": best.step, [`best/${config.eval.metric}`]: best.value });
      }
      if (best && config.track.wandb.adapter) await saveBest(log, options, best).catch(tell);
      log.finish(exitCode);
      if (!upload) {
        note(`logged for Weights & Biases, not sent: amlc track sync ${run.path}`);
        return;
      }
      const { sent, rest, hint } = await upload.finish(config.track.wandb.finish_seconds);
      if (!sent) note(`not all was sent to Weights & Biases${rest ? `, ${rest} rows are left` : ""}: ${hint}`);
    },
  };
}

async function saveCurve(log: RunLog, run: RunFolder): Promise<void> {
  log.saveFile("loss-curve.svg", await readFile(await drawRun(run.path)));
}

/** The adapter or the weights. A log takes them by path: it links them, whatever their size. */
async function saveBest(log: RunLog, { config, run }: WandbSinkOptions, { step, folder }: Best): Promise<void> {
  const saved = Object.entries(await listCheckpoint(folder)).filter(([name]) => !STATE_FILES.includes(name));
  const files = Object.fromEntries(saved.map(([name, file]) => [name, { file }]));
  const name = `${run.name}-${config.tune === "lora" ? "adapter" : "weights"}`;
  const metadata = { step, base: config.base, tune: config.tune };
  log.artifact({ name, type: "model", files, aliases: ["best"], metadata });
}

const EnvironmentSchema = z.looseObject({ git_commit: z.string().nullable() });

/** Losses are best when small, scores when large: the summary keeps these beside the last value. */
function defineMetrics(log: RunLog, { eval: { every } }: Config): void {
  log.defineMetric("train/loss", { summary: ["last", "min"], goal: "minimize" });
  if (every === 0) return;
  log.defineMetric("eval/f1", { summary: ["last", "max"], goal: "maximize" });
  log.defineMetric("eval/precision", { summary: ["last", "max"], goal: "maximize" });
  log.defineMetric("eval/recall", { summary: ["last", "max"], goal: "maximize" });
}

const COLUMNS = ["picture", "index", "entity", "question", "truth", "answer", "confidence", "outcome"] as const;

function tableOf(log: RunLog, rows: readonly ShownRow[]) {
  const cells = rows.map(({ picture, ...row }) => [
    picture && log.image(picture.jpeg, { width: picture.width, height: picture.height, format: "jpg" }),
    ...[row.index, row.entity, row.question, row.truth, row.answer, row.confidence, row.outcome],
  ]);
  return log.table(COLUMNS, cells);
}
