import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { HttpFault, lasting, passing } from "../../http/faults.ts";
import { append, bytesIn, rangeBehind } from "../../http/partial-file.ts";
import { InputError } from "../../util/errors.ts";
import { formatCount } from "../../util/format-number.ts";
import { type HubClient, unreachable } from "./hub-client.ts";
import type { Checksum, HubFile } from "./hub-files.ts";

export interface FetchFileOptions {
  readonly hub: HubClient;
  readonly commit: string;
  readonly file: HubFile;
  /** Where the file is to be. */
  readonly folder: string;
  /** Told how many bytes of it are there. */
  readonly onBytes?: (done: number) => void;
  /** What a user does to go on after the connection was lost for good. */
  readonly goOn: string;
  readonly signal?: AbortSignal;
}

/** Some two minutes, so that gigabytes outlast a router that is started anew. */
const ATTEMPTS = 8;

/**
 * Fetches a file of a model. What has come stays in a `.part` file, with which the next attempt, or the next program, goes
 * on. The file takes its name when its size and checksum are right. Returns the bytes that came over the network.
 * @throws InputError when it may not be read, is not what was promised, or the connection is lost for good; an error of the
 * file system as it is
 */
export async function fetchHubFile(options: FetchFileOptions): Promise<number> {
  const { file, folder } = options;
  const part = join(folder, partName(file));
  await removeOtherParts(folder, file);
  let fetched = await fillPart(options, part);
  let found = await digestFile(part, file);
  if (found !== file.checksum.hex) {
    await rm(part); // bytes of an earlier try may be what is wrong
    fetched += await fillPart(options, part);
    found = await digestFile(part, file);
  }
  if (found !== file.checksum.hex) {
    await rm(part);
    throw new InputError(`${file.name}: its checksum is ${found}, the server promised ${file.checksum.hex}`, {
      hint: "the file was damaged on the way, or the server is not to be trusted: try again, or check HF_ENDPOINT",
    });
  }
  await rename(part, join(folder, file.name));
  return fetched;
}

/** @returns the bytes that came over the network */
async function fillPart({ hub, commit, file, onBytes, goOn, signal }: FetchFileOptions, part: string): Promise<number> {
  const url = addressOf(hub, commit, file.name);
  let [done, fetched] = [0, 0];
  try {
    await hub.retry(ATTEMPTS, (reach) =>
      proceed(hub, url, part, file, (bytes, fresh) => {
        signal?.throwIfAborted();
        done = bytes;
        fetched += fresh;
        reach(bytes);
        onBytes?.(bytes);
      }),
    );
    return fetched;
  } catch (fault) {
    if (!(fault instanceof HttpFault) || signal?.aborted) throw fault;
    const there = `${formatCount(done)} of ${formatCount(file.size)} bytes are there`;
    throw unreachable(`${file.name} (${there})`, fault, fault.passing ? goOn : undefined);
  }
}

/** What is there of a file that is not whole. */
export const bytesInPart = (folder: string, file: HubFile): Promise<number> => bytesIn(join(folder, partName(file)));

/** A file that has changed on the server has another checksum, so what is there of the old one is no part of it. */
const partName = ({ name, checksum }: HubFile) => `${name}.${checksum.hex.slice(0, 16)}.part`;

async function removeOtherParts(folder: string, file: HubFile): Promise<void> {
  const own = partName(file);
  const others = (await readdir(folder)).filter(
    (name) => name.startsWith(`${file.name}.`) && name.endsWith(".part") && name !== own,
  );
  for (const name of others) await rm(join(folder, name), { force: true });
}

function addressOf({ asked: { endpoint, model } }: HubClient, commit: string, name: string): URL {
  return new URL(`${endpoint}/${model}/resolve/${encodeURIComponent(commit)}/${encodeURIComponent(name)}`);
}

/** One request for what the part lacks. */
async function proceed(
  hub: HubClient,
  url: URL,
  part: string,
  { name, size, checksum }: HubFile,
  told: (bytes: number, fresh: number) => void,
): Promise<void> {
  let there = await bytesIn(part);
  if (there > size) {
    await rm(part);
    there = 0;
  }
  told(there, 0);
  if (there === size && size > 0) return;
  const { status, headers, body, mark } = await hub.ask(url, rangeBehind(there));
  try {
    requireUnchanged(name, checksum, mark);
    if (status === 416) {
      await rm(part, { force: true });
      throw passing("the server has no such part of the file");
    }
    if (status === 206) requireRange(name, headers["content-range"], there, size);
    const kept = status === 206 ? there : 0;
    const tooLarge = `the server sends more than the ${size} bytes that it promised`;
    const done = await append(part, body, { kept, maxBytes: size, tooLarge, onBytes: told });
    if (done < size) throw passing("the answer is shorter than it should be");
  } finally {
    body.destroy();
  }
}

/** A mirror may have marks that are no checksums: they say nothing. */
function requireUnchanged(name: string, { hex }: Checksum, mark: string | undefined): void {
  const found = /^(?:W\/)?"([0-9a-f]+)"$/.exec(mark ?? "")?.[1];
  if (found === undefined || found.length !== hex.length || found === hex) return;
  throw new InputError(`${name}: has changed on the server since its files were listed`, {
    hint: "start the same command again: what has not changed is kept",
  });
}

function requireRange(name: string, range: string | undefined, begin: number, size: number): void {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(range)) ?? [];
  if (Number(first) === begin && (total === "*" || Number(total) === size)) return;
  if (first !== undefined && total !== "*" && Number(total) !== size) {
    throw new InputError(`${name}: has ${total} bytes on the server now, and had ${size} when its files were listed`, {
      hint: "start the same command again",
    });
  }
  throw lasting("the server answers with another range of bytes than was asked for");
}

async function digestFile(path: string, { size, checksum }: HubFile): Promise<string> {
  const hash = createHash(checksum.kind === "sha256" ? "sha256" : "sha1");
  if (checksum.kind === "git") hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
