// biome-ignore-all lint/a11y/useSemanticElements: rows of a list of which few are drawn are placed by hand
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and says which row is looked at

import { useEffect, useRef, useState } from "preact/hooks";
import { Enlarged } from "./enlarged.tsx";
import { formatCount } from "./format.ts";
import { isShortcut } from "./keys.ts";
import { PredictionListRow } from "./prediction-list-row.tsx";
import { type AnsweredRow, windowOf } from "./prediction-rows.ts";
import { useMedia } from "./use-media.ts";

interface Props {
  readonly rows: readonly AnsweredRow[];
  readonly run: string;
  readonly other: string | null;
  readonly split: string;
  /** Index of the row that is looked at. */
  readonly current: string | null;
  readonly select: (index: string) => void;
}

const ROW_HEIGHT = 64;
const NARROW_ROW_HEIGHT = 112;

/** All rows as one long list, of which only those in sight are drawn. */
export function PredictionList({ rows, run, other, split, current, select }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const rowHeight = useMedia("(max-width: 760px)") ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const [sight, setSight] = useState({ top: 0, height: 1000 });
  const [isEnlarged, setEnlarged] = useState(false);
  const at = rows.findIndex(({ row }) => row.index === current);
  const { first, end } = windowOf(sight.top, sight.height, rowHeight, rows.length);

  useEffect(() => {
    const see = () => box.current && setSight({ top: box.current.scrollTop, height: box.current.clientHeight });
    const observer = new ResizeObserver(see);
    observer.observe(box.current!);
    box.current!.addEventListener("scroll", see, { passive: true });
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (at >= 0 && box.current) bringIntoSight(box.current, at * rowHeight, rowHeight);
  }, [at, rowHeight]);

  const latest = useRef(at); // keys may come faster than the page is drawn
  latest.current = at;
  const go = (place: number) => {
    latest.current = Math.max(0, Math.min(rows.length - 1, place));
    select(rows[latest.current]!.row.index);
  };
  const byKey = (event: KeyboardEvent) => {
    if (isShortcut(event)) return;
    const page = Math.max(1, Math.floor(sight.height / rowHeight) - 1);
    const now = latest.current;
    const moves: Readonly<Record<string, number>> = {
      ...{ ArrowDown: now + 1, j: now + 1, ArrowUp: now - 1, k: now - 1 },
      ...{ PageDown: now + page, PageUp: now - page, Home: 0, End: rows.length - 1 },
    };
    const place = moves[event.key];
    if (place !== undefined) go(place);
    else if (event.key === "Enter" && !isEnlarged && now >= 0) setEnlarged(true);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div
        class={`grid-list${other === null ? "" : " two"}`}
        role="grid"
        aria-label="Answers"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={at >= first && at < end ? `row-${at}` : undefined}
        tabIndex={0}
        ref={box}
        onKeyDown={byKey}
      >
        <div role="row" class="answer-head">
          <span role="columnheader">picture</span>
          <span role="columnheader">entity, row</span>
          <span role="columnheader">truth</span>
          <span role="columnheader" class="text">
            {other === null ? "answer" : run}
          </span>
          {other !== null && (
            <span role="columnheader" class="text">
              {other}
            </span>
          )}
        </div>
        <div role="presentation" class="long" style={{ height: `${rows.length * rowHeight}px` }}>
          {rows.slice(first, end).map((answered, i) => (
            <PredictionListRow
              key={answered.row.index}
              answered={answered}
              place={first + i}
              top={(first + i) * rowHeight}
              height={rowHeight}
              isCurrent={first + i === at}
              {...{ run, other, split }}
              select={() => select(answered.row.index)}
              enlarge={() => {
                select(answered.row.index);
                setEnlarged(true);
              }}
            />
          ))}
        </div>
      </div>
      {isEnlarged && at >= 0 && (
        <Enlarged
          answered={rows[at]!}
          {...{ run, other, split }}
          place={`${formatCount(at + 1)} of ${formatCount(rows.length)}`}
          move={(by) => go(latest.current + by)}
          close={() => setEnlarged(false)}
        />
      )}
    </>
  );
}

function bringIntoSight(box: HTMLElement, top: number, height: number): void {
  const head = box.querySelector<HTMLElement>(".answer-head")?.offsetHeight ?? 0;
  const seen = box.clientHeight - head;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height > box.scrollTop + seen) box.scrollTop = top + height - seen;
}
