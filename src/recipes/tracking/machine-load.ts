import { cpus, loadavg, totalmem } from "node:os";
import { availableMemory } from "../../util/available-memory.ts";
import { monotonicSeconds } from "../../util/clock.ts";

const PERCENT = 100;
const MIB = 2 ** 20;

/** Reads what the process and the machine do, shares of the processors since the reading before; named as W&B names them. */
export function loadReader(): () => Record<string, number> {
  let before = { time: monotonicSeconds(), used: process.cpuUsage() };
  return () => {
    const now = { time: monotonicSeconds(), used: process.cpuUsage() };
    const seconds = Math.max(1e-3, now.time - before.time);
    const busy = (now.used.user + now.used.system - before.used.user - before.used.system) / 1e6;
    before = now;
    const [resident, available] = [process.memoryUsage.rss(), availableMemory()];
    return {
      cpu: (PERCENT * busy) / seconds / cpus().length,
      "proc.memory.rssMB": resident / MIB,
      "proc.memory.percent": (PERCENT * resident) / totalmem(),
      "proc.memory.availableMB": available / MIB,
      memory_percent: PERCENT * (1 - available / totalmem()),
      load_average: loadavg()[0],
    };
  };
}
