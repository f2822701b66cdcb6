import { execFile } from "node:child_process";

/** What a program of the system did. */
export interface ToolResult {
  /** Whether it ran and left with 0. */
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it is not ok: its exit code, its signal, `ENOENT` when there is no such program. */
  readonly fault: string | undefined;
}

export interface ToolOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  readonly seconds?: number;
}

/** Runs a program to its end, or kills it when the time is over or the signal aborts. */
export function runTool([program, ...args]: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const { signal, seconds, ...rest } = options;
  return new Promise((resolve) => {
    const limits = { ...(signal && { signal }), timeout: 1000 * (seconds ?? 0), maxBuffer: 64 * 2 ** 20 };
    execFile(program, args, { ...rest, ...limits, encoding: "utf8" }, (error, stdout, stderr) => {
      const fault = error ? String(error.signal ?? error.code ?? error.message) : undefined;
      resolve({ ok: !error, stdout, stderr, fault: seconds && error?.killed ? `no end after ${seconds} s` : fault });
    });
  });
}

/** The end of what a program printed, for a message. */
export function lastLines({ stdout, stderr }: ToolResult, count = 15): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
