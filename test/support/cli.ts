import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** The compiled program. */
export const MAIN = join(import.meta.dirname, "..", "..", "dist", "cli", "main.js");

export interface Ended {
  /** null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Comes when standard error holds a match, or the process is over. */
  told(pattern: RegExp): Promise<void>;
}

/** Starts the compiled `amlc` as a process of its own, with `folder` as its working folder. */
export function startAmlc(folder: string, args: readonly string[]): Started {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout: stdout.join(""), stderr: stderr.join("") }));
  });
  const told = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => pattern.test(stderr.join("")) && resolve();
      child.stderr.on("data", look).on("close", resolve);
      look();
    });
  return { process: child, ended, told };
}

/** Runs `amlc` to its end. */
export function amlc(folder: string, ...args: readonly string[]): Promise<Ended> {
  return startAmlc(folder, args).ended;
}

function collect(stream: Readable): string[] {
  const parts: string[] = [];
  stream.setEncoding("utf8").on("data", (part: string) => parts.push(part));
  return parts;
}
