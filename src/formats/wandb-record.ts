import protobuf from "protobufjs";
import { InputError } from "../util/errors.ts";

/**
 * The records of a log of Weights & Biases, as its client 0.31 writes them: `wandb_internal.Record` with the fields that
 * amlc writes or sends. Numbers are the format's own; what is unknown is skipped by a reader, as protobuf has it.
 */
const SCHEMA = `
syntax = "proto3";
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Info { string stream_id = 1; }
message Item { string key = 1; repeated string nested_key = 2; string value_json = 16; }
message Step { int64 num = 1; }
message History { repeated Item item = 1; Step step = 2; }
message Update { repeated Item update = 1; repeated Item remove = 2; }
message FileItem { string path = 1; int32 policy = 2; int32 type = 3; }
message Files { repeated FileItem files = 1; }
message Stats { int32 stats_type = 1; Timestamp timestamp = 2; repeated Item item = 3; }
message StringItem { string key = 1; string value_json = 2; }
message ManifestEntry { string path = 1; string digest = 2; string ref = 3; int64 size = 4; string mimetype = 5; string local_path = 6; string birth_artifact_id = 7; bool skip_cache = 8; repeated StringItem extra = 16; }
message Manifest { int32 version = 1; string storage_policy = 2; repeated StringItem storage_policy_config = 3; repeated ManifestEntry contents = 4; string manifest_file_path = 5; }
message Artifact {
  string run_id = 1; string project = 2; string entity = 3; string type = 4; string name = 5; string digest = 6; string description = 7; string metadata = 8;
  bool user_created = 9; bool use_after_commit = 10; repeated string aliases = 11; Manifest manifest = 12; string distributed_id = 13; bool finalize = 14;
  string client_id = 15; string sequence_client_id = 16; string base_id = 17; int64 ttl_duration_seconds = 18; repeated string tags = 19; string digest_algorithm = 20;
}
message Telemetry { string python_version = 4; string cli_version = 5; string core_version = 12; string platform = 13; }
message MetricOptions { bool step_sync = 1; bool hidden = 2; bool defined = 3; }
message MetricSummary { bool min = 1; bool max = 2; bool mean = 3; bool best = 4; bool last = 5; bool none = 6; bool copy = 7; bool first = 8; }
message MetricControl { bool overwrite = 1; }
message Metric { string name = 1; string glob_name = 2; string step_metric = 4; int32 step_metric_index = 5; MetricOptions options = 6; MetricSummary summary = 7; int32 goal = 8; MetricControl _control = 9; bool expanded_from_glob = 10; }
message Output { int32 output_type = 1; Timestamp timestamp = 2; string line = 3; }
message GitRepo { string remote_url = 1; string commit = 2; }
message BranchPoint { string run = 1; double value = 2; string metric = 3; }
message Run {
  string run_id = 1; string entity = 2; string project = 3; Update config = 4; Update summary = 5; string run_group = 6; string job_type = 7; string display_name = 8;
  string notes = 9; repeated string tags = 10; string sweep_id = 12; string host = 13; int64 starting_step = 14; string storage_id = 16; Timestamp start_time = 17;
  bool resumed = 18; Telemetry telemetry = 19; int32 runtime = 20; GitRepo git = 21; bool forked = 22; BranchPoint branch_point = 23; bool resume = 24;
}
message Exit { int32 exit_code = 1; int32 runtime = 2; bool not_complete = 3; }
message VersionInfo { string producer = 1; string min_consumer = 2; }
message Header { VersionInfo version_info = 1; }
message Disk { uint64 total = 1; uint64 used = 2; }
message Memory { uint64 total = 1; }
message Cpu { uint32 count = 1; uint32 count_logical = 2; string model = 3; }
message Environment {
  string os = 1; string python = 2; Timestamp started_at = 3; repeated string args = 5; string program = 6; GitRepo git = 9; string host = 12; string executable = 14;
  uint32 cpu_count = 16; uint32 cpu_count_logical = 17; string gpu_type = 18; uint32 gpu_count = 19; Memory memory = 21; Cpu cpu = 22; string writer_id = 199;
}
message Record {
  int64 num = 1; string uuid = 19; Info _info = 200;
  History history = 2; Update summary = 3; Update config = 5; Files files = 6; Stats stats = 7; Artifact artifact = 8; Telemetry telemetry = 11; Metric metric = 12;
  Output output_raw = 13; Run run = 17; Exit exit = 18; Header header = 21; Environment environment = 26;
}
`;

/** A name and its JSON. Of `key` and `nestedKey` one is there: a key with points in it, or the keys that lead down to it. */
export interface WandbItem {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  /** JSON, with `NaN`, `Infinity` and `-Infinity` as bare words besides. */
  readonly valueJson?: string;
}

/** Seconds and billionths of a second since 1970. */
export interface WandbTimestamp {
  readonly seconds?: number;
  readonly nanos?: number;
}

export interface WandbHistory {
  readonly item: readonly WandbItem[];
  readonly step?: { readonly num?: number };
}

/** Of the configuration or the summary. */
export interface WandbUpdate {
  readonly update?: readonly WandbItem[];
  readonly remove?: readonly WandbItem[];
}

export const FILE_TYPE = { other: 0, wandb: 1, media: 2, artifact: 3 } as const;

/**
 * Files below the folder `files` beside the log; paths have `/`. Policy says when a file is sent: as it is now, 0; at the run's
 * end, 1; or whenever it has changed, 2.
 */
export interface WandbFiles {
  readonly files: readonly { readonly path: string; readonly policy?: number; readonly type?: number }[];
}

/** What the machine was measured at. */
export interface WandbStats {
  readonly timestamp?: WandbTimestamp;
  readonly item: readonly WandbItem[];
}

export interface WandbManifestEntry {
  /** Its name in the artifact. */
  readonly path: string;
  /** MD5 of the file in base64. */
  readonly digest: string;
  readonly size?: number;
  /** Where the file is on this machine. */
  readonly localPath?: string;
  readonly ref?: string;
  readonly mimetype?: string;
  readonly birthArtifactId?: string;
  readonly skipCache?: boolean;
  readonly extra?: readonly { readonly key: string; readonly valueJson?: string }[];
}

export interface WandbManifest {
  readonly version?: number;
  readonly storagePolicy?: string;
  readonly storagePolicyConfig?: readonly { readonly key: string; readonly valueJson?: string }[];
  readonly contents: readonly WandbManifestEntry[];
  /** A manifest too large for a record is a file of its own. */
  readonly manifestFilePath?: string;
}

export interface WandbArtifact {
  readonly runId?: string;
  readonly project?: string;
  readonly entity?: string;
  readonly type: string;
  readonly name: string;
  /** Of the manifest, in hexadecimal digits. */
  readonly digest: string;
  readonly digestAlgorithm?: string;
  readonly description?: string;
  /** A JSON object. */
  readonly metadata?: string;
  readonly aliases?: readonly string[];
  readonly tags?: readonly string[];
  readonly manifest?: WandbManifest;
  readonly finalize?: boolean;
  readonly userCreated?: boolean;
  readonly useAfterCommit?: boolean;
  readonly distributedId?: string;
  /** 128 characters; the same in all records of this version. */
  readonly clientId?: string;
  /** 128 characters; the same for all versions of the artifact that a process made. */
  readonly sequenceClientId?: string;
  readonly baseId?: string;
  readonly ttlDurationSeconds?: number;
}

export interface WandbTelemetry {
  readonly pythonVersion?: string;
  readonly cliVersion?: string;
  readonly coreVersion?: string;
  readonly platform?: string;
}

export const METRIC_GOAL = { unset: 0, minimize: 1, maximize: 2 } as const;

/** How a metric is drawn and summed up. */
export interface WandbMetric {
  /** One of both is there; `globName` ends with `*`. */
  readonly name?: string;
  readonly globName?: string;
  readonly stepMetric?: string;
  readonly stepMetricIndex?: number;
  readonly options?: { readonly stepSync?: boolean; readonly hidden?: boolean; readonly defined?: boolean };
  readonly summary?: Readonly<Partial<Record<WandbMetricSummary, boolean>>>;
  readonly goal?: number;
  readonly expandedFromGlob?: boolean;
  readonly _control?: { readonly overwrite?: boolean };
}

export type WandbMetricSummary = "min" | "max" | "mean" | "best" | "last" | "none" | "copy" | "first";

export const OUTPUT_TYPE = { stderr: 0, stdout: 1 } as const;

/** What was printed: a piece of text that may hold part of a line, or several. */
export interface WandbOutput {
  readonly outputType?: number;
  readonly timestamp?: WandbTimestamp;
  readonly line?: string;
}

export interface WandbGit {
  readonly remoteUrl?: string;
  readonly commit?: string;
}

export interface WandbRun {
  readonly runId: string;
  readonly entity?: string;
  readonly project?: string;
  readonly config?: WandbUpdate;
  readonly summary?: WandbUpdate;
  readonly runGroup?: string;
  readonly jobType?: string;
  readonly displayName?: string;
  readonly notes?: string;
  readonly tags?: readonly string[];
  readonly sweepId?: string;
  readonly host?: string;
  /** The step of the first row that follows. */
  readonly startingStep?: number;
  readonly storageId?: string;
  readonly startTime?: WandbTimestamp;
  readonly resumed?: boolean;
  readonly telemetry?: WandbTelemetry;
  /** Seconds of the run before this log. */
  readonly runtime?: number;
  readonly git?: WandbGit;
  readonly forked?: boolean;
  /** With the run's own id: it goes on after the row whose `metric` is `value`, and later rows of it are void. */
  readonly branchPoint?: { readonly run?: string; readonly value?: number; readonly metric?: string };
  readonly resume?: boolean;
}

export interface WandbExit {
  readonly exitCode?: number;
  /** Seconds. */
  readonly runtime?: number;
  readonly notComplete?: boolean;
}

export interface WandbHeader {
  readonly versionInfo?: { readonly producer?: string; readonly minConsumer?: string };
}

export interface WandbEnvironment {
  readonly os?: string;
  readonly python?: string;
  readonly startedAt?: WandbTimestamp;
  readonly args?: readonly string[];
  readonly program?: string;
  readonly git?: WandbGit;
  readonly host?: string;
  readonly executable?: string;
  readonly cpuCount?: number;
  readonly cpuCountLogical?: number;
  readonly gpuType?: string;
  readonly gpuCount?: number;
  readonly memory?: { readonly total?: number };
  readonly cpu?: { readonly count?: number; readonly countLogical?: number; readonly model?: string };
  readonly writerId?: string;
}

/**
 * One record. Beside its number one of the other fields is there, unless it is of a kind that is unknown here. A number,
 * text or flag that is missing is 0, "" or false: protobuf does not write those. Lists of a decoded record are always there.
 */
export interface WandbRecord {
  /** Counts from 1 in each log. */
  readonly num?: number;
  readonly uuid?: string;
  readonly _info?: { readonly streamId?: string };
  readonly header?: WandbHeader;
  readonly run?: WandbRun;
  readonly environment?: WandbEnvironment;
  readonly config?: WandbUpdate;
  readonly history?: WandbHistory;
  readonly summary?: WandbUpdate;
  readonly metric?: WandbMetric;
  readonly stats?: WandbStats;
  readonly outputRaw?: WandbOutput;
  readonly files?: WandbFiles;
  readonly artifact?: WandbArtifact;
  readonly telemetry?: WandbTelemetry;
  readonly exit?: WandbExit;
}

const RecordMessage = protobuf.parse(SCHEMA).root.lookupType("Record");

export function encodeWandbRecord(record: WandbRecord): Uint8Array {
  return RecordMessage.encode(record).finish();
}

/** @throws InputError when the bytes are no such record */
export function decodeWandbRecord(payload: Uint8Array): WandbRecord {
  try {
    return RecordMessage.toObject(RecordMessage.decode(payload), { longs: Number, arrays: true }) as WandbRecord;
  } catch (cause) {
    throw new InputError(
      `a record of ${payload.length} bytes is none of Weights & Biases: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
