import type { RefObject } from "preact";
import uPlot from "uplot";
import type { ChartProps, Drawn } from "./chart-props.ts";
import { formatDuration, formatMetric, formatNumber } from "./format.ts";
import type { Zoom } from "./page-state.ts";
import type { Reading } from "./readout.tsx";
import { isAlone, middleExtent, nearestRow, showable, xExtent, yExtent } from "./series-table.ts";

interface Place {
  readonly width: number;
  readonly height: number;
  readonly style: CSSStyleDeclaration;
  readonly setReading: (reading: Reading | null) => void;
}

const PALE = 0.3;
const BAND = 0.14;
const LOGARITHMIC = 3;
const EVEN = 1;

/** What uPlot is told; numbers that change while it stands are read from `latest`. */
export function chartOptions(
  latest: RefObject<ChartProps>,
  { width, height, style, setReading }: Place,
): uPlot.Options {
  const { lines, metric, axis, isLogX, isLogY, smoothing } = latest.current!;
  const isSmooth = smoothing > 0;
  const ink = { stroke: style.color, font: `11px ${style.fontFamily}` };
  const grid = { stroke: style.borderTopColor, width: 1 };
  const format = axis === "time" ? formatDuration : formatNumber;
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, distr: isLogX ? LOGARITHMIC : EVEN, range: () => minMax(xRange(latest.current!)) },
      y: { distr: isLogY ? LOGARITHMIC : EVEN, range: () => minMax(yRange(latest.current!)) },
    },
    series: [
      {},
      ...lines.map((line) => lineOf(line, isSmooth ? PALE : 1)),
      ...(isSmooth ? lines.map((line) => lineOf(line, 1)) : []),
    ],
    axes: [
      {
        ...ink,
        grid: { show: false },
        ticks: { ...grid, size: 4 },
        size: 28,
        space: 70,
        values: (_, at) => at.map((x) => (x === null ? null : format(x))),
      },
      {
        ...ink,
        grid: isLogY ? { ...grid, filter: (_, at) => at.map(powerOfTen) } : grid,
        ticks: { show: false },
        size: axisWidth,
        gap: 6,
        values: (_, at) => at.map((y) => (y === null ? null : formatMetric(metric, y))),
      },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      sync: { key: "charts", scales: ["x", null], setSeries: false },
      points: { size: 6, width: 0 },
      dataIdx: (plot, column, row) => pointAt(plot, lines, column, row, isSmooth),
    },
    hooks: {
      drawClear: [(plot) => drawBands(plot, latest.current!)],
      setSelect: [(plot) => selectZoom(plot, latest.current!)],
      setCursor: [(plot) => setReading(readingAt(plot, lines.length, isSmooth))],
    },
  };
}

/** The row of a column's point at the cursor; null beyond the line's ends, and for a pale line, for its smoothed one has one. */
function pointAt(plot: uPlot, lines: readonly Drawn[], column: number, row: number, isSmooth: boolean): number | null {
  if (column === 0) return row;
  if (isSmooth && column <= lines.length) return null;
  const nearest = nearestRow(plot.data[column]!, row);
  return nearest !== null && isWithin(lines[(column - 1) % lines.length]!.series.x, plot.data[0][row]!)
    ? nearest
    : null;
}

const isWithin = (x: readonly number[], at: number) => x.length > 0 && at >= x[0]! && at <= x.at(-1)!;

function lineOf({ look }: Drawn, alpha: number): uPlot.Series {
  const show = (plot: uPlot, column: number) => isAlone(plot.data[column]!); // it gets more points while a run trains
  return { stroke: look.colour, width: 1.5, dash: [...look.dash], alpha, points: { show, size: 5 } };
}

const minMax = (range: readonly [number, number]): uPlot.Range.MinMax => [range[0], range[1]];

function xRange({ lines, zoom, isLogX }: ChartProps): readonly [number, number] {
  const { from, to } = zoom ??
    xExtent(
      lines.map(({ series }) => series),
      isLogX,
    ) ?? { from: 0, to: 1 };
  if (isLogX) return [from > 0 ? from : Math.min(1, to / 10), Math.max(to, from * 1.01)];
  return from < to ? [from, to] : [from - 1, to + 1];
}

function yRange({ lines, zoom, isLogX, isLogY, isWithoutOutliers }: ChartProps): readonly [number, number] {
  const extent = (isWithoutOutliers ? middleExtent : yExtent)(
    lines.map(({ series }) => series),
    zoom,
    { isLogX, isLogY },
  );
  const [least, greatest] = extent ?? [isLogY ? 0.1 : 0, 1];
  const [min, max] = isLogY ? uPlot.rangeLog(least, greatest, 10, false) : uPlot.rangeNum(least, greatest, 0.06, true);
  return [min ?? 0, max ?? 1];
}

/** A logarithmic axis has a line at each power of ten; where a chart spans less, at each number that is told. */
const powerOfTen = (y: number, _: number, all: readonly number[]) => {
  const isPower = (value: number) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  return isPower(y) || all.filter(isPower).length < 2 ? y : null;
};

/** Room for the longest label. */
function axisWidth(plot: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((a, b) => (b !== null && b.length > a.length ? b : a), "");
  plot.ctx.save();
  plot.ctx.font = `${11 * devicePixelRatio}px system-ui`;
  const width = plot.ctx.measureText(longest).width / devicePixelRatio;
  plot.ctx.restore();
  return Math.ceil(width) + 14;
}

/** Behind the lines: from the least to the greatest value of each stretch. */
function drawBands(plot: uPlot, { lines, isLogX, isLogY }: ChartProps): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = BAND;
  for (const { series, look } of lines) {
    if (series.isExact) continue;
    ctx.fillStyle = look.colour;
    for (const stretch of unbroken(showable(series, { isLogX, isLogY }))) fillBand(plot, stretch);
  }
  ctx.restore();
}

type Corner = readonly [x: number, min: number, max: number];

function unbroken({ x, min, max }: ReturnType<typeof showable>): readonly (readonly Corner[])[] {
  const parts: Corner[][] = [[]];
  x.forEach((at, i) => {
    const [low, high] = [min[i] ?? null, max[i] ?? null];
    if (low === null || high === null) parts.push([]);
    else parts.at(-1)!.push([at, low, high]);
  });
  return parts.filter((part) => part.length > 1);
}

function fillBand(plot: uPlot, corners: readonly Corner[]): void {
  const { ctx } = plot;
  ctx.beginPath();
  for (const [x, , max] of corners) ctx.lineTo(plot.valToPos(x, "x", true), plot.valToPos(max, "y", true));
  for (const [x, min] of corners.toReversed()) ctx.lineTo(plot.valToPos(x, "x", true), plot.valToPos(min, "y", true));
  ctx.fill();
}

/** A drag of a few pixels is a click. */
const LEAST_DRAG = 5;

function selectZoom(plot: uPlot, { setZoom }: ChartProps): void {
  const { left, width } = plot.select;
  if (width < LEAST_DRAG) return;
  const zoom: Zoom = { from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") };
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  setZoom(zoom);
}

function readingAt(plot: uPlot, count: number, isSmooth: boolean): Reading | null {
  const { left = -1, idx, idxs } = plot.cursor;
  if (left < 0 || idx === null || idx === undefined) return null;
  const first = isSmooth ? 1 + count : 1;
  const values = Array.from({ length: count }, (_, i) => {
    const at = idxs?.[first + i];
    return at === null || at === undefined ? null : (plot.data[first + i]![at] ?? null);
  });
  const isHere = plot.root.parentElement?.matches(":hover, :focus") ?? false;
  return { x: plot.posToVal(left, "x"), left: left + plot.over.offsetLeft, width: plot.width, values, isHere };
}
