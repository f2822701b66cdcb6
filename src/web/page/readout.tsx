import type { Axis, Point } from "../api.ts";
import type { Drawn } from "./chart-props.ts";
import { formatDuration, formatNumber } from "./format.ts";

/** Values of all lines at the cursor. */
export interface Reading {
  readonly x: number;
  /** Pixels from the chart's left to the cursor, and to the chart's right. */
  readonly left: number;
  readonly width: number;
  readonly values: readonly Point[];
  /** Whether the reader points at this chart; the others follow, and need not say again whose values they are. */
  readonly isHere: boolean;
}

interface Props extends Reading {
  readonly lines: readonly Drawn[];
  readonly axis: Axis;
  readonly format: (value: number) => string;
}

const MOST = 14;

/** Beside the cursor, on the side with more room: greatest value first, as the lines lie. */
export function Readout({ x, left, width, values, isHere, lines, axis, format }: Props) {
  const rows = values
    .flatMap((value, i) => (value === null || !lines[i] ? [] : [{ value, ...lines[i] }]))
    .sort((a, b) => b.value - a.value);
  const side = left > width / 2 ? { right: `${width - left + 12}px` } : { left: `${left + 12}px` };
  return (
    <div class="readout" role={isHere ? "status" : "presentation"} style={side}>
      <p class="quiet">
        {axis} {axis === "time" ? formatDuration(x) : formatNumber(Math.round(x))}
      </p>
      <table>
        <tbody>
          {rows.slice(0, MOST).map(({ value, series, look }) => (
            <tr key={series.run}>
              <td>
                <span class="mark" style={{ color: look.colour }} aria-hidden="true" />
              </td>
              {isHere && <td class="text">{series.run}</td>}
              <td class="number">{format(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && <p class="quiet">and {rows.length - MOST} more</p>}
    </div>
  );
}
