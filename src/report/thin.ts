/** Exponential mean over about a twentieth of the values, corrected for its start at 0 as Adam's moments are. */
export function runningMean(values: ArrayLike<number>): Float64Array {
  const decay = 1 - 2 / (Math.max(1, values.length / 20) + 1);
  const means = new Float64Array(values.length);
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < values.length; i++) {
    sum = decay * sum + (1 - decay) * values[i];
    weight = decay * weight + (1 - decay);
    means[i] = sum / weight;
  }
  return means;
}

/** Where the lowest and the highest value of each of at most `count` equal stretches stand: no spike is lost. */
export function extremes(values: ArrayLike<number>, count: number): number[] {
  return stretches(values.length, count).flatMap(([from, to]) => {
    let [lowest, highest] = [from, from];
    for (let i = from; i < to; i++) {
      if (values[i] < values[lowest]) lowest = i;
      if (values[i] > values[highest]) highest = i;
    }
    return lowest === highest ? [lowest] : [Math.min(lowest, highest), Math.max(lowest, highest)];
  });
}

/** The last place of each of at most `count` equal stretches. */
export function lastOfEach(length: number, count: number): number[] {
  return stretches(length, count).map(([, to]) => to - 1);
}

function stretches(length: number, count: number): [from: number, to: number][] {
  const size = Math.max(1, Math.ceil(length / count));
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => [i * size, Math.min(length, (i + 1) * size)]);
}
