import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "./errors.ts";
import { isProcessAlive } from "./process-alive.ts";

/** A held lock; release it in `finally` or with `using`. */
export interface FolderLock extends Disposable {
  release(): void;
}

/** What a folder is locked for. Locks of different purposes do not see each other. */
export interface LockPurpose {
  /** Small letters that lock files begin with. */
  readonly prefix: string;
  /** Ends the sentence "process 12 ...". */
  readonly does: string;
  /** What a user may do instead of waiting. */
  readonly instead: string;
}

interface Owner {
  readonly file: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: tells it from a later one with the same number. */
  readonly start: string;
  readonly host: string;
}

const UNKNOWN = "x";
const ATTEMPTS = 12;
const MAX_PAUSE_MS = 30;

/**
 * Makes this process the only one with a purpose in a folder, which must exist. A lock whose process is gone (a kill -9,
 * a power cut) does not count and is swept away.
 *
 * Each process announces itself with a file whose name is its own, then looks for others; one that sees a living
 * other steps back. No file is ever taken over, so two processes cannot both get hold of a dead one's lock. Two that
 * announce themselves in the same moment both step back and try again after a random pause.
 * @throws InputError naming the other process and the folder, or the folder when it cannot be written to.
 */
export async function lockFolder(folder: string, purpose: LockPurpose): Promise<FolderLock> {
  for (let attempt = 1; ; attempt++) {
    const file = announce(folder, purpose);
    const rival = owners(folder, purpose).find((owner) => owner.file !== file && !sweepDead(owner));
    const release = () => rmSync(file, { force: true });
    if (!rival) return { release, [Symbol.dispose]: release };
    release();
    if (attempt === ATTEMPTS) throw inUse(folder, rival, purpose);
    await sleep(randomBytes(1)[0] % MAX_PAUSE_MS);
  }
}

/**
 * Who has a folder for a purpose, without taking or sweeping anything: a process that lives (or runs on another machine,
 * where we cannot look), one that is gone without having let go, or nobody. A folder that is not there is held by nobody.
 */
export function lockState(folder: string, purpose: Pick<LockPurpose, "prefix">): "held" | "dead" | "none" {
  if (!existsSync(folder)) return "none";
  const found = owners(folder, purpose);
  if (found.length === 0) return "none";
  return found.every(isDead) ? "dead" : "held";
}

/** The file's name says all, so that no half-written lock can be read. */
function announce(folder: string, { prefix }: LockPurpose): string {
  const start = processStat(process.pid)?.start ?? UNKNOWN;
  const name = `${prefix}-${process.pid}-${start}-${hostLabel()}-${randomBytes(4).toString("hex")}.lock`;
  const file = join(folder, name);
  try {
    writeFileSync(file, "", { flag: "wx" });
  } catch (cause) {
    throw new InputError(`${folder}: could not be written to: ${(cause as Error).message}`, {
      hint: "make room on that disk, or get leave to write to this folder",
      cause,
    });
  }
  return file;
}

function owners(folder: string, { prefix }: Pick<LockPurpose, "prefix">): readonly Owner[] {
  const pattern = new RegExp(`^${prefix}-(\\d+)-(\\d+|x)-(.*)-[0-9a-f]{8}\\.lock$`);
  return readdirSync(folder).flatMap((name) => {
    const match = pattern.exec(name);
    return match ? [{ file: join(folder, name), pid: Number(match[1]), start: match[2], host: match[3] }] : [];
  });
}

/** Removes the lock of a process that is gone; false when it lives, or runs on another machine, where we cannot look. */
function sweepDead(owner: Owner): boolean {
  if (!isDead(owner)) return false;
  rmSync(owner.file, { force: true });
  return true;
}

const isDead = (owner: Owner) => owner.host === hostLabel() && !isRunning(owner);

function isRunning({ pid, start }: Owner): boolean {
  const stat = processStat(pid);
  if (stat) return stat.state !== "Z" && stat.state !== "X" && (start === UNKNOWN || start === stat.start);
  return isProcessAlive(pid);
}

/** Fields 3 (state) and 22 (start in clock ticks after boot) of proc(5)'s stat; undefined off Linux. */
function processStat(pid: number): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before it may hold anything
    return { state: fields[0], start: fields[19] };
  } catch {
    return undefined;
  }
}

function hostLabel(): string {
  return hostname()
    .replace(/[^A-Za-z0-9.]/g, "_")
    .slice(0, 64);
}

function inUse(folder: string, { pid, host, file }: Owner, { does, instead }: LockPurpose): InputError {
  const elsewhere = host === hostLabel() ? "" : ` on ${host}`;
  return new InputError(`${folder}: process ${pid}${elsewhere} ${does}`, {
    hint: elsewhere
      ? `wait for it or ${instead}; if it is gone for good, delete ${file}`
      : `wait for it, stop it with Ctrl-C, or ${instead}`,
  });
}
