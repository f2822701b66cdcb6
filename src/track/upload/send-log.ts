import { stringify } from "yaml";
import { monotonicSeconds } from "../../util/clock.ts";
import { type Beginning, configOnly, findBeginning, upsert, type WantedPlace, wholeRun } from "./begin-log.ts";
import { FileSender } from "./file-sender.ts";
import { LogFold, type Row } from "./fold.ts";
import { type LogTail, openLogTail } from "./log-tail.ts";
import type { Pace } from "./pace.ts";
import type { RunPlace } from "./run-files.ts";
import type { SentLog } from "./segments.ts";
import { isWanted, type SentState, writeSentState } from "./sent-state.ts";
import type { WandbServer } from "./server.ts";
import { LARGEST_BODY, LONGEST_LINE, type StreamBody, takePortion } from "./stream-body.ts";

export interface Sent {
  /** Rows of the history that were read, and those that the server has or that are left out. */
  readonly rows: number;
  readonly sentRows: number;
  /** Rows that went to the server, of this process alone. */
  readonly postedRows: number;
  /** Bytes of the log that were read. */
  readonly bytes: number;
}

export interface SendOptions {
  readonly server: WandbServer;
  readonly log: SentLog;
  /** The logs of the run before it. */
  readonly earlier: readonly string[];
  readonly place: WantedPlace;
  readonly before: SentState | undefined;
  /** Of a run that nothing was sent of; null for another. */
  readonly resume: "allow" | "must" | "never" | null;
  /** The last log ends the run on the server. */
  readonly isLast: boolean;
  /** A later log was sent already: lines and settings of this one are there, and would undo what came after them. */
  readonly isOvertaken: boolean;
  readonly leaveOutAfter: number | null;
  readonly pace: Pace;
  /** False while the log may grow. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
  /** Aborts all requests under way. */
  readonly giveUp: () => void;
  readonly onNote: (text: string) => void;
  /** Told where the run is, once the server has it. */
  readonly onPlace: (place: RunPlace & { readonly name: string }) => void;
  readonly onStop: () => void;
  readonly onSent: (sent: Sent) => void;
}

/**
 * Sends a log until it is over and the server has all of it. What it is known to have is written down beside the log, so that
 * it may be ended at any moment and begun again. @returns false when files could not be sent
 * @throws HttpFault when the server refuses; InputError; the signal's reason
 */
export async function sendLog(options: SendOptions): Promise<boolean> {
  using tail = openLogTail(options.log.log);
  const fold = new LogFold();
  if (!(await readRun(tail, fold, options))) return true; // its writer was killed before it wrote anything
  const { server, log, before, leaveOutAfter, resume, isOvertaken } = options;
  if (isOvertaken && before) return await new Sending(options, tail, fold).catchUp(before);
  const { goesOnBehind } = log;
  const place = { ...options.place, id: fold.run!.runId };
  const beginning = await findBeginning(server, {
    ...{
      log: log.log,
      earlier: options.earlier,
      place,
      before,
      goesOnBehind,
      leaveOutAfter,
      resume,
      note: options.onNote,
    },
  });
  const sending = new Sending({ ...options, place }, tail, fold);
  await sending.setUp(beginning);
  return await sending.run(); // the log is closed behind it
}

async function readRun(tail: LogTail, fold: LogFold, { isOver, pace, server, signal }: SendOptions): Promise<boolean> {
  for (;;) {
    const wasOver = isOver();
    for (let record = tail.next(); record; record = tail.next()) {
      fold.add(record);
      if (fold.run) return true;
    }
    if (wasOver) return false;
    await server.hurry.wait(pace.lookMs, signal);
  }
}

/** One log on its way. */
class Sending {
  readonly #options: SendOptions;
  readonly #tail: LogTail;
  readonly #fold: LogFold;
  readonly #files: FileSender;
  #state!: SentState;
  #place!: RunPlace;
  #rows: Row[] = [];
  #events: string[] = [];
  #output: string[] = [];
  #uploaded: string[] = [];
  #summary: string | undefined;
  readonly #skip = { events: 0, output: 0 };
  #printed = "";
  #rowsRead = 0;
  #rowsPosted = 0;
  #leftOut = 0;
  #tooLong = 0;
  #isStopped = false;
  #streamedAt = Number.NEGATIVE_INFINITY;
  #pauseUntil = Number.NEGATIVE_INFINITY;
  #configuredAt = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: SendOptions, tail: LogTail, fold: LogFold) {
    this.#options = options;
    this.#tail = tail;
    this.#fold = fold;
    this.#files = new FileSender({
      ...{ server: options.server, log: options.log, fold, onNote: options.onNote },
      onUploaded: (names) => void this.#uploaded.push(...names),
      save: (counts) => this.#save(counts),
    });
  }

  /** Sets up the run, and writes down where its lines are to go before the first of them does. */
  async setUp({ state, status }: Beginning): Promise<void> {
    const { server, place, onPlace } = this.#options;
    if (status) this.#fold.resume({ config: status.config ?? null, summary: status.summaryMetrics ?? null });
    const run = this.#fold.run!;
    const variables = wholeRun(run, place, status?.id ?? null, this.#fold.configText());
    const { project, displayName, historyLineCount } = await upsert(server, variables);
    this.#fold.changed.config = false;
    this.#fold.changed.run = false;
    this.#configuredAt = now();
    this.#place = {
      entity: project?.entity.name ?? place.entity ?? "",
      project: project?.name ?? place.project,
      id: place.id,
    };
    const offset = status ? state.history.offset : Math.max(state.history.offset, historyLineCount ?? 0);
    this.#state = { ...state, ...this.#place, history: { ...state.history, offset }, isWhole: false };
    Object.assign(this.#skip, { events: state.events.sent, output: state.output.sent });
    this.#files.begin(this.#place, state);
    await this.#save({});
    onPlace({ ...this.#place, name: displayName || place.id });
  }

  /** Sends files and artifacts that could not be sent before. */
  async catchUp(before: SentState): Promise<boolean> {
    this.#state = before;
    this.#files.begin(before, before);
    for (let record = this.#tail.next(); record; record = this.#tail.next()) this.#fold.add(record);
    this.#files.sendLast();
    await this.#files.idle();
    const { isAllThere } = this.#files;
    await this.#save({ isWhole: isAllThere });
    return isAllThere;
  }

  /** @returns whether the server has all files */
  async run(): Promise<boolean> {
    try {
      return await this.#sendAll();
    } catch (error) {
      this.#options.giveUp();
      await this.#files.idle().catch(() => {}); // nothing is sent behind the back of the next one
      throw error;
    }
  }

  async #sendAll(): Promise<boolean> {
    const { isOver, isLast, onNote, pace, server, signal } = this.#options;
    for (;;) {
      const wasOver = isOver();
      const isRead = this.#read();
      if (isRead && wasOver && this.#fold.exitCode === undefined) {
        this.#fold.end(KILLED); // as W&B's own client ends a log that nobody ended
        this.#drain();
      }
      const ended = isRead && this.#fold.exitCode !== undefined;
      if (ended) break;
      this.#files.take();
      await this.#configure();
      await this.#stream(isRead);
      if (isRead) await server.hurry.wait(pace.lookMs, signal);
      this.#files.throwIfFailed();
    }
    await this.#flush();
    this.#files.sendLast(this.#ownFiles());
    if (this.#fold.changed.config) await this.#upsertConfig();
    await this.#files.idle();
    if (isLast) await this.#flush(this.#fold.exitCode);
    else if (this.#uploaded.length > 0) await this.#flush();
    if (this.#leftOut > 0)
      onNote(`${this.#place.id}: ${rowsOf(this.#leftOut)} left out: the server has these steps already`);
    if (this.#tooLong > 0) onNote(`${this.#place.id}: ${rowsOf(this.#tooLong)} left out: longer than W&B takes`);
    if (this.#tail.broken > 0) onNote(`${this.#options.log.log}: ${this.#tail.broken} bytes in it are no record`);
    const { isAllThere } = this.#files;
    await this.#save({ isWhole: isAllThere });
    return isAllThere;
  }

  /** Reads on, but no more than a request holds. @returns whether the log has no more now */
  #read(): boolean {
    let bytes = 0;
    for (;;) {
      const start = this.#tail.position;
      const record = this.#tail.next();
      if (record) this.#fold.add(record);
      bytes += this.#tail.position - start;
      if (record && bytes < LARGEST_BODY) continue;
      this.#drain();
      return !record;
    }
  }

  #drain(): void {
    const { rows, events, output, changed } = this.#fold;
    const { history } = this.#state;
    this.#rowsRead += rows.length;
    for (const row of rows.splice(0)) {
      if (row.row < history.nextRow) continue;
      if (row.text.length > LONGEST_LINE && Buffer.byteLength(row.text) > LONGEST_LINE) this.#tooLong++;
      else if (isWanted(row, history)) this.#rows.push(row);
      else if (history.leaveOutTo !== null && row.step <= history.leaveOutTo) this.#leftOut++;
    }
    this.#printed += output.map((line) => `${line.replace(/^(ERROR )?\S+ /, "")}\n`).join("");
    this.#events.push(...unsent(events.splice(0), this.#skip, "events"));
    this.#output.push(...unsent(output.splice(0), this.#skip, "output"));
    if (changed.summary) this.#summary = this.#fold.summaryText();
    changed.summary = false;
    if (this.#summary !== undefined && Buffer.byteLength(this.#summary) > LONGEST_LINE) this.#summary = undefined;
  }

  async #configure(): Promise<void> {
    const { changed } = this.#fold;
    if (!changed.config && !changed.run) return;
    if (now() - this.#configuredAt >= this.#options.pace.configMs) await this.#upsertConfig();
  }

  async #upsertConfig(): Promise<void> {
    const { changed, run } = this.#fold;
    const config = this.#fold.configText();
    const { server } = this.#options;
    const hasRun = changed.run;
    changed.config = false;
    changed.run = false;
    await upsert(server, hasRun ? wholeRun(run!, this.#place, null, config) : configOnly(this.#place, config));
    this.#configuredAt = now();
  }

  /** Sends what waits when it is time. @param isRead that no more is to be read now */
  async #stream(isRead: boolean): Promise<void> {
    const { pace, isOver } = this.#options;
    const time = now();
    const isFull = !isRead;
    const isDue = isFull || isOver() || time - this.#streamedAt >= pace.streamMs;
    if (time < this.#pauseUntil) return;
    if (this.#hasLines()) {
      if (isDue) await this.#flush();
    } else if (time - Math.max(this.#streamedAt, this.#configuredAt) >= pace.heartbeatMs) await this.#post({});
  }

  #hasLines(): boolean {
    return (
      this.#rows.length + this.#events.length + this.#output.length + this.#uploaded.length > 0 ||
      this.#summary !== undefined
    );
  }

  /** Sends all that waits, and with it that the run is over where its exit code is given. */
  async #flush(exitCode?: number): Promise<void> {
    while (this.#hasLines() || exitCode !== undefined) {
      const { history, events, output } = this.#state;
      const portion = takePortion(
        {
          rows: this.#rows,
          events: this.#events,
          output: this.#output,
          summary: this.#summary,
          uploaded: this.#uploaded,
          at: {
            history: history.offset + history.sent,
            events: events.offset + events.sent,
            output: output.offset + output.sent,
          },
        },
        exitCode,
      );
      const announced = this.#uploaded.length;
      if (portion.hasSummary) this.#summary = undefined; // a later one is another
      await this.#post(portion.body);
      const sent = this.#rows.splice(0, portion.rows);
      this.#events.splice(0, portion.events);
      this.#output.splice(0, portion.output);
      this.#uploaded.splice(0, announced);
      await this.#save({
        history: {
          ...history,
          sent: history.sent + portion.rows,
          nextRow: sent.length > 0 ? sent.at(-1)!.row + 1 : history.nextRow,
        },
        events: { ...events, sent: events.sent + portion.events },
        output: { ...output, sent: output.sent + portion.output },
      });
      if (portion.body.complete || (!portion.isPart && exitCode === undefined)) return;
    }
  }

  async #post(body: StreamBody): Promise<void> {
    const { server, onStop, onSent, signal } = this.#options;
    if (now() < this.#pauseUntil) await server.hurry.wait(this.#pauseUntil - now(), signal);
    const { entity, project, id } = this.#place;
    const path = `/files/${[entity, project, id].map(encodeURIComponent).join("/")}/file_stream`;
    const { stopped, limit } = await server.stream(path, body);
    this.#streamedAt = now();
    if (limit && limit.remaining < 1) this.#pauseUntil = now() + Math.min(1000 * limit.resetSeconds, SLOWEST_MS);
    if (stopped && !this.#isStopped) onStop();
    this.#isStopped ||= stopped;
    const posted = body.files?.["wandb-history.jsonl"]?.content.length ?? 0;
    this.#rowsPosted += posted;
    onSent({
      rows: this.#rowsRead,
      sentRows: this.#rowsRead - (this.#rows.length - posted),
      postedRows: this.#rowsPosted,
      bytes: this.#tail.position,
    });
  }

  /** Files that say what the server was told. */
  #ownFiles(): Readonly<Record<string, string | undefined>> {
    return {
      "wandb-metadata.json": this.#fold.metadataText(),
      "output.log": this.#printed || undefined,
      "wandb-summary.json": this.#fold.summaryText(),
      "config.yaml": stringify(this.#fold.configObject()),
    };
  }

  /** One after the other, for lines and files go at the same time. */
  #save(change: Partial<SentState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    const state = this.#state;
    this.#saving = this.#saving.then(() => writeSentState(this.#options.log.log, state));
    return this.#saving;
  }
}

const KILLED = 1;
/** The client asks no slower than this, whatever the server says of its limits. */
const SLOWEST_MS = 10_000;

const now = () => 1000 * monotonicSeconds();

const rowsOf = (count: number) => (count === 1 ? "1 row was" : `${count} rows were`);

/** What is left of lines when those that were sent are passed over. */
function unsent(lines: readonly string[], skip: Record<"events" | "output", number>, kind: "events" | "output") {
  const passed = Math.min(skip[kind], lines.length);
  skip[kind] -= passed;
  return lines.slice(passed);
}
