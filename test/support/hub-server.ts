import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file of a model on the hub: what is large lies in a store that the hub leads to. */
export interface ServedFile {
  readonly bytes: Buffer;
  readonly large: boolean;
}

export interface HubRequest {
  readonly server: "hub" | "store";
  /** With its query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Answers in place of the server when it returns true. */
export type Intrusion = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface HubServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly requests: HubRequest[];
  /** By name in the repository; may be changed, as a commit changes them. */
  readonly files: Map<string, ServedFile>;
  commit: string;
  /** Sees each request first. */
  intrude: { hub: Intrusion; store: Intrusion };
}

/** One model of the Hugging Face hub on this machine, and the store of its large files under another address. */
export async function startHubServer(model: string, files: Readonly<Record<string, ServedFile>>): Promise<HubServer> {
  const requests: HubRequest[] = [];
  const state = {
    ...{ requests, commit: "a".repeat(40), files: new Map(Object.entries(files)) },
    intrude: { hub: (() => false) as Intrusion, store: (() => false) as Intrusion },
  };
  const note = (server: "hub" | "store", { url, headers }: IncomingMessage) =>
    requests.push({ server, path: url!, range: headers.range, authorization: headers.authorization });

  const store = createServer((request, response) => {
    note("store", request);
    if (state.intrude.store(request, response)) return;
    sendFile(request, response, state.files.get(decodeURIComponent(request.url!.slice(1)))?.bytes);
  });
  const storeAt = await listen(store);
  const hub = createServer((request, response) => {
    note("hub", request);
    if (state.intrude.hub(request, response)) return;
    const path = request.url!.split("?")[0]!;
    if (path.startsWith(`/api/models/${model}/revision/`)) return sendJson(response, { id: model, sha: state.commit });
    if (path.startsWith(`/api/models/${model}/tree/`))
      return sendJson(
        response,
        [...state.files].map(([path, file]) => listEntry(path, file)),
      );
    const name = decodeURIComponent(path.replace(`/${model}/resolve/${state.commit}/`, ""));
    const file = state.files.get(name);
    if (!file) return void response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    if (!file.large) return sendFile(request, response, file.bytes, { etag: `"${gitHash(file.bytes)}"` });
    const headers = { location: `${storeAt}/${encodeURIComponent(name)}`, "x-linked-etag": `"${sha256(file.bytes)}"` };
    response.writeHead(302, headers).end();
  });
  const endpoint = await listen(hub);
  return Object.assign(state, {
    endpoint,
    async [Symbol.asyncDispose]() {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As the hub's API lists a file. */
export function listEntry(path: string, { bytes, large }: ServedFile) {
  const lfs = { oid: sha256(bytes), size: bytes.length, pointerSize: 130 };
  return { type: "file", path, size: bytes.length, oid: gitHash(bytes), ...(large && { lfs }) };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const gitHash = (bytes: Uint8Array): string =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export function sendJson(response: ServerResponse, value: unknown, headers = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

/** With the range that is asked for. */
export function sendFile(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer | undefined,
  more: Readonly<Record<string, string>> = {},
): void {
  if (!bytes) return void response.writeHead(404).end();
  const begin = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(begin)) return void response.writeHead(200, { "content-length": bytes.length, ...more }).end(bytes);
  if (begin >= bytes.length) return void response.writeHead(416).end();
  const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { "content-range": range, "content-length": bytes.length - begin, ...more });
  response.end(bytes.subarray(begin));
}

/** Sends a file's beginning and breaks the connection off. */
export function breakOff(response: ServerResponse, bytes: Buffer, begin: number, end: number): true {
  const range = { "content-range": `bytes ${begin}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(begin > 0 ? 206 : 200, { "content-length": bytes.length - begin, ...(begin > 0 && range) });
  response.write(bytes.subarray(begin, end), () => setTimeout(() => response.socket?.end(), 250)); // what came is read first
  return true;
}
