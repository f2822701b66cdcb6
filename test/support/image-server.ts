import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";

/** Answers the `nth` request for a path, from 1. */
export type Behaviour = (response: ServerResponse, nth: number, request: IncomingMessage) => void;

export interface ImageServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** How often each path was asked for. */
  readonly requests: ReadonlyMap<string, number>;
  /** Requests that are being answered now, and the most there were at a time. */
  readonly open: { now: number; most: number };
  /** Sets what a path does. @returns its link */
  serve(path: string, behaviour: Behaviour): string;
}

/** A server on a port of its own of this machine that misbehaves as it is told; what it knows nothing of is 404. */
export async function startImageServer(): Promise<ImageServer> {
  const behaviours = new Map<string, Behaviour>();
  const requests = new Map<string, number>();
  const open = { now: 0, most: 0 };
  const server = createServer((request, response) => {
    const path = request.url!;
    const nth = (requests.get(path) ?? 0) + 1;
    requests.set(path, nth);
    open.most = Math.max(open.most, ++open.now);
    response.on("close", () => open.now--);
    (behaviours.get(path) ?? status(404))(response, nth, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ host, requests, open },
    serve(path, behaviour) {
      behaviours.set(path, behaviour);
      return `http://${host}${path}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Headers = Readonly<Record<string, string | number>>;

export function image(bytes: Uint8Array, headers: Headers = {}): Behaviour {
  return (response) => void response.writeHead(200, { "content-length": bytes.length, ...headers }).end(bytes);
}

export function status(code: number, headers: Headers = {}): Behaviour {
  return (response) => void response.writeHead(code, headers).end(`${code}`);
}

export function redirect(location: string, code = 302): Behaviour {
  return status(code, { location });
}

/** Without a length: the end of the last chunk is the end. */
export function chunked(bytes: Uint8Array): Behaviour {
  return (response) => {
    response.write(bytes.subarray(0, bytes.length >> 1));
    response.end(bytes.subarray(bytes.length >> 1));
  };
}

/** Closes the connection, once it has sent that much of an answer; before its first line if that is nothing. */
export function reset(bytes: Uint8Array, sent: number): Behaviour {
  return (response) => {
    if (sent === 0) return void response.socket!.resetAndDestroy();
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, sent), () => response.socket!.resetAndDestroy());
  };
}

/** Promises more bytes than it sends, and closes the connection as if all were well. */
export function tooShort(bytes: Uint8Array): Behaviour {
  return (response) => {
    response.writeHead(200, { "content-length": bytes.length + 100, connection: "close" });
    response.write(bytes, () => response.socket!.end());
  };
}

/** Promises fewer bytes than it sends: the rest is no answer to anything. */
export function tooLong(bytes: Uint8Array, promised: number): Behaviour {
  return (response) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${promised}\r\n\r\n`;
    response.socket!.write(Buffer.concat([Buffer.from(head), bytes]));
  };
}

/** A byte now and then, for ever. */
export function drip(bytes: Uint8Array, pauseMs = 20): Behaviour {
  return (response) => {
    response.writeHead(200, { "content-length": bytes.length });
    let sent = 0;
    const timer = setInterval(() => response.write(bytes.subarray(sent, ++sent)), pauseMs);
    response.on("close", () => clearInterval(timer));
  };
}

/** Never answers. */
export const silence: Behaviour = () => {};

/** Text that is no HTTP. */
export const babble: Behaviour = (response) => void response.socket!.end("SSH-2.0-OpenSSH_9.6\r\n");

export function after(ms: number, behaviour: Behaviour): Behaviour {
  return (response, nth, request) => void setTimeout(() => behaviour(response, nth, request), ms);
}

/** One behaviour for the first requests, then another. */
export function first(count: number, early: Behaviour, late: Behaviour): Behaviour {
  return (response, nth, request) => (nth <= count ? early : late)(response, nth, request);
}

/** Small photographs that all differ. */
export function photographs(count: number): Promise<readonly Buffer[]> {
  const one = (i: number) =>
    sharp({
      create: { width: 48, height: 40, channels: 3, background: { r: 5 * i, g: 255 - 5 * i, b: 99 }, noise: NOISE },
    });
  return Promise.all(Array.from({ length: count }, (_, i) => one(i).jpeg().toBuffer()));
}

const NOISE = { type: "gaussian", mean: 128, sigma: 40 } as const;

/** A valid PNG of one colour: a thousandth of the bytes that decoding it would take. */
export function uniformPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0], 8); // one bit a pixel, grey
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", rows),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
