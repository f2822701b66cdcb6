import type { TopLevelSpec } from "vega-lite";
import { cut } from "../util/cut.ts";
import type { ChartPlace } from "./chart-style.ts";
import { Html, html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { renderSvg } from "./vega-svg.ts";

export interface Page {
  readonly title: string;
  readonly body: readonly Html[];
  /** CSS beside the common one; nothing of a user's in it. */
  readonly style?: string;
}

/** A whole page that needs nothing else: no script, no network; pictures stand in it. */
export function page({ title, body, style = "" }: Page): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${style === "" ? "" : "; img-src data:"}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width">
<title>${cut(title, 80)}</title>
<style>${new Html(PAGE_STYLE + style)}</style>
</head>
<body>
<h1>${cut(title, 80)}</h1>
${body}</body>
</html>
`.text;
}

export const section = (heading: string, parts: readonly Html[]) =>
  html`<section>\n<h2>${heading}</h2>\n${parts}</section>\n`;

export const badge = (text: string) => html` <span class="badge">${text}</span>`;

/** A chart that stands still. */
export async function figure(caption: string, spec: TopLevelSpec): Promise<Html> {
  const svg = await renderSvg(spec);
  return html`<figure><figcaption>${caption}</figcaption>${new Html(svg)}</figure>\n`;
}

const WIDE: ChartPlace = { width: 920, isAlone: false };
const NARROW: ChartPlace = { width: 285, isAlone: false };

/** A chart drawn for a wide and for a narrow page, of which one is seen: letters keep their size. */
export async function responsiveChart(draw: (place: ChartPlace) => TopLevelSpec): Promise<Html> {
  const [wide, narrow] = [await renderSvg(draw(WIDE)), await renderSvg(draw(NARROW))];
  return html`<div class="chart wide">${new Html(wide)}</div><div class="chart narrow">${new Html(narrow)}</div>\n`;
}
