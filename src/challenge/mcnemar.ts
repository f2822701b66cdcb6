import { fairCoin } from "../util/binomial.ts";

export interface McNemar {
  /** Never below the true chance of a difference at least so large. */
  readonly exact: number;
  /** Half the weight for what was seen itself: less cautious, and close to the true level (Fagerland et al. 2013). */
  readonly mid_p: number;
}

/**
 * McNemar's test, two-sided: of the rows that one of two answers alone has right, `onlyFirst` and `onlyOther`, half would
 * be either's if both were as good.
 */
export function mcnemar(onlyFirst: number, onlyOther: number): McNemar {
  const total = onlyFirst + onlyOther;
  const fewer = Math.min(onlyFirst, onlyOther);
  let below = 0;
  for (let k = 0; k < fewer; k++) below += fairCoin(k, total);
  const seen = fairCoin(fewer, total);
  return { exact: Math.min(1, 2 * (below + seen)), mid_p: Math.min(1, 2 * below + seen) };
}
