import { Hono } from "hono";
import { InputError } from "../util/errors.ts";
import type { RunsAnswer, SeriesAnswer } from "./api.ts";
import { sayFault, WebFault } from "./fault.ts";
import { isLoopback, ownName, readOnly, saySafety, wantToken } from "./guard.ts";
import type { LiveRuns } from "./live-runs.ts";
import { readRuns, readSeriesQuery } from "./query.ts";
import { findStatic } from "./static-files.ts";

export interface AppOptions {
  readonly runs: LiveRuns;
  /** Name or address that it is served at; loopback by default. */
  readonly host?: string;
  /** What a browser has to show; needed where others can reach the host. */
  readonly token?: string;
}

/** The page's server as a function from requests to responses. It reads run folders and changes nothing. */
export function createApp({ runs, host = "localhost", token }: AppOptions): Hono {
  if (token === undefined && !isLoopback(host)) throw new RangeError(`${host}: others can reach it: a token is needed`);
  const app = new Hono();
  app.use(saySafety, readOnly, ownName(host));
  if (token !== undefined) app.use(wantToken(token));

  app.get("/api/runs", (c) => c.json({ folder: runs.folder, runs: runs.rows() } satisfies RunsAnswer));
  app.get("/api/series", async (c) => {
    const query = readSeriesQuery(c.req);
    const names = readRuns(c.req, runs).map(({ run }) => run.name);
    const series = await runs.index.series(names, query);
    return c.json({ metric: query.metric, axis: query.axis, series } satisfies SeriesAnswer);
  });

  app.get("*", (c) => {
    const file = findStatic(c.req.path);
    if (!file) throw new WebFault(404, "there is nothing at this address");
    const headers = { etag: file.etag, "cache-control": "no-cache" };
    if (c.req.header("if-none-match") === file.etag) return c.body(null, 304, headers);
    return c.body(file.body, 200, { ...headers, "content-type": file.type });
  });
  app.onError((error, c) => {
    if (error instanceof WebFault) return sayFault(c, error);
    if (error instanceof InputError)
      return sayFault(c, { status: 400, message: error.message, hint: error.hint ?? null });
    return sayFault(c, { status: 500, message: `internal error: ${error.message}`, hint: "please report it" });
  });
  return app;
}
