/** The least seconds of three runs, after one that does not count. */
export async function bestOf(run: () => Promise<number>): Promise<number> {
  await run();
  const seconds = [await run(), await run(), await run()];
  return Math.min(...seconds);
}

/** Gibibytes that this process has held at most. */
export const peakGib = (): number => process.resourceUsage().maxRSS / 2 ** 20;
