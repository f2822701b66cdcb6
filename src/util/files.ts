import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, realpath, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "./errors.ts";

/** Makes a folder and what is missing above it. */
export async function makeFolder(path: string): Promise<void> {
  // Node's own recursive mkdir never returns where a folder cannot be made in one that is there, such as /proc, or where the
  // working folder was deleted.
  const folder = resolve(path);
  try {
    await mkdir(folder);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT" && dirname(folder) !== folder) {
      await makeFolder(dirname(folder));
      await mkdir(folder).catch(unlessThere(folder));
    } else await unlessThere(folder)(cause);
  }
}

/** The same for a folder that a user has named. @throws InputError when it cannot be made */
export async function makeOutputFolder(path: string): Promise<void> {
  await makeFolder(path).catch((cause: Error) => {
    throw new InputError(`${path}: no such folder can be made: ${cause.message}`, {
      hint: "choose a folder that you may write to",
      cause,
    });
  });
}

const unlessThere = (folder: string) => async (cause: unknown) => {
  const found = codeOf(cause) === "EEXIST" ? await stat(folder).catch(() => undefined) : undefined;
  if (!found?.isDirectory()) throw cause;
};

/**
 * Writes a file that appears whole or not at all: into a neighbour, synced, renamed over `path`.
 * The folder must exist. @throws InputError naming the path, the size and the reason; what stood there is untouched.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const file = await openFileAtomic(path, Buffer.byteLength(data));
  await file.write(data);
  await file.commit();
}

/** A file in the making. It appears at its path with `commit`; a failed call, or `discard`, leaves nothing of it. */
export interface AtomicFile {
  readonly path: string;
  write(data: string | Uint8Array): Promise<void>;
  commit(): Promise<void>;
  /** Does nothing after `commit`. */
  discard(): Promise<void>;
}

/**
 * Begins a file that is written bit by bit and appears whole or not at all.
 * @param expected bytes it will have, for the message when there is no room; without it, more than those written so far
 * @throws InputError as {@link writeFileAtomic}
 */
export async function openFileAtomic(path: string, expected?: number): Promise<AtomicFile> {
  const { target, mode } = await findTarget(path);
  // A name that no other writer has, be it in this process or in one of the same number on another machine.
  const temporary = `${target}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  let [bytes, isOpen] = [0, true];
  const discard = async () => {
    if (!isOpen) return;
    isOpen = false;
    await file.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
  };
  const size = () => (expected === undefined ? `more than ${mebibytes(bytes)}` : mebibytes(Math.max(bytes, expected)));
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      await discard();
      throw await writeError(path, size(), cause);
    }
  };
  const file = await open(temporary, "wx", mode).catch(async (cause) => {
    throw await writeError(path, size(), cause);
  });
  return {
    path,
    async write(data) {
      bytes += Buffer.byteLength(data);
      await attempt(() => file.writeFile(data));
    },
    async commit() {
      await attempt(async () => {
        if (mode !== undefined) await file.chmod(mode); // the mask of the process has none of it
        await file.sync();
        await rename(temporary, target);
        await syncFolder(dirname(target));
      });
      isOpen = false;
      await file.close();
    },
    discard,
  };
}

/**
 * Where a file that is to be replaced stands, links followed, and the mode that it has.
 * @throws InputError when something else than a file is there: a rename would put a file in the place of a device
 */
async function findTarget(path: string): Promise<{ target: string; mode: number | undefined }> {
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => undefined);
  if (found && !found.isFile()) {
    throw new InputError(
      `${path}: could not be written: it is ${found.isDirectory() ? "a folder" : "no ordinary file"}`,
      {
        hint: "name a file; what goes to a pipe or a device has to be a file first",
      },
    );
  }
  return { target, mode: found && found.mode & 0o777 };
}

/**
 * Replaces the folder `path` by one that holds exactly `files` (name → content), whole or not at all: all is written and
 * synced in `path.new`, then `path` becomes `path.old` and `path.new` becomes `path`. A process killed in between is
 * mended by {@link recoverFolder}. One writer at a time. @throws InputError as {@link writeFileAtomic}.
 */
export async function replaceFolderAtomic(
  path: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const { fresh, old } = siblings(path);
  try {
    await recoverFolder(path);
    await makeFolder(fresh);
    for (const [name, data] of Object.entries(files)) await writeSynced(join(fresh, name), data);
    await syncFolder(fresh);
    if (await exists(path)) await rename(path, old);
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await recoverFolder(path).catch(() => {});
    throw await writeError(path, mebibytes(sizeOfAll(Object.values(files))), cause);
  }
  await rm(old, { recursive: true, force: true }).catch(() => {}); // what stays is removed by the next call
}

/**
 * Ends a swap that {@link replaceFolderAtomic} could not: a missing `path` is renamed back from `path.old`, left-overs go.
 * For the writer alone, before it reads or writes: it would pull the folder from under a swap in progress.
 */
export async function recoverFolder(path: string): Promise<void> {
  const { fresh, old } = siblings(path);
  if (await exists(path)) await rm(old, { recursive: true, force: true });
  else if (await exists(old)) await rename(old, path);
  await rm(fresh, { recursive: true, force: true });
}

const siblings = (path: string) => ({ fresh: `${path}.new`, old: `${path}.old` });

async function exists(folder: string): Promise<boolean> {
  try {
    const found = await lstat(folder);
    if (found.isFile()) throw new InputError(`${folder}: is a file, and a folder of that name is to be written`);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return false;
    throw cause;
  }
}

async function writeSynced(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a power cut once its folder is synced; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeError(path: string, size: string, cause: unknown): Promise<InputError> {
  if (cause instanceof InputError) return cause;
  const message = `${path}: could not be written (${size}): ${(cause as Error).message}`;
  return new InputError(message, { hint: await adviceFor(path, size, codeOf(cause)), cause });
}

async function adviceFor(path: string, size: string, code: string | undefined): Promise<string> {
  if (code === "ENOSPC" || code === "EDQUOT") {
    const free = await statfs(dirname(path)).then(
      (s) => `, ${mebibytes(s.bavail * s.bsize)} are free`,
      () => "",
    );
    return `make room: ${size} are needed on that disk${free}; what was saved there before is unharmed`;
  }
  if (code === "ENOENT") return "create the folder first";
  return "choose a folder that you may write to; what was saved there before is unharmed";
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const sizeOfAll = (data: readonly (string | Uint8Array)[]) => data.reduce((sum, d) => sum + Buffer.byteLength(d), 0);

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code;
