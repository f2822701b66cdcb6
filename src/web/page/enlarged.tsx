import { useEffect, useRef } from "preact/hooks";
import type { PredictionRow } from "../api.ts";
import { isShortcut } from "./keys.ts";
import { Picture } from "./picture.tsx";
import { Outcome } from "./prediction-list-row.tsx";
import type { AnsweredRow } from "./prediction-rows.ts";

interface Props {
  readonly answered: AnsweredRow;
  readonly run: string;
  readonly other: string | null;
  readonly split: string;
  /** "17 of 800" */
  readonly place: string;
  readonly move: (by: number) => void;
  readonly close: () => void;
}

const SIDE = 900;

/** One question large. Arrows, or j and k, go to the next and back; Escape closes. */
export function Enlarged({ answered, run, other, split, place, move, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const byKey = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowRight: 1, j: 1, ArrowUp: -1, ArrowLeft: -1, k: -1 }[event.key];
    if (by === undefined || isShortcut(event)) return;
    event.preventDefault();
    event.stopPropagation();
    move(by);
  };
  const { row } = answered;
  return (
    <dialog ref={dialog} class="enlarged" aria-label={`Row ${row.index}`} onClose={close} onKeyDown={byKey}>
      <div class="picture-large">
        <Picture row={row} run={run} split={split} side={SIDE} />
      </div>
      <div class="details">
        <dl>
          <dt>question</dt>
          <dd>{row.question}</dd>
          <dt>entity</dt>
          <dd>{row.entity}</dd>
          <dt>truth</dt>
          <dd>{row.truth || "blank"}</dd>
          <AnswerOf run={other === null ? "answer" : run} row={row} />
          {other !== null && answered.other && <AnswerOf run={other} row={answered.other} />}
          <dt>row</dt>
          <dd>{row.index}</dd>
        </dl>
        <div class="buttons">
          <button type="button" aria-label="The one before" onClick={() => move(-1)}>
            ←
          </button>
          <button type="button" aria-label="The next" onClick={() => move(1)}>
            →
          </button>
          <span class="quiet">{place}</span>
          <span class="space" />
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}

function AnswerOf({ run, row }: { readonly run: string; readonly row: PredictionRow }) {
  return (
    <>
      <dt>{run}</dt>
      <dd>
        <Outcome row={row} /> {row.answer || "blank"}
        {row.confidence !== null && <span class="quiet confidence">{row.confidence.toFixed(2)}</span>}
      </dd>
    </>
  );
}
