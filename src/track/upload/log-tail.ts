import { readBlockLog } from "../../formats/block-log.ts";
import { decodeWandbRecord, type WandbRecord } from "../../formats/wandb-record.ts";
import { ifValid } from "../../util/errors.ts";

/** Reads the records of a log that may grow. */
export interface LogTail extends Disposable {
  /** Undefined when there is no whole record yet. */
  next(): WandbRecord | undefined;
  /** Bytes that were read. */
  readonly position: number;
  /** Bytes between the records read so far that belong to none. */
  readonly broken: number;
}

/** @throws InputError when the file is no log; the error of the file system */
export function openLogTail(log: string): LogTail {
  const reader = readBlockLog(log);
  let broken = 0;
  return {
    next() {
      for (;;) {
        const entry = reader.next();
        if (!entry) return undefined;
        // A whole one may be no record all the same, from another program.
        const record = entry.kind === "record" ? ifValid(() => decodeWandbRecord(entry.payload)) : undefined;
        if (record) return record;
        broken += entry.kind === "record" ? entry.payload.length : entry.bytes;
      }
    },
    get position() {
      return reader.position;
    },
    get broken() {
      return broken;
    },
    [Symbol.dispose]: () => reader.close(),
  };
}
