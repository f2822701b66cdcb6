import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { chartOptions } from "./chart-options.ts";
import type { ChartProps } from "./chart-props.ts";
import { countOf, formatMetric } from "./format.ts";
import type { Zoom } from "./page-state.ts";
import { type Reading, Readout } from "./readout.tsx";
import { joinLines, linesOf, xExtent } from "./series-table.ts";
import { hasAll, zoomByKey } from "./zoom.ts";

const HEIGHT = 240;

/**
 * Lines on a canvas. uPlot is made anew when the lines are others or look otherwise; numbers, zoom and width are given
 * to the one there is, so that the cursor stays where it is while a run trains.
 */
export function Chart(props: ChartProps) {
  const { lines, metric, isLogX, isLogY, smoothing, zoom, width, isDark } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const extent = xExtent(
    lines.map(({ series }) => series),
    isLogX,
  );
  const known = useRef<Zoom | null>(null);
  if (!zoom) known.current = extent;
  const whole = known.current ?? (zoom && hasAll(extent, zoom) ? extent : null); // a link may open a chart with a zoom
  const [reading, setReading] = useState<Reading | null>(null);

  const data = useMemo(() => {
    const all = lines.map(({ series }) => linesOf(series, smoothing, { isLogX, isLogY }));
    const smoothed = smoothing > 0 ? all.map(([, line]) => line!) : [];
    return joinLines([...all.map(([line]) => line!), ...smoothed]) as uPlot.AlignedData;
  }, [lines, smoothing, isLogX, isLogY]);

  const shape = JSON.stringify([
    lines.map(({ series, look }) => [series.run, look]),
    isLogX,
    isLogY,
    smoothing > 0,
    isDark,
    props.axis,
  ]);
  useEffect(() => {
    const options = chartOptions(latest, { width, height: HEIGHT, style: getComputedStyle(box.current!), setReading });
    const made = new uPlot(options, data, box.current!);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [data, zoom?.from, zoom?.to, props.isWithoutOutliers]);
  useEffect(() => plot.current?.setSize({ width, height: HEIGHT }), [width]);

  const byKey = (event: KeyboardEvent) => plot.current && zoomByKey(event, plot.current, { ...latest.current, whole });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form
    <div
      class="canvas"
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys read values and zoom
      tabIndex={0}
      aria-label={`${metric} of ${countOf(lines.length, "run")}; arrows read values, + and - zoom, 0 shows all`}
      ref={box}
      onKeyDown={byKey}
      onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
    >
      {reading && <Readout {...reading} lines={lines} axis={props.axis} format={(y) => formatMetric(metric, y)} />}
    </div>
  );
}
