import type { RunRow } from "../api.ts";
import type { Look } from "./colours.ts";
import { formatCount } from "./format.ts";

interface DotProps {
  readonly name: string;
  readonly look: Look | undefined;
  readonly isHidden: boolean;
  readonly toggle: () => void;
}

/** The run's colour; pressed, charts leave the run out. */
export function Dot({ name, look, isHidden, toggle }: DotProps) {
  return (
    <button
      type="button"
      class={`dot${isHidden ? " hollow" : ""}`}
      aria-pressed={isHidden}
      aria-label={`Hide ${name} in charts`}
      title={isHidden ? "Show in charts" : "Hide in charts"}
      onClick={toggle}
    >
      <span style={{ color: look?.colour ?? "inherit" }} />
    </button>
  );
}

export function State({ run }: { readonly run: RunRow }) {
  return (
    <span class={`state ${run.state}`} title={run.fault ?? ""}>
      {run.state}
    </span>
  );
}

/** How far a run has come: the newest step, and how many there will be. */
export function Progress({ run }: { readonly run: RunRow }) {
  const planned = run.plannedSteps;
  return (
    <>
      {formatCount(run.step)}
      {planned !== null && <span class="quiet"> / {formatCount(planned)}</span>}
    </>
  );
}
