// biome-ignore-all lint/a11y/useSemanticElements: rows of a list of which few are drawn are placed by hand
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and says which row is looked at

import type { PredictionRow } from "../api.ts";
import { Picture } from "./picture.tsx";
import type { AnsweredRow } from "./prediction-rows.ts";

interface Props {
  readonly answered: AnsweredRow;
  readonly run: string;
  readonly other: string | null;
  readonly split: string;
  readonly place: number;
  readonly top: number;
  readonly height: number;
  readonly isCurrent: boolean;
  readonly select: () => void;
  readonly enlarge: () => void;
}

const SIDE = 160;

export function PredictionListRow(props: Props) {
  const { answered, run, other, split, place, isCurrent, select, enlarge } = props;
  const { row } = answered;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      role="row"
      id={`row-${place}`}
      aria-rowindex={place + 2}
      aria-selected={isCurrent}
      tabIndex={-1}
      class="answer-row"
      style={{ top: `${props.top}px`, height: `${props.height}px` }}
      onClick={select}
      onDblClick={enlarge}
    >
      <span role="gridcell" class="picture-cell">
        <Picture row={row} run={run} split={split} side={SIDE} onClick={enlarge} />
      </span>
      <span role="gridcell" class="entity">
        <span class="text">{row.entity}</span>
        <span class="quiet text">{row.index}</span>
      </span>
      <span role="gridcell" class="truth">
        <span class="over">truth</span>
        <span class="text">{row.truth || <i class="quiet">blank</i>}</span>
      </span>
      <Answer row={row} run={other === null ? "answer" : run} />
      {other !== null && <Answer row={answered.other} run={other} />}
    </div>
  );
}

/** An answer, how sure of it the run was, and what came of it. */
function Answer({ row, run }: { readonly row: PredictionRow | null; readonly run: string }) {
  return (
    <span role="gridcell" class="answer">
      <span class="over text">{run}</span>
      {row ? (
        <span class="text">
          <Outcome row={row} /> {row.answer || <i class="quiet">blank</i>}
          {row.confidence !== null && <span class="quiet confidence">{row.confidence.toFixed(2)}</span>}
        </span>
      ) : (
        <span class="quiet">not asked</span>
      )}
    </span>
  );
}

const WORDS = { tp: "right", fp: "wrong", fn: "left blank", tn: "rightly blank" };

export function Outcome({ row }: { readonly row: PredictionRow }) {
  return (
    <span class={`outcome ${row.outcome}`} title={WORDS[row.outcome]}>
      {row.outcome.toUpperCase()}
    </span>
  );
}
