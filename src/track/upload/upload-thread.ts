import { parentPort, workerData } from "node:worker_threads";
import { type LiveJob, type LiveOrder, serveLiveUpload } from "./live-upload.ts";

/** Runs in a thread of its own. */
const obey = serveLiveUpload(workerData as LiveJob, (news) => {
  parentPort?.postMessage(news);
  if (news.kind === "end") parentPort?.close();
});
parentPort?.on("message", (order: LiveOrder) => obey(order));
