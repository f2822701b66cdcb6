import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { dirname, resolve } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { runFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import { createApp } from "./app.ts";
import { isLoopback } from "./guard.ts";
import { watchRuns } from "./live-runs.ts";

export interface ServeOptions {
  /** Of runs. */
  readonly folder: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Loopback by default; for any other a token is made. */
  readonly host?: string;
}

/** A page that is being served. */
export interface ServedPage {
  /** With the token, where one is wanted. */
  readonly url: string;
  /** Whether others than this machine may reach it. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** Bytes, with the headers: two hundred names of runs, as long as names of folders may be. */
const LONGEST_ADDRESS = 2 ** 18;

/** Serves the page over the runs of a folder. @throws InputError when there is no such folder, or the port cannot be had */
export async function serveUi({ folder, port, host = "127.0.0.1" }: ServeOptions): Promise<ServedPage> {
  requireFolder(folder);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new InputError(`--port ${port}: is no port`, {
      hint: "give a number from 1 to 65535, or 0 for any that is free",
    });
  }
  const token = isLoopback(host) ? undefined : randomBytes(24).toString("base64url");
  const runs = watchRuns(folder);
  const app = createApp({ runs, host, ...(token !== undefined && { token }) });
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: { maxHeaderSize: LONGEST_ADDRESS } }) as Server;
  try {
    await listen(server, port, host);
  } catch (error) {
    await runs.close();
    throw error;
  }
  setImmediate(() => void runs.rows()); // what a browser will ask for first
  const address = `http://${nameOf(host)}:${(server.address() as AddressInfo).port}/`;
  return {
    url: token === undefined ? address : `${address}?token=${token}`,
    isOpen: token !== undefined,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, runs.close()]);
    },
  };
}

/** What others call the machine where it listens at all its addresses. */
function nameOf(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host.includes(":") ? `[${host}]` : host;
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? hostname();
}

function requireFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (existsSync(runFolder(folder).config)) {
    throw new InputError(`${folder}: is a run`, { hint: `name the folder that it is in: ${dirname(resolve(folder))}` });
  }
  if (found?.isDirectory()) return;
  throw new InputError(`${folder}: ${found ? "is no folder" : "there is no such folder"}`, {
    hint: "name the folder that runs are in, such as experiments",
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(explain(cause, port, host)));
    server.listen(port, host, resolve);
  });
}

function explain(cause: NodeJS.ErrnoException, port: number, host: string): InputError {
  if (cause.code === "EADDRINUSE") {
    const hint = "another amlc ui may be running there; choose another by --port, or any that is free by --port 0";
    return new InputError(`port ${port} of ${host} is in use`, { hint, cause });
  }
  return new InputError(`${host}:${port}: cannot be listened at: ${cause.message}`, {
    hint: "give an address of this machine by --host, and a port above 1023 by --port",
    cause,
  });
}
