import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

/** What a request is, by what it asks for. */
export type RequestKind = `graphql:${string}` | "file_stream" | "storage" | "other";

/** One request and its answer, as they went over the wire; the key is not kept. */
export interface Recorded {
  readonly seq: number;
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, where it is any. */
  readonly body: Body;
  readonly bytes: number;
  /** Milliseconds since the server was started. */
  readonly atMs: number;
  /** Undefined when the connection was broken off. */
  status?: number | undefined;
  /** The answer of GraphQL has errors. */
  isRefused?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into requests of any shape
type Body = any;

/** What the server does instead of answering, to the next `times` requests of a kind. */
export interface Fault {
  readonly match: RequestKind | "*";
  readonly times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly sleepMs?: number;
  /** Breaks the connection off: before the body is read, when it is read, or when what it asks for is done. */
  readonly drop?: "before-body" | "after-body" | "after-work";
}

export interface ServedRun {
  readonly entity: string;
  readonly project: string;
  readonly name: string;
  fields: Record<string, Body>;
  config: string;
  summary: string;
  /** By name, then by number of the line. */
  readonly lines: Record<string, string[]>;
  state: "running" | "finished" | "failed";
  exitCode: number | undefined;
  isStopped: boolean;
}

export interface WandbTestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly requests: Recorded[];
  readonly runs: ServedRun[];
  /** What was put, by path. */
  readonly stored: Map<string, Buffer>;
  readonly artifacts: { id: string; input: Body; isCommitted: boolean }[];
  /** What of it may be changed in a test. */
  readonly settings: {
    /** Whether it knows RewindRun. */
    rewinds: boolean;
    /** Of runs that name none, and of those that name another when `rewritesEntity`. */
    entity: string;
    rewritesEntity: boolean;
    /** Any key is right when there is none here. */
    key: string | undefined;
    features: Record<string, boolean>;
    /** Answers of the stream have these. */
    streamHeaders: Record<string, string>;
  };
  fault(fault: Fault): void;
  /** The one run; @throws Error when there is another number of them */
  run(): ServedRun;
  /** Its rows. */
  history(run?: ServedRun): Body[];
  of(kind: RequestKind): Recorded[];
  /** Puts a run there as another client would have left it. */
  addRun(run: Partial<ServedRun> & Pick<ServedRun, "name" | "project">): ServedRun;
  close(): Promise<void>;
}

const HISTORY = "wandb-history.jsonl";
const EVENTS = "wandb-events.jsonl";
const SUMMARY = "wandb-summary.json";
const OUTPUT = "output.log";

/** The part of a server of W&B that a writer of runs meets, and what its API needs to read them. */
export async function startWandbServer(): Promise<WandbTestServer> {
  const started = performance.now();
  const faults: { fault: Fault; left: number }[] = [];
  const state = {
    requests: [] as Recorded[],
    runs: [] as ServedRun[],
    stored: new Map<string, Buffer>(),
    artifacts: [] as WandbTestServer["artifacts"],
    settings: {
      ...{ rewinds: true, entity: "test-entity", rewritesEntity: false, key: undefined as string | undefined },
      ...{ features: {} as Record<string, boolean>, streamHeaders: {} as Record<string, string> },
    },
  };
  const find = (entity: string | null | undefined, project: string | null | undefined, name: string) =>
    state.runs.find(
      (run) => run.entity === entityOf(entity) && run.project === (project || "uncategorized") && run.name === name,
    );
  const entityOf = (wanted: string | null | undefined) =>
    state.settings.rewritesEntity ? state.settings.entity : wanted || state.settings.entity;
  const addRun: WandbTestServer["addRun"] = (run) => {
    const added: ServedRun = {
      entity: state.settings.entity,
      fields: {},
      config: "{}",
      summary: "{}",
      lines: {},
      state: "running",
      exitCode: undefined,
      isStopped: false,
      ...run,
    };
    state.runs.push(added);
    return added;
  };

  const answerGraphql = (operation: string, query: string, v: Body, base: string): Body => {
    const read = readRun(operation, v, base);
    if (read !== undefined) return read;
    if (query.includes("upsertBucket")) {
      const isNew = !find(v.entity, v.project, v.name);
      const run =
        find(v.entity, v.project, v.name) ??
        addRun({ entity: entityOf(v.entity), project: v.project || "uncategorized", name: v.name });
      for (const [name, value] of Object.entries(v))
        if (value !== null && value !== undefined) run.fields[name] = value;
      if (v.config) run.config = v.config;
      if (v.summaryMetrics) run.summary = v.summaryMetrics;
      return { upsertBucket: { bucket: bucketOf(run), inserted: isNew } };
    }
    if (operation === "RunResumeStatus") {
      const run = find(v.entity, v.project, v.name);
      const entity = { id: id("Entity", entityOf(v.entity)), name: entityOf(v.entity) };
      return { model: { id: id("Project", v.project), name: v.project, entity, bucket: run ? bucketOf(run) : null } };
    }
    if (query.includes("rewindRun") && state.settings.rewinds) {
      const run = find(v.entity, v.project, v.runName);
      if (!run) return { rewindRun: null };
      run.lines[HISTORY] = (run.lines[HISTORY] ?? []).filter((line) => parse(line)._step <= v.metricValue);
      return { rewindRun: { rewoundRun: bucketOf(run) } };
    }
    if (query.includes("createRunFiles")) {
      const folder = `${base}/storage/${v.entity}/${v.project}/${v.run}`;
      const files = v.files.map((name: string) => ({ name, uploadUrl: `${folder}/${encodeURI(name)}?signed=1` }));
      return { createRunFiles: { runID: id("Run", v.run), uploadHeaders: ["X-Goog-Test:yes"], files } };
    }
    if (query.includes("createArtifactFiles")) {
      const files: Body[] = v.input?.artifactFiles ?? v.artifactFiles;
      const edges = files.map(({ name, md5, artifactID }) => ({
        node: {
          ...{
            storagePath: `wandb_artifacts/${name}`,
            displayName: name,
            uploadHeaders: [],
            uploadMultipartUrls: null,
          },
          uploadUrl: `${base}/storage/artifact/${md5.slice(0, 8).replaceAll("/", "_")}/${name}?signed=1`,
          artifact: { id: artifactID },
        },
      }));
      return { createArtifactFiles: { files: { edges } } };
    }
    if (query.includes("createArtifactManifest")) {
      const file = {
        id: id("File", "1"),
        uploadUrl: `${base}/storage/manifest/${v.artifactID}?signed=1`,
        uploadHeaders: [],
      };
      return { createArtifactManifest: { artifactManifest: { id: id("ArtifactManifest", "1"), file } } };
    }
    if (query.includes("createArtifact(")) {
      const artifact = {
        id: id("Artifact", String(state.artifacts.length + 1)),
        input: v.input ?? v,
        isCommitted: false,
      };
      state.artifacts.push(artifact);
      const artifactSequence = { id: id("Sequence", "1"), latestArtifact: null };
      return { createArtifact: { artifact: { id: artifact.id, state: "PENDING", artifactSequence } } };
    }
    if (query.includes("commitArtifact")) {
      for (const artifact of state.artifacts) artifact.isCommitted ||= artifact.id === v.artifactID;
      return { commitArtifact: { artifact: { id: v.artifactID, digest: "d" } } };
    }
    if (query.includes("markRunFilesUploaded")) return { markRunFilesUploaded: { success: true } };
    if (operation === "RunStoppedStatus") {
      const run = find(v.entityName, v.projectName, v.runId);
      return { project: { run: { stopped: run?.isStopped ?? false } } };
    }
    return answerAboutServer(operation, query);
  };

  const answerAboutServer = (operation: string, query: string): Body => {
    const versions = JSON.stringify({ max_cli_version: "0.99.0", min_cli_version: "0.8.0" });
    const serverInfo = { cliVersionInfo: versions, latestLocalVersionInfo: null, features: [] };
    if (operation === "GetDefaultEntity") return { viewer: { id: id("User", "1"), entity: state.settings.entity } };
    if (operation === "OrgFeatureFlags") return { organization: null };
    if (operation === "OrganizationCoreWeaveOrganizationID")
      return { entity: { organization: { coreWeaveOrganizationId: null } } };
    if (operation === "ProbeServerSettings") return { InputType: { name: "UpsertBucketInput", inputFields: [] } };
    if (operation === "ProbeServerCapabilities")
      return { QueryType: { fields: [] }, MutationType: { fields: [] }, ServerInfoType: { fields: [] } };
    if (/\bviewer\b\s*(\{|$)/.test(query) || operation === "Viewer") {
      const { entity } = state.settings;
      const teams = { edges: [{ node: { name: entity, id: id("Entity", entity) } }] };
      const names = {
        id: id("User", "1"),
        entity,
        username: "test-user",
        name: "test-user",
        email: "test@example.com",
      };
      const rest = { admin: false, flags: "{}", apiKeys: { edges: [] }, entities: { edges: [] }, deletedAt: null };
      return { viewer: { ...names, ...rest, teams }, serverInfo };
    }
    const features = Object.entries(state.settings.features).map(([name, isEnabled]) => ({ name, isEnabled }));
    return query.includes("serverInfo") ? { serverInfo: { ...serverInfo, features } } : null;
  };

  /** What W&B's API asks to show a run; undefined for what is no such question. */
  const readRun = (operation: string, v: Body, base: string): Body => {
    const isRead =
      /^(Run|RunHistoryKeys|RunSampledHistory|RunFullHistory|RunFiles|HistoryPage|SampledHistoryPage|RunParquetHistory|QueryRunInfo|LightRun)$/;
    if (!isRead.test(operation)) return undefined;
    const run = find(v.entity, v.project, v.name ?? v.run ?? v.runName);
    if (!run) return { project: { run: null } };
    const lines = run.lines[HISTORY] ?? [];
    const rows = lines.map(parse);
    const inside = (node: Body) => ({ project: { internalId: "1", run: node } });
    if (operation === "RunFullHistory") return inside({ history: lines });
    if (operation === "HistoryPage")
      return inside({ history: lines.filter((_, i) => rows[i]._step >= v.minStep && rows[i]._step < v.maxStep) });
    if (operation === "RunParquetHistory") return inside({ parquetHistory: { parquetUrls: [], liveData: rows } });
    if (operation === "RunSampledHistory" || operation === "SampledHistoryPage") {
      const specs = (v.specs ?? [v.spec]).map((text: string) => JSON.parse(text));
      const sampled = specs.map(({ keys }: { keys: string[] }) =>
        rows
          .filter((row) => keys.every((key) => key in row))
          .map((row) => Object.fromEntries(keys.map((k) => [k, row[k]]))),
      );
      return inside({ sampledHistory: sampled });
    }
    if (operation === "RunFiles") {
      const folder = `/storage/${run.entity}/${run.project}/${run.name}/`;
      const edges = [...state.stored].flatMap(([path, bytes], i) => {
        if (!path.startsWith(folder)) return [];
        const url = base + path;
        const name = decodeURI(path.slice(folder.length));
        const about = { id: id("File", name), name, url, directUrl: url, sizeBytes: bytes.length };
        return [{ cursor: String(i), node: { ...about, mimetype: null, updatedAt: null, md5: "" } }];
      });
      return inside({ fileCount: edges.length, files: { edges, pageInfo: { endCursor: null, hasNextPage: false } } });
    }
    return inside(nodeOf(run, rows));
  };

  const answerStream = (path: string, body: Body): Body => {
    const [entity, project, name] = path.split("/").slice(2, 5).map(decodeURIComponent);
    const run = find(entity, project, name!);
    if (!run) return undefined;
    for (const [file, { offset, content }] of Object.entries<Body>(body.files ?? {})) {
      run.lines[file] ??= [];
      const lines = run.lines[file];
      for (const [i, line] of content.entries()) lines[offset + i] = line;
      if (file === SUMMARY) run.summary = content.at(-1);
    }
    if (body.files?.[HISTORY] && run.state !== "running") run.state = "running";
    if (body.complete) {
      run.state = body.exitcode === 0 ? "finished" : "failed";
      run.exitCode = body.exitcode;
    }
    return { exitcode: body.exitcode ?? null, limits: {}, stopped: run.isStopped };
  };

  const answer = (request: Recorded, raw: Buffer, base: string): { status: number; body: Body | Buffer } => {
    const { key } = state.settings;
    const isStorage = request.kind === "storage";
    if (!isStorage && key !== undefined && request.headers.authorization !== `Basic api:${key}`)
      return { status: 401, body: { errors: [{ message: "user is not logged in" }] } };
    if (request.kind.startsWith("graphql:")) {
      const { query = "", variables = {} } = request.body ?? {};
      const operation = request.kind.slice("graphql:".length);
      const data = answerGraphql(operation, query, variables, base);
      if (data === null)
        return { status: 200, body: { errors: [{ message: `unknown operation ${operation}` }], data } };
      return { status: 200, body: { data } };
    }
    if (request.kind === "file_stream") {
      const body = answerStream(request.path, request.body);
      return body === undefined ? { status: 404, body: { error: "run not found" } } : { status: 200, body };
    }
    const path = request.path.split("?")[0]!;
    if (isStorage && request.method === "PUT") {
      state.stored.set(path, raw);
      return { status: 200, body: Buffer.alloc(0) };
    }
    const stored = state.stored.get(path);
    return stored ? { status: 200, body: stored } : { status: 404, body: { error: "not found" } };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const early = faults.find(({ fault, left }) => left > 0 && fault.drop === "before-body" && isEarly(fault, request));
    if (early) {
      early.left--;
      return void request.socket.destroy();
    }
    const raw = await readAll(request);
    const recorded = record(request, raw, state.requests.length + 1, performance.now() - started);
    const hit = faults.find(({ fault, left }) => left > 0 && (fault.match === "*" || fault.match === recorded.kind));
    if (hit) hit.left--;
    state.requests.push(keyless(recorded));
    const kept = state.requests.at(-1)!;
    const { fault } = hit ?? {};
    if (fault?.sleepMs) await sleep(fault.sleepMs);
    if (fault?.drop === "after-body") return void request.socket.destroy();
    const base = `http://${request.headers.host}`;
    const reply = fault?.status
      ? { status: fault.status, body: fault.body ?? { error: `injected ${fault.status}` } }
      : answer(recorded, raw, base);
    if (fault?.drop === "after-work") return void request.socket.destroy();
    kept.status = reply.status;
    kept.isRefused = !Buffer.isBuffer(reply.body) && reply.body.errors !== undefined;
    const bytes = Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(JSON.stringify(reply.body));
    const more = recorded.kind === "file_stream" ? state.settings.streamHeaders : {};
    response.writeHead(reply.status, {
      "content-type": "application/json",
      "content-length": bytes.length,
      ...more,
      ...fault?.headers,
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => request.socket.destroy(error as Error));
  });
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    run() {
      if (state.runs.length !== 1) throw new Error(`there are ${state.runs.length} runs`);
      return state.runs[0]!;
    },
    history: (run) => (run ?? state.runs[0]!).lines[HISTORY]?.map(parse) ?? [],
    of: (kind) => state.requests.filter((request) => request.kind === kind),
    addRun,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const id = (kind: string, name: string) => Buffer.from(`${kind}:${name}`).toString("base64");

function bucketOf(run: ServedRun): Body {
  const { entity, project, name, fields, config, summary, lines } = run;
  const count = (file: string) => lines[file]?.length ?? 0;
  const tail = (file: string) => JSON.stringify(lines[file]?.slice(-1) ?? []);
  return {
    id: id("Run", `v1:${name}:${project}:${entity}`),
    name,
    displayName: fields.displayName ?? `run-${name}`,
    description: null,
    config,
    sweepName: fields.sweep ?? null,
    summaryMetrics: summary,
    project: {
      id: id("Project", `v1:${project}:${entity}`),
      name: project,
      entity: { id: id("Entity", entity), name: entity },
    },
    historyLineCount: count(HISTORY),
    eventsLineCount: count(EVENTS),
    logLineCount: count(OUTPUT),
    historyTail: tail(HISTORY),
    eventsTail: tail(EVENTS),
    tags: fields.tags ?? [],
    notes: fields.notes ?? null,
    wandbConfig: JSON.stringify(startedOf(config)),
  };
}

/** A run whose configuration has no `_wandb.t` counts as one that was never started. */
function startedOf(config: string): object {
  const { t } = parse(config)._wandb?.value ?? {};
  return t === undefined ? {} : { t };
}

function nodeOf(run: ServedRun, rows: readonly Body[]): Body {
  const keys: Record<string, Body> = {};
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const type = typeof value === "number" ? "number" : typeof value === "string" ? "string" : "map";
      keys[name] ??= { typeCounts: [{ type, count: 0 }], monotonic: false, previousValue: -1 };
      keys[name].typeCounts[0].count++;
    }
  }
  const time = "2026-01-01T00:00:00Z";
  const { groupName: group = null, jobType = null } = run.fields;
  const user = { name: "test-user", username: "test-user" };
  return {
    ...bucketOf(run),
    ...{ projectId: "1", state: run.state, group, jobType, commit: null, readOnly: false, user, systemMetrics: "{}" },
    ...{ createdAt: time, heartbeatAt: time },
    historyKeys: { sets: [], keys, lastStep: Math.max(-1, ...rows.map(({ _step }) => _step)) },
  };
}

/** JSON with bare words; those become texts, as in what the server gives back. */
function parse(text: string): Body {
  return JSON.parse(
    text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => (token.startsWith('"') ? token : `"${token}"`)),
  );
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
}

/** Before its body is read only the path of a request is known. */
function isEarly({ match }: Fault, { url = "" }: IncomingMessage): boolean {
  if (match === "*") return true;
  if (match === "file_stream") return url.endsWith("/file_stream");
  return match === "storage" ? url.startsWith("/storage/") : match.startsWith("graphql") && url === "/graphql";
}

function record(request: IncomingMessage, raw: Buffer, seq: number, atMs: number): Recorded {
  const { url: path = "", method = "" } = request;
  let body: Body;
  try {
    body = path.startsWith("/storage/") ? undefined : JSON.parse(raw.toString());
  } catch {
    body = undefined;
  }
  const operation = (body?.operationName || /(?:query|mutation)\s+(\w+)/.exec(body?.query ?? "")?.[1]) ?? "";
  const kind: RequestKind = path.startsWith("/graphql")
    ? `graphql:${operation}`
    : path.endsWith("/file_stream")
      ? "file_stream"
      : path.startsWith("/storage/")
        ? "storage"
        : "other";
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      name === "authorization" ? decodeBasic(String(value)) : String(value),
    ]),
  );
  return { seq, kind, method, path, headers, body, bytes: raw.length, atMs };
}

const decodeBasic = (value: string) => `Basic ${Buffer.from(value.replace("Basic ", ""), "base64").toString()}`;

function keyless(recorded: Recorded): Recorded {
  const { authorization, ...headers } = recorded.headers;
  if (authorization === undefined) return recorded;
  return { ...recorded, headers: { ...headers, authorization: authorization.replace(/:.*/, ":(key)") } };
}

/**
 * What every writer's requests keep to; a line for each that does not.
 * @param mayRepeat a writer that was killed may send lines again, the same at the same place
 */
export function brokenRules(requests: readonly Recorded[], { mayRepeat = false } = {}): readonly string[] {
  const broken: string[] = [];
  const setUp = new Set<string>();
  const runs = new Map<string, { lines: Record<string, string[]>; isComplete: boolean }>();
  for (const request of requests) {
    const { kind, method, path, headers, body, status } = request;
    const fault = (text: string) => broken.push(`${request.seq} ${kind}: ${text}`);
    const isDone = status !== undefined && status < 300;
    if (kind === "storage" && headers.authorization !== undefined) fault("the key went to a signed address");
    if (kind !== "storage" && kind !== "other" && !headers.authorization?.startsWith("Basic api:")) fault("no key");
    if (kind.startsWith("graphql:") && (method !== "POST" || path !== "/graphql" || !body?.query))
      fault("is no question");
    if (kind === "graphql:RewindRun" && isDone && !request.isRefused) {
      const run = runs.get(body.variables.runName);
      const isKept = (line: string) => parse(line)._step <= body.variables.metricValue;
      if (run) run.lines[HISTORY] = (run.lines[HISTORY] ?? []).filter(isKept);
    }
    if (kind === "graphql:UpsertBucket") {
      for (const [name, value] of Object.entries<Body>(JSON.parse(body.variables.config ?? "{}"))) {
        if (typeof value !== "object" || !("value" in value)) fault(`${name} of the configuration is not wrapped`);
      }
      if (isDone) setUp.add(body.variables.name);
    }
    if (kind !== "file_stream") continue;
    const place = /^\/files\/([^/]+)\/([^/]+)\/([^/]+)\/file_stream$/.exec(path);
    if (!place) fault("is no address of a stream");
    if (headers["content-type"]?.split(";")[0] !== "application/json") fault("is not called JSON");
    const name = decodeURIComponent(place?.[3] ?? "");
    if (!setUp.has(name)) fault("comes before the run is set up");
    if (!isDone) continue;
    const run = runs.get(name) ?? { lines: {}, isComplete: false };
    runs.set(name, run);
    const unknown = Object.keys(body).filter(
      (key) => !/^(files|uploaded|complete|exitcode|preempting|dropped)$/.test(key),
    );
    if (unknown.length > 0) fault(`has ${unknown}`);
    for (const [file, { offset, content }] of Object.entries<Body>(body.files ?? {})) {
      run.isComplete = false;
      if (!Number.isInteger(offset) || !content.every((line: unknown) => typeof line === "string"))
        fault(`${file} is malformed`);
      if (file === SUMMARY && content.length !== 1) fault("the summary is not one line");
      if (file !== HISTORY && file !== EVENTS) continue;
      const known = run.lines[file];
      run.lines[file] ??= new Array(offset).fill("{}");
      const lines = run.lines[file];
      const isRepeat = mayRepeat && offset < lines.length;
      if (known && offset !== known.length && !isRepeat) fault(`${file} goes on at ${offset}, not at ${known.length}`);
      for (const [i, line] of content.entries() as Iterable<[number, string]>) {
        if (line.includes("\n")) fault(`${file} has a line break in a line`);
        if (lines[offset + i] !== undefined && lines[offset + i] !== line)
          fault(`${file} writes over line ${offset + i}`);
        lines[offset + i] = line;
        if (file !== HISTORY) continue;
        const row = parse(line);
        for (const key of ["_step", "_timestamp", "_runtime"]) if (!(key in row)) fault(`a row lacks ${key}`);
        const before = offset + i > 0 ? (parse(lines[offset + i - 1] ?? "{}")._step ?? -1) : -1;
        if (row._step <= before) fault(`step ${row._step} comes after ${before}`);
      }
    }
    if (body.complete) run.isComplete = true;
    if (body.complete && !("exitcode" in body)) fault("ends without an exit code");
  }
  for (const [name, { isComplete }] of runs) if (!isComplete) broken.push(`run ${name} never ended`);
  return broken;
}
