import type { TopLevelSpec } from "vega-lite";
import { KINDS, type Kind, type Moment, totalBytes } from "../engine/memory-kinds.ts";
import { type ChartPlace, colourOf, styleFor } from "./chart-style.ts";

/** Colour of a kind, the same in chart and table. */
export const kindColour = (kind: Kind): string => colourOf(KINDS.indexOf(kind));

const RED = "#d62728";

/** Memory over the programs of a step by kind, one above the other; a device that is not far away as a line. */
export function memorySpec(moments: readonly Moment[], memory: number, place: ChartPlace): TopLevelSpec {
  const kinds = KINDS.filter((kind) => moments.some(({ bytes }) => bytes[kind] > 0));
  const areas = moments.flatMap(({ bytes }, i) =>
    kinds.map((kind, order) => ({ moment: i, kind, order, gigabytes: bytes[kind] / 1e9 })),
  );
  const most = Math.max(...moments.map(({ bytes }) => totalBytes(bytes))) / 1e9;
  const limits = memory / 1e9 <= 2 * most ? [memory / 1e9] : [];
  const top = 1.12 * Math.max(most, ...limits);
  const turn = moments.findIndex(({ pass }) => pass !== "forward");
  const passes = [
    { moment: 0, text: "forward", gigabytes: top },
    ...(turn > 0 ? [{ moment: turn, text: "backward", gigabytes: top }] : []),
  ];
  const colour = { domain: [...kinds], range: kinds.map(kindColour) };
  const x = {
    field: "moment",
    type: "quantitative" as const,
    scale: { domain: [0, Math.max(1, moments.length - 1)], nice: false },
    title: "programs of a step, in their order",
    axis: { grid: false, tickMinStep: 1, tickCount: place.width > 500 ? 10 : 4, format: "d" },
  };
  const y = {
    field: "gigabytes",
    type: "quantitative" as const,
    scale: { domain: [0, top] },
    title: "GB",
    axis: { tickCount: 6 },
  };
  return {
    ...styleFor(place),
    width: place.width - 60,
    height: 260,
    layer: [
      {
        data: { values: areas },
        mark: { type: "area", interpolate: "step-after" },
        encoding: {
          x,
          y: { ...y, stack: "zero" },
          order: { field: "order", type: "quantitative" },
          color: { field: "kind", type: "nominal", legend: null, scale: colour },
        },
      },
      { data: { values: passes }, mark: { type: "rule", color: "#666", strokeDash: [4, 3] }, encoding: { x } },
      {
        data: { values: passes },
        mark: { type: "text", align: "left", baseline: "top", dx: 4, dy: 3, fontSize: 12, color: "#444" },
        encoding: { x, y, text: { field: "text", type: "nominal" } },
      },
      {
        data: { values: limits.map((gigabytes) => ({ gigabytes })) },
        mark: { type: "rule", color: RED, size: 2 },
        encoding: { y },
      },
    ],
  };
}
