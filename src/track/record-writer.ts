import { type BlockLogWriter, openBlockLog } from "../formats/block-log.ts";
import { encodeWandbRecord, type WandbRecord } from "../formats/wandb-record.ts";
import { InputError } from "../util/errors.ts";

/** Numbers records and adds them to a log. A disk that does not take them is told of once and never thrown. */
export class RecordWriter {
  readonly #path: string;
  readonly #runId: string;
  readonly #onFault: (fault: InputError) => void;
  #log: BlockLogWriter | undefined;
  #count = 0;
  #isTold = false;

  /** @throws InputError when `path` is another kind of file; the error of the file system */
  constructor(path: string, runId: string, onFault: (fault: InputError) => void) {
    this.#path = path;
    this.#runId = runId;
    this.#onFault = onFault;
    this.#log = openBlockLog(path);
  }

  /** Once closed, nothing is written any more. */
  get isOpen(): boolean {
    return this.#log !== undefined;
  }

  write(record: WandbRecord): void {
    this.attempt(() => {
      this.#log?.append(encodeWandbRecord({ num: this.#count + 1, _info: { streamId: this.#runId }, ...record }));
      this.#count++;
    });
  }

  /** Does what needs the disk; undefined when that failed. Other errors are thrown. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (cause) {
      if (!isOfTheSystem(cause)) throw cause;
      this.#tell(cause);
      return undefined;
    }
  }

  /** Waits for the disk. */
  close(): void {
    const log = this.#log;
    if (!log) return;
    this.attempt(() => log.sync());
    this.attempt(() => log.close());
    this.#log = undefined;
  }

  #tell(cause: Error): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const hint = "make room on that disk: training goes on, but what it logs meanwhile will be missing";
    this.#onFault(new InputError(`${this.#path}: could not be written: ${cause.message}`, { hint, cause }));
  }
}

const isOfTheSystem = (cause: unknown): cause is Error => cause instanceof Error && "syscall" in cause;
