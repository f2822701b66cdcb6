#!/usr/bin/env node
import { reportError, runProgram } from "./program.ts";

// A reader such as `head` that closes the pipe early ends the printing, not the work.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Node would leave with 1, which here means that the answer is no.
process.on("uncaughtException", (error) => process.exit(reportError(error, process.argv.includes("--json"))));

/** With which Node leaves where nothing is left to wait for, and the program has not ended. */
const UNSETTLED = 13;
process.on("exit", (code) => {
  if (code === UNSETTLED) reportError(new Error("the work was left before its end"), process.argv.includes("--json"));
});

process.exitCode = await runProgram(process.argv.slice(2));
