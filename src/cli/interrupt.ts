import { STOP_SIGNALS } from "../util/stop-signals.ts";

/** Turns the first signal to stop into an abort signal; the second one ends the process as usual. */
export function onInterrupt(told: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    release();
    told();
    controller.abort();
  };
  const release = () => {
    for (const name of STOP_SIGNALS) process.off(name, stop);
  };
  for (const name of STOP_SIGNALS) process.on(name, stop);
  return { signal: controller.signal, release };
}
