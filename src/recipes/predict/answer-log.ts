import { type FileHandle, open, readFile } from "node:fs/promises";
import { z } from "zod";
import { checkJson, parseJson } from "../../formats/json.ts";
import { InputError } from "../../util/errors.ts";

const confidence = z.number().min(0).max(1);

const AnsweredSchema = z.strictObject({
  index: z.int().min(0),
  text: z.string(),
  confidence,
  /** The next best, the likeliest first. */
  others: z.array(z.strictObject({ text: z.string(), confidence })),
});

const FaultSchema = z.strictObject({
  index: z.int().min(0),
  /** Why there is no answer. */
  fault: z.string(),
  /** The photograph's file as it was then, by size and time of change; null while there was none. */
  image: z.string().nullable(),
});

const LineSchema = z.array(z.union([AnsweredSchema, FaultSchema]));

/** A row that was answered. */
export type Answered = Readonly<z.output<typeof AnsweredSchema>>;
/** A row that cannot be asked about. */
export type Fault = Readonly<z.output<typeof FaultSchema>>;
/** What became of a row. */
export type Entry = Answered | Fault;

export const isFault = (entry: Entry): entry is Fault => "fault" in entry;

/** What became of the rows of a part, in the order in which it did: a line of JSON holds the rows of one batch. */
export interface AnswerLog {
  /** Comes when the rows are on the disk. @throws InputError when they cannot be written */
  append(entries: readonly Entry[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log to go on with it, and cuts off a line that was half written. @throws InputError when it cannot be written to */
export async function openAnswerLog(path: string): Promise<AnswerLog> {
  const file = await open(path, "a+").catch((cause: Error) => {
    throw unwritable(path, cause);
  });
  try {
    await file.truncate((await file.readFile()).lastIndexOf(LINE_FEED) + 1);
  } catch (cause) {
    await file.close();
    throw unwritable(path, cause as Error);
  }
  return {
    append: (entries) =>
      appendLine(file, JSON.stringify(entries)).catch((cause: Error) => {
        throw unwritable(path, cause);
      }),
    close: () => file.close(),
  };
}

const LINE_FEED = 10;

async function appendLine(file: FileHandle, line: string): Promise<void> {
  await file.appendFile(`${line}\n`);
  await file.datasync();
}

/**
 * The last word about each row, by index; none when there is no log. A line that was half written does not count.
 * @throws InputError naming file and line of what no log has
 */
export async function readAnswerLog(path: string): Promise<ReadonlyMap<number, Entry>> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new InputError(`${path}: cannot be read: ${cause.message}`, { cause });
  });
  const lines = text.split("\n").slice(0, -1);
  const entries = lines.flatMap((line, i) => parseLine(`${path}:${i + 1}`, line));
  return new Map(entries.map((entry) => [entry.index, entry]));
}

function parseLine(source: string, line: string): Entry[] {
  try {
    return checkJson(source, parseJson(source, line), LineSchema);
  } catch (cause) {
    throw new InputError((cause as Error).message, {
      hint: "delete this line: its rows are answered again; or begin anew with --fresh",
      cause,
    });
  }
}

function unwritable(path: string, cause: Error): InputError {
  return new InputError(`${path}: could not be written: ${cause.message}`, {
    hint: "make room on that disk, or get leave to write there; the answers so far are kept",
    cause,
  });
}
