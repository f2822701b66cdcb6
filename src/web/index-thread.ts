import { parentPort } from "node:worker_threads";
import { readHistories } from "./history-index.ts";
import type { Answer, Ask } from "./index-threads.ts";

// A thread of index-threads.ts: reads histories while the other thread answers the page.
const say = (answer: Answer) => parentPort!.postMessage(answer);
const index = readHistories((news) => say({ kind: "news", news }));

parentPort!.on("message", (ask: Ask) => {
  if (ask.kind === "look") index.look(ask.run, ask.path);
  else if (ask.kind === "forget") index.forget(ask.run);
  else {
    index.series(ask.runs, ask.query).then(
      (series) => say({ kind: "series", id: ask.id, series }),
      (error: Error) => say({ kind: "failed", id: ask.id, message: error.message }),
    );
  }
});
