import { monotonicSeconds } from "../util/clock.ts";

/** Pauses are so many times as long as the work at least: what else is to be done gets most of the time. */
const REST = 4;

/** Does work again and again, with pauses of so many milliseconds, or longer where the work takes long. @returns what ends it */
export function inRounds(work: () => void, pause: number): () => void {
  const round = () => {
    const start = monotonicSeconds();
    try {
      work();
    } finally {
      timer = setTimeout(round, Math.max(pause, REST * 1000 * (monotonicSeconds() - start)));
    }
  };
  let timer = setTimeout(round, pause);
  return () => clearTimeout(timer);
}
