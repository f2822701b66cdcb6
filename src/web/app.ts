import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import { BadRowError } from "../data/bad-rows.ts";
import { makeThumbnail } from "../data/thumbnail.ts";
import { InputError } from "../util/errors.ts";
import { answersReader, CONFIGURED, predictionsAnswer } from "./answers.ts";
import type { RunsAnswer, SeriesAnswer } from "./api.ts";
import { COMPARE_POLICY, compareWatched, faultPage } from "./compare.ts";
import { sendEvents } from "./events.ts";
import { historiesAsCsv, historiesAsJson, runsAsCsv } from "./export.ts";
import { type Fault, sayFault, WebFault } from "./fault.ts";
import { isLoopback, ownName, readOnly, saySafety, wantToken } from "./guard.ts";
import type { LiveRuns } from "./live-runs.ts";
import { oneOf, readRun, readRuns, readSeriesQuery, readWhole } from "./query.ts";
import { findStatic } from "./static-files.ts";

export interface AppOptions {
  readonly runs: LiveRuns;
  /** Name or address that it is served at; loopback by default. */
  readonly host?: string;
  /** What a browser has to show; needed where others can reach the host. */
  readonly token?: string;
  /** Between two signs of life of a silent stream of events, in milliseconds. */
  readonly heartbeat?: number;
}

/** The page's server as a function from requests to responses. It reads run folders and changes nothing. */
export function createApp({ runs, host = "localhost", token, heartbeat }: AppOptions): Hono {
  if (token === undefined && !isLoopback(host)) throw new RangeError(`${host}: others can reach it: a token is needed`);
  const app = new Hono();
  app.use(saySafety, readOnly, ownName(host));
  // To this machine itself, compressing takes longer than sending.
  if (token !== undefined) app.use(wantToken(token), compress({ contentTypeFilter: /^application\/json/ }));

  addRuns(app, runs);
  addAnswers(app, runs);
  addExport(app, runs);
  app.get("/api/events", (c) => (c.req.method === "HEAD" ? c.body(null) : sendEvents(c, runs, heartbeat)));
  app.get("*", sendStatic);
  app.onError(explain);
  return app;
}

function addRuns(app: Hono, runs: LiveRuns): void {
  app.get("/api/runs", (c) => c.json({ folder: runs.folder, runs: runs.rows() } satisfies RunsAnswer));
  app.get("/api/series", async (c) => {
    const query = readSeriesQuery(c.req);
    const names = readRuns(c.req, runs).map(({ run }) => run.name);
    const series = await runs.index.series(names, query);
    return c.json({ metric: query.metric, axis: query.axis, series } satisfies SeriesAnswer);
  });
}

function addAnswers(app: Hono, runs: LiveRuns): void {
  const readAnswers = answersReader();
  app.get("/api/predictions", async (c) => {
    const [run, split] = [readRun(c.req, runs), readSplit(c)];
    return c.json(predictionsAnswer(run.run.name, split, await readAnswers(run, split)));
  });
  app.get("/api/image", async (c) => {
    const side = readWhole(c.req, "side", { least: 16, most: 1024, otherwise: 240 });
    const { rows } = await readAnswers(readRun(c.req, runs), readSplit(c));
    const row = rows.find(({ index }) => index === c.req.query("index"));
    if (!row?.image) throw new WebFault(404, "there is no picture of this row");
    const small = new Uint8Array(await makeThumbnail(row.image, side));
    return c.body(small, 200, { "content-type": "image/jpeg", "cache-control": "private, max-age=600" });
  });
  app.get(COMPARISON, async (c) => {
    const chosen = readRuns(c.req, runs);
    if (chosen.length < 2) throw new WebFault(400, "run: two runs at least are compared");
    return showPage(c, await compareWatched(chosen, requireConfigured(readSplit(c))), 200);
  });
}

function addExport(app: Hono, runs: LiveRuns): void {
  app.get("/api/export", (c) => {
    const chosen = readRuns(c.req, runs);
    const what = oneOf("what", c.req.query("what") ?? "runs", ["runs", "history"]);
    const format = oneOf("format", c.req.query("format") ?? "csv", ["csv", "json"]);
    c.header("content-disposition", `attachment; filename="${what}.${format}"`);
    c.header("content-type", format === "csv" ? "text/csv; charset=utf-8" : "application/json");
    if (c.req.method === "HEAD") return c.body(null);
    if (what === "history") {
      return sendText(c, format === "csv" ? historiesAsCsv(chosen, runs) : historiesAsJson(chosen));
    }
    const rows = chosen.map((run) => run.row());
    return c.body(format === "csv" ? runsAsCsv(rows) : `${JSON.stringify(rows, null, 2)}\n`);
  });
}

function sendStatic(c: Context): Response {
  const file = findStatic(c.req.path);
  if (!file) throw new WebFault(404, "there is nothing at this address");
  const headers = { etag: file.etag, "cache-control": "no-cache" };
  if (c.req.header("if-none-match") === file.etag) return c.body(null, 304, headers);
  return c.body(file.body, 200, { ...headers, "content-type": file.type });
}

function explain(error: Error, c: Context): Response | Promise<Response> {
  const fault = faultOf(error);
  return c.req.path === COMPARISON ? showPage(c, faultPage(fault), fault.status) : sayFault(c, fault);
}

function faultOf(error: Error): Fault {
  const { message } = error;
  if (error instanceof WebFault) return error;
  if (error instanceof BadRowError) return { status: 404, message, hint: null };
  if (error instanceof InputError) return { status: 400, message, hint: error.hint ?? null };
  return { status: 500, message: `internal error: ${message}`, hint: "this is a fault of amlc: please report it" };
}

/** The one address under /api/ that people open. */
const COMPARISON = "/api/compare";

const showPage = (c: Context, page: string, status: Fault["status"]) =>
  c.html(page, status, { "content-security-policy": COMPARE_POLICY });

const readSplit = (c: Context) => c.req.query("split") ?? "val";

/** A split of the configuration: of another, whoever asks would say which file is read. */
function requireConfigured(split: string): string {
  if (CONFIGURED.has(split)) return split;
  const hint = "for answers to a file: amlc compare RUN RUN --split FILE --html compare.html";
  throw new WebFault(400, `split: "${split.slice(0, 60)}" is none of ${[...CONFIGURED].join(", ")}`, hint);
}

/** Sends a long text piece by piece, as fast as it is read; where reading fails the connection breaks, for it is not whole. */
function sendText(c: Context, pieces: AsyncGenerator<string>): Response {
  return c.body(ReadableStream.from(pieces).pipeThrough(new TextEncoderStream()));
}
