import type { TopLevelSpec } from "vega-lite";

/** A Vega-Lite chart as an SVG document, its texts escaped. Loads Vega, which takes a moment. */
export async function renderSvg(chart: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec } = vegaLite.compile(chart);
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
