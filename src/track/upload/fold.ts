import type {
  WandbArtifact,
  WandbHistory,
  WandbItem,
  WandbOutput,
  WandbRecord,
  WandbRun,
  WandbStats,
  WandbTelemetry,
  WandbTimestamp,
  WandbUpdate,
} from "../../formats/wandb-record.ts";
import { OUTPUT_TYPE } from "../../formats/wandb-record.ts";
import { environmentJson } from "./environment-json.ts";
import { type JsonTree, membersOf, mergeJson, parseJson, removeJson, setJson, writeJson } from "./json-tree.ts";
import { MetricList } from "./metric-list.ts";

/** A row of the history as it is sent. */
export interface Row {
  /** Counts the rows of its log from 0, those that are never sent too. */
  readonly row: number;
  readonly step: number;
  /** One line of JSON. */
  readonly text: string;
}

export interface FileWish {
  /** Below the folder of the run's files, with `/`. */
  readonly path: string;
  /** Only when the run has ended. */
  readonly atEnd: boolean;
}

/**
 * What a server is to be told of a log, gathered record by record: nothing here reads a file or knows a network. What
 * stands in the lists is taken out by the one that sends it; the same records give the same lists, so whoever was killed
 * begins at the front again.
 */
export class LogFold {
  /** As the first record of its kind has it, with what later ones change. */
  run: WandbRun | undefined;
  readonly rows: Row[] = [];
  readonly events: string[] = [];
  /** What was printed, line by line, each with its time. */
  readonly output: string[] = [];
  readonly files: FileWish[] = [];
  readonly artifacts: WandbArtifact[] = [];
  /** The whole summary, over what a resumed run had before. */
  readonly summary: JsonTree = new Map();
  exitCode: number | undefined;
  /** What was told of since it was last sent. */
  readonly changed = { run: false, config: false, summary: false };

  readonly #config: JsonTree = new Map();
  readonly #metrics = new MetricList();
  #environment: Readonly<Record<string, unknown>> | undefined;
  #writer = "";
  #telemetry: WandbTelemetry = {};
  #rowCount = 0;
  readonly #printed: Printed = { stdout: undefined, stderr: undefined };

  add(record: WandbRecord): void {
    if (this.exitCode !== undefined) return; // what a run does behind its end is nobody's
    const { run, config, summary, history, stats, outputRaw, metric, telemetry, environment, files, artifact, exit } =
      record;
    if (run) this.#addRun(run);
    if (config) this.#addConfig(config);
    if (summary) this.#addSummary(summary);
    if (history) this.#addRow(history);
    if (stats) this.events.push(this.#eventOf(stats));
    if (outputRaw) this.#addOutput(outputRaw);
    if (metric) this.#metrics.add(metric);
    if (telemetry) this.#telemetry = { ...this.#telemetry, ...present(telemetry) };
    if (environment) {
      this.#environment = environmentJson(environment);
      this.#writer = environment.writerId || this.run?.runId || "amlc";
    }
    if (metric || telemetry || environment) this.changed.config = true;
    for (const { path = "", policy = 0 } of files?.files ?? []) this.files.push({ path, atEnd: policy !== 0 });
    if (artifact) this.artifacts.push(artifact);
    if (exit) this.end(exit.exitCode ?? 0);
  }

  /** Ends a log whose writer has not done so. */
  end(exitCode: number): void {
    for (const stream of ["stdout", "stderr"] as const) this.#flush(stream);
    this.exitCode = exitCode;
  }

  /** Where a run that goes on begins, as the server has it. JSON objects. */
  resume(before: { readonly config: string | null; readonly summary: string | null }): void {
    for (const [name, value] of membersOf(before.summary ?? "") ?? []) {
      if (!this.summary.has(name)) setJson(this.summary, [name], value);
    }
    if (before.config) this.#resumeConfig(before.config);
  }

  /** The configuration as the server has it, each name with `{"value": ...}`; one line of JSON. */
  configText(): string {
    const wrapped = new Map([...this.#withInternals()].map(([name, value]) => [name, new Map([["value", value]])]));
    return writeJson(wrapped as JsonTree);
  }

  /** The same as an object, for config.yaml. */
  configObject(): unknown {
    return parseJson(this.configText());
  }

  summaryText(): string {
    return writeJson(this.summary);
  }

  /** Content of wandb-metadata.json; undefined before the log has told of the machine. */
  metadataText(): string | undefined {
    return this.#environment && JSON.stringify(this.#environment, null, 2);
  }

  #addRun(run: WandbRun): void {
    if (this.run) this.changed.run = true;
    else this.#telemetry = present(run.telemetry ?? {});
    const { tags = [], ...fields } = run;
    const kept = tags.length > 0 ? tags : (this.run?.tags ?? []);
    this.run = { ...this.run, ...present(fields), runId: run.runId, tags: kept };
    if (run.config) this.#addConfig(run.config);
    if (run.summary) this.#addSummary(run.summary);
  }

  #addConfig({ update = [], remove = [] }: WandbUpdate): void {
    for (const item of update) mergeJson(this.#config, pathOf(item), item.valueJson ?? "null");
    for (const item of remove) removeJson(this.#config, pathOf(item));
    if (update.length + remove.length > 0) this.changed.config = true;
  }

  #addSummary({ update = [], remove = [] }: WandbUpdate): void {
    for (const item of update) setJson(this.summary, pathOf(item), item.valueJson ?? "null");
    for (const item of remove) removeJson(this.summary, pathOf(item));
    if (update.length + remove.length > 0) this.changed.summary = true;
  }

  #addRow({ item, step }: WandbHistory): void {
    const tree: JsonTree = new Map();
    for (const one of item) setJson(tree, pathOf(one), one.valueJson ?? "null");
    const told = tree.get("_step");
    const number = typeof told === "string" ? Number(told) : (step?.num ?? 0);
    if (told === undefined) setJson(tree, ["_step"], String(number));
    this.rows.push({ row: this.#rowCount++, step: number, text: writeJson(tree) });
  }

  #eventOf({ timestamp, item }: WandbStats): string {
    const seconds = secondsOf(timestamp);
    const tree: JsonTree = new Map([
      ["_wandb", "true"],
      ["_timestamp", String(seconds)],
      ["_runtime", String(seconds - secondsOf(this.run?.startTime))],
    ]);
    for (const { key = "", valueJson = "null" } of item) setJson(tree, [`system.${key}`], valueJson);
    return writeJson(tree);
  }

  #addOutput({ outputType, timestamp, line = "" }: WandbOutput): void {
    const stream = outputType === OUTPUT_TYPE.stdout ? "stdout" : "stderr";
    const pieces = line.split("\n");
    for (const [i, piece] of pieces.entries()) {
      if (piece !== "" || i < pieces.length - 1) {
        const begun = this.#printed[stream];
        this.#printed[stream] = { text: (begun?.text ?? "") + piece, time: begun?.time ?? timeOf(timestamp) };
      }
      if (i < pieces.length - 1) this.#flush(stream);
    }
  }

  #flush(stream: keyof Printed): void {
    const line = this.#printed[stream];
    if (line === undefined) return;
    this.#printed[stream] = undefined;
    this.output.push(`${stream === "stderr" ? "ERROR " : ""}${line.time} ${shown(line.text)}`);
  }

  #resumeConfig(text: string): void {
    const old = parseMembers(text);
    for (const [name, wrapped] of old) {
      const value = parseMembers(wrapped).get("value");
      if (value === undefined) continue;
      if (name !== INTERNAL) {
        if (!this.#config.has(name)) mergeJson(this.#config, [name], value);
        continue;
      }
      const internals = parseMembers(value);
      for (const kept of KEPT_INTERNALS) {
        const found = internals.get(kept);
        if (found !== undefined) mergeJson(this.#config, [INTERNAL, kept], found);
      }
    }
    this.changed.config = true;
  }

  #withInternals(): JsonTree {
    const { cliVersion, pythonVersion } = this.#telemetry;
    const found = this.#config.get(INTERNAL);
    const internals: JsonTree = new Map(found instanceof Map ? found : []);
    if (cliVersion) internals.set("cli_version", JSON.stringify(cliVersion));
    if (pythonVersion) internals.set("python_version", JSON.stringify(pythonVersion));
    internals.set("t", JSON.stringify(telemetryByNumber(this.#telemetry)));
    internals.set("m", JSON.stringify(this.#metrics.byNumber()));
    if (this.#environment) internals.set("e", JSON.stringify({ [this.#writer]: this.#environment }));
    return new Map([...this.#config, [INTERNAL, internals]]);
  }
}

interface PrintedLine {
  readonly text: string;
  readonly time: string;
}

interface Printed {
  stdout: PrintedLine | undefined;
  stderr: PrintedLine | undefined;
}

/** The member of the configuration that is W&B's own. */
const INTERNAL = "_wandb";
/** Of it, what outlives a resume. */
const KEPT_INTERNALS = ["viz", "visualize", "mask/class_labels"];

const pathOf = ({ key, nestedKey }: WandbItem): readonly string[] =>
  nestedKey && nestedKey.length > 0 ? nestedKey : [key ?? ""];

/** Field numbers of the telemetry's message. A run whose `t` is not there counts as not started. */
function telemetryByNumber({ pythonVersion, cliVersion, coreVersion, platform }: WandbTelemetry): object {
  return present({ 4: pythonVersion, 5: cliVersion, 12: coreVersion, 13: platform });
}

/** Without what protobuf does not write. */
function present<T extends object>(fields: T): T {
  const isThere = (value: unknown) => value !== undefined && value !== null && value !== "";
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isThere(value))) as T;
}

function parseMembers(text: string): ReadonlyMap<string, string> {
  return new Map(membersOf(text) ?? []);
}

const secondsOf = ({ seconds = 0, nanos = 0 }: WandbTimestamp = {}) => seconds + nanos / 1e9;

/** `2026-11-23T22:39:58.239842`, in UTC. */
function timeOf({ seconds = 0, nanos = 0 }: WandbTimestamp = {}): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, "0");
  return `${new Date(1000 * seconds).toISOString().slice(0, 19)}.${micros}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what steers a terminal
const STEERING = /\u001b\[[0-?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** A line as a terminal leaves it: what a carriage return goes back over is gone, and so is what sets colours. */
function shown(text: string): string {
  const last = text.replace(/\r+$/, "").split("\r").at(-1)!;
  return last.replaceAll(STEERING, "");
}
