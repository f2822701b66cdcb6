/** What a run says of its loss's scale. */
export interface LossScaleConfig {
  /** Where the scale starts; auto: 65536 where products are taken in half, else there is none; null: there is none. */
  readonly loss_scale: "auto" | number | null;
  /** Steps without an overflow after which the scale doubles. */
  readonly loss_scale_growth_interval: number;
}

/**
 * Dynamic loss scaling (Micikevicius et al. 2018, §3.2) by the rules and with the defaults of torch.amp.GradScaler: the
 * loss is multiplied before it is differentiated, so that small gradients do not vanish in half; a gradient that overflows
 * is thrown away and the scale halved.
 */
export interface LossScale {
  scale: number;
  /** Since the scale last changed. */
  good_steps: number;
  /** Of the whole run. */
  skipped_steps: number;
}

/** A power of two, as all scales that follow from it: multiplying and dividing by one rounds nothing. */
const START = 65_536;
const GROWTH_INTERVAL = 2000;

/** @param inHalf whether the products of the model are taken in half */
export function startLossScale({ loss_scale = "auto" }: Partial<LossScaleConfig>, inHalf: boolean): LossScale | null {
  const scale = loss_scale === "auto" ? (inHalf ? START : null) : loss_scale;
  return scale === null ? null : { scale, good_steps: 0, skipped_steps: 0 };
}

/** Below 1 small gradients are lost that would be there without a scale: overflows then have another cause. */
export function canHalve({ scale }: LossScale): boolean {
  return scale >= 2;
}

/** Changes the scale in place after a step whose gradient is finite or not. */
export function adjustLossScale(
  state: LossScale,
  finite: boolean,
  { loss_scale_growth_interval: interval = GROWTH_INTERVAL }: Partial<LossScaleConfig>,
): void {
  state.good_steps = finite ? state.good_steps + 1 : 0;
  if (!finite) {
    state.scale /= 2;
    state.skipped_steps++;
  } else if (state.good_steps === interval) {
    state.scale *= 2;
    state.good_steps = 0;
  }
}
