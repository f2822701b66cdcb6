import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ADAPTER_CONFIG, CONFIG, chooseWeights, INDEX } from "../data/hub/choose-files.ts";
import { bytesInPart, fetchHubFile } from "../data/hub/fetch-file.ts";
import { type HubClient, openHub } from "../data/hub/hub-client.ts";
import { type HubFile, type HubModel, listHubModel } from "../data/hub/hub-files.ts";
import { findHubToken, type HubToken } from "../data/hub/hub-token.ts";
import { isWhole, openStage, type Pulled, readPulled, requireStage, type Stage } from "../data/hub/pulled-folder.ts";
import { requirePaligemma } from "../model/model-family.ts";
import { InputError, InterruptedError } from "../util/errors.ts";
import { makeOutputFolder } from "../util/files.ts";
import { type LockPurpose, lockFolder } from "../util/folder-lock.ts";
import { requireFreeDisk } from "../util/free-disk.ts";
import { inspectModel, type ModelReport } from "./inspect-model.ts";

export interface PullModelOptions {
  /** Name on the hub, such as `google/paligemma-3b-pt-448`. */
  readonly model: string;
  /** Folder to write; by default `checkpoints/NAME`. */
  readonly output?: string;
  /** Branch, tag or commit; by default `main`. */
  readonly revision?: string;
  /** Address of the hub; by default that of HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string;
  /** By default the one of the environment or of a login; null for none. */
  readonly token?: HubToken | null;
  /** Before the second attempt after a lost connection, in milliseconds; each further one waits twice as long. */
  readonly pauseMs?: number;
  readonly note?: (text: string) => void;
  /** Told of the bytes that are there, of all. */
  readonly onFetched?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface PullModelReport extends Omit<ModelReport, "path" | "entries"> {
  readonly folder: string;
  readonly model: string;
  /** What the revision was. */
  readonly commit: string;
  readonly files: readonly string[];
  /** Bytes that came over the network now. */
  readonly fetched: number;
}

const HUB = "https://huggingface.co";
const PULLING: LockPurpose = { prefix: "puller", does: "is fetching this model", instead: "choose another --output" };

/**
 * Fetches a base or an adapter from the Hugging Face hub: the files that a model needs, each with its checksum. They come
 * into a folder beside the output, `OUTPUT.part`, which takes the output's name when all are there; started again, after
 * whatever end, the same command goes on. A model that was fetched before is brought up to date.
 * @throws InputError when it may not be read, is no PaliGemma, is not what the hub promised, the disk has no room or the
 * connection is lost for good; InterruptedError
 */
export async function pullModel(options: PullModelOptions): Promise<PullModelReport> {
  const { model, revision = "main", note, signal, pauseMs } = options;
  checkNames(model, revision);
  const output = options.output ?? join("checkpoints", basename(model));
  const stage = `${resolve(output)}.part`;
  const goOn = `the same command goes on from there: ${commandOf(options)}`;
  const before = await readPulled(output, model);
  await requireStage(stage);
  const endpoint = (options.endpoint ?? (process.env.HF_ENDPOINT || HUB)).replace(/\/+$/, "");
  const token = options.token === undefined ? await findHubToken() : (options.token ?? undefined);
  const network = { ...(note && { note }), ...(signal && { signal }), ...(pauseMs !== undefined && { pauseMs }) };
  await using hub = openHub({ endpoint, model, revision, token, ...network });
  try {
    const listed = await listHubModel(hub);
    requireModel(model, listed);
    if (before?.commit === listed.commit && isWhole(output, before)) {
      note?.(`${output}: is ${model} at its commit ${listed.commit} already`);
      return await reportOn(output, before, 0);
    }
    const fetched = await fillStage({ ...options, output, hub, listed, before, goOn }, stage);
    return await reportOn(output, fetched.pulled, fetched.bytes);
  } catch (error) {
    if (signal?.aborted) throw new InterruptedError(`${model}: stopped; what has come is kept in ${output}.part`, goOn);
    throw isFileError(error) ? fileError(`${output}.part`, error, goOn) : error;
  }
}

function checkNames(model: string, revision: string): void {
  const part = "[A-Za-z0-9_][\\w.-]{0,95}";
  if (!new RegExp(`^${part}/${part}$`).test(model)) {
    throw new InputError(`${JSON.stringify(model)}: is no name of a model on the hub`, {
      hint: "wanted is org/name, as google/paligemma-3b-pt-448",
    });
  }
  if (!/^[\w][\w./-]{0,200}$/.test(revision) || revision.includes("..")) {
    throw new InputError(`--revision ${JSON.stringify(revision)}: is no branch, tag or commit`);
  }
}

function commandOf({ model, output, revision }: PullModelOptions): string {
  const choices = [...(output === undefined ? [] : [`-o ${output}`]), ...(revision ? [`--revision ${revision}`] : [])];
  return ["amlc model pull", model, ...choices].join(" ");
}

function requireModel(model: string, { files }: HubModel): void {
  if (files.some(({ name }) => name === CONFIG || name === ADAPTER_CONFIG)) return;
  throw new InputError(`${model}: has no ${CONFIG} and no ${ADAPTER_CONFIG}: it is neither a base nor an adapter`, {
    hint: "name a PaliGemma in the format of transformers, as google/paligemma-3b-pt-448",
  });
}

interface PullJob extends PullModelOptions {
  readonly output: string;
  readonly hub: HubClient;
  readonly listed: HubModel;
  /** What stands at the output. */
  readonly before: Pulled | undefined;
  readonly goOn: string;
}

/** The configuration first, which says whether the rest is wanted; weights last. */
async function fillStage(job: PullJob, folder: string): Promise<{ readonly pulled: Pulled; readonly bytes: number }> {
  const { model, output, listed, onFetched } = job;
  await makeOutputFolder(folder);
  using _lock = await lockFolder(folder, PULLING);
  const stage = await openStage(folder, model, listed.commit);
  let bytes = await fetchFiles(job, stage, listed.files.filter(isConfig));
  if (existsSync(join(folder, CONFIG))) {
    await requirePaligemma(folder, model).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    });
  }
  bytes += await fetchFiles(job, stage, listed.files.filter(isSmall));
  const index = existsSync(join(folder, INDEX)) ? await readFile(join(folder, INDEX), "utf8") : undefined;
  const weights = chooseWeights(model, listed.files, index);
  await requireRoom(stage, weights, job);
  bytes += await fetchFiles(job, stage, weights, onFetched);
  return { pulled: await stage.become(resolve(output)), bytes };
}

const isConfig = ({ name }: HubFile) => name === CONFIG || name === ADAPTER_CONFIG;
const isSmall = (file: HubFile) => file.name.endsWith(".json") && !isConfig(file);

async function requireRoom({ folder, has, takeOver }: Stage, files: readonly HubFile[], job: PullJob): Promise<void> {
  let needed = 0;
  for (const file of files) {
    if (has(file) || (await takeOver(file, job.output, job.before))) continue;
    needed += file.size - (await bytesInPart(folder, file));
  }
  await requireFreeDisk(folder, needed);
}

/** @returns the bytes that came over the network */
async function fetchFiles(
  { hub, listed, output, before, goOn, signal }: PullJob,
  stage: Stage,
  files: readonly HubFile[],
  onFetched?: (done: number, total: number) => void,
): Promise<number> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let [done, fetched] = [0, 0];
  for (const file of files) {
    signal?.throwIfAborted();
    if (!stage.has(file) && !(await stage.takeOver(file, output, before))) {
      const onBytes = (bytes: number) => onFetched?.(done + bytes, total);
      const { folder } = stage;
      fetched += await fetchHubFile({
        hub,
        commit: listed.commit,
        file,
        folder,
        onBytes,
        goOn,
        ...(signal && { signal }),
      });
      await stage.add(file);
    }
    done += file.size;
    onFetched?.(done, total);
  }
  return fetched;
}

async function reportOn(folder: string, { model, commit, files }: Pulled, fetched: number): Promise<PullModelReport> {
  const { path: _path, entries: _entries, ...report } = await inspectModel(folder);
  return { folder, model, commit, files: files.map(({ name }) => name), fetched, ...report };
}

/** Whatever the network does has become an InputError before. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

function fileError(folder: string, cause: NodeJS.ErrnoException, goOn: string): InputError {
  const full = cause.code === "ENOSPC" || cause.code === "EDQUOT";
  return new InputError(`${folder}: could not be written to: ${cause.message}`, {
    hint: `${full ? "make room on that disk" : "choose a folder that you may write to"}; ${goOn}`,
    cause,
  });
}
