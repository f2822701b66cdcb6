import { isAbsolute, join, normalize, sep } from "node:path";
import type { WandbArtifact } from "../../formats/wandb-record.ts";
import { HttpFault } from "../../http/faults.ts";
import { putArtifact } from "./artifacts.ts";
import type { LogFold } from "./fold.ts";
import { InTurn } from "./in-turn.ts";
import { contentOf, putRunFiles, type RunFile, type RunPlace } from "./run-files.ts";
import type { SentLog } from "./segments.ts";
import type { SentState } from "./sent-state.ts";
import type { WandbServer } from "./server.ts";

/** How many of a log's files and artifacts are at the server. */
type Counts = Pick<SentState, "files" | "artifacts">;

export interface FileSenderOptions {
  readonly server: WandbServer;
  readonly log: SentLog;
  readonly fold: LogFold;
  readonly onNote: (text: string) => void;
  /** Told the names of files that the server has now. */
  readonly onUploaded: (names: readonly string[]) => void;
  /** Writes down how many are there. */
  readonly save: (counts: Partial<Counts>) => Promise<void>;
}

/** Sends files and artifacts of a log beside its lines, one after the other. */
export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #jobs = new InTurn();
  #place!: RunPlace;
  #sent: Counts = { files: 0, artifacts: 0 };
  readonly #met = { files: 0, artifacts: 0 };
  readonly #atEnd = new Set<string>();
  #isAllThere = true;

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  /** False when one could not be sent. */
  get isAllThere(): boolean {
    return this.#isAllThere;
  }

  /** @param sent what is not sent again */
  begin(place: RunPlace, sent: Counts): void {
    this.#place = place;
    this.#sent = sent;
  }

  /** Takes what the log names anew; what is there only at the run's end is kept for {@link sendLast}. */
  take(): void {
    const { files, artifacts } = this.#options.fold;
    const fresh = files.splice(0).filter(() => ++this.#met.files > this.#sent.files);
    for (const { path } of fresh.filter(({ atEnd }) => atEnd)) this.#atEnd.add(path);
    this.#queue(fresh.filter(({ atEnd }) => !atEnd).map(({ path }) => path));
    for (const artifact of artifacts.splice(0)) {
      this.#met.artifacts++;
      if (this.#met.artifacts > this.#sent.artifacts) this.#queueArtifact(artifact, this.#met.artifacts);
    }
  }

  /** Sends the files that change until the run's end, and `own` ones by name, which the log does not hold. */
  sendLast(own: Readonly<Record<string, string | undefined>> = {}): void {
    this.take();
    this.#queue([...this.#atEnd].filter((path) => !(path in own)));
    const made = Object.entries(own).flatMap(([name, text]) =>
      text === undefined ? [] : [{ name, content: Buffer.from(text) }],
    );
    if (made.length > 0) this.#add("the run's own files", () => this.#put(made));
  }

  /** Waits for all that was taken. @throws what one failed of */
  idle(): Promise<void> {
    return this.#jobs.idle();
  }

  throwIfFailed(): void {
    this.#jobs.throwIfFailed();
  }

  #queue(paths: readonly string[]): void {
    if (paths.length === 0) return;
    const count = this.#met.files;
    const what = paths.length === 1 ? paths[0]! : `${paths.length} files`;
    this.#add(what, async () => {
      await this.#put(await this.#read([...new Set(paths)]));
      if (this.#isAllThere && this.#atEnd.size === 0) await this.#options.save({ files: count });
    });
  }

  async #read(paths: readonly string[]): Promise<readonly RunFile[]> {
    const found: RunFile[] = [];
    for (const name of paths) {
      if (!isBelow(name)) {
        this.#options.onNote(`${JSON.stringify(name)} is no name for a file of the run: it is not sent`);
        continue;
      }
      const path = join(this.#options.log.files, name);
      const content = await contentOf(path);
      if (content) found.push({ name, content });
      else this.#options.onNote(`${path}: is not there, so it is not sent`);
    }
    return found;
  }

  async #put(files: readonly RunFile[]): Promise<void> {
    this.#options.onUploaded(await putRunFiles(this.#options.server, this.#place, files));
  }

  #queueArtifact(artifact: WandbArtifact, count: number): void {
    const { server, log, save } = this.#options;
    this.#add(`artifact ${artifact.name}`, async () => {
      await putArtifact(server, this.#place, artifact, log.staging);
      if (this.#isAllThere) await save({ artifacts: count });
    });
  }

  /** Lines are worth more than files: one that the server refuses is told of, and the rest goes on. */
  #add(what: string, job: () => Promise<void>): void {
    this.#jobs.add(async () => {
      try {
        await job();
      } catch (fault) {
        if (!(fault instanceof HttpFault)) throw fault;
        this.#isAllThere = false;
        this.#options.onNote(`${what} could not be sent: ${fault.message}`);
      }
    });
  }
}

/** Whether a name stays in the folder of the run's files: of a log that came from elsewhere it may lead to any file. */
function isBelow(name: string): boolean {
  const [first] = normalize(name).split(sep);
  return first !== "." && first !== ".." && !isAbsolute(name);
}
