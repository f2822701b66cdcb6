import { parentPort } from "node:worker_threads";
import { drawPiece, type WeightPiece } from "./weight-piece.ts";

// A thread of weight-threads.ts: draws one piece after the other, and says when each is there.
parentPort!.on("message", (piece: WeightPiece) => {
  drawPiece(piece);
  parentPort!.postMessage(null);
});
