import { KIND_WORDS, KINDS, totalBytes } from "../engine/memory-kinds.ts";
import { cut } from "../util/cut.ts";
import { formatCount, formatShare } from "../util/format-number.ts";
import { Html, html, htmlTable } from "./html.ts";
import { page, responsiveChart, section } from "./page.ts";
import { kindColour, memorySpec } from "./plan-chart.ts";
import type { PlanRecord } from "./plan-record.ts";
import { gigabytes, operations, quantizeWords, rateWords, stepTime, timeWords, wayWords } from "./plan-words.ts";
import { duration } from "./words.ts";

const STYLE = `
.narrow { display: none; }
@media (max-width: 700px) { .wide { display: none; } .narrow { display: block; } body { padding: 14px; } }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px; }
.kind { white-space: nowrap; }
.full { color: #d62728; font-weight: 600; }
code { overflow-wrap: anywhere; }
`;

/** A plan as one HTML page that needs nothing else: no script, no network. */
export async function planPage(plan: PlanRecord): Promise<string> {
  const { base, device, moments, peak_bytes, fits } = plan;
  const verdict = fits
    ? html`<p>It fits: ${gigabytes(peak_bytes)} of ${gigabytes(device.memory_bytes)} (${device.memory_source}).</p>\n`
    : html`<p class="full">It does not fit: ${gigabytes(peak_bytes)} are needed, ${device.label} has ${gigabytes(device.memory_bytes)} (${device.memory_source}).</p>\n`;
  const body = [
    html`<p class="note">A step of ${cut(base.name, 80)} on ${device.label}: ${wayWords(plan)}.</p>\n`,
    verdict,
    figures(plan),
    section("Memory over a step", [
      await responsiveChart((place) => memorySpec(moments, device.memory_bytes, place)),
      html`<p class="note">Each layer forward, then each backward; the red line is what the device has.</p>\n`,
    ]),
    section("At its most", [kindTable(plan)]),
    section("Time", [html`<p>${timeWords(plan)}.</p><p class="note">${rateWords(plan)}.</p>\n`]),
    ...(fits ? [] : [section("What would fit", [proposalTable(plan)])]),
  ];
  return page({ title: "Plan of a training run", body, style: STYLE });
}

function figures({ peak_bytes, flops, seconds_a_step, hours, base, shape }: PlanRecord): Html {
  const tiles: readonly (readonly [string, string])[] = [
    ["most memory", gigabytes(peak_bytes)],
    ["a step", stepTime(seconds_a_step)],
    ["the run", hours === null ? "–" : duration(hours * 3600)],
    ["forward", operations(flops.forward)],
    ["backward", operations(flops.backward)],
    ["computed again", operations(flops.recomputation)],
    ["parameters", millions(base.parameters)],
    ["trained", millions(base.trainable)],
    ["tokens a row", formatCount(shape.image_tokens + shape.text)],
  ];
  return html`<dl class="figures">${tiles.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>\n`;
}

/** 2,924 million */
const millions = (count: number) =>
  count < 1e6 ? formatCount(count) : `${formatCount(Math.round(count / 1e6))} million`;

function kindTable({ by_kind, moments }: PlanRecord): Html {
  const all = totalBytes(by_kind);
  const kinds = KINDS.filter((kind) => by_kind[kind] > 0 || moments.some(({ bytes }) => bytes[kind] > 0));
  const rows = kinds.map((kind) => ({ kind, bytes: by_kind[kind], share: by_kind[kind] / all }));
  return html`${htmlTable(rows, [
    {
      name: "kind",
      cell: ({ kind }) =>
        html`<span class="kind"><span class="swatch" style="background: ${new Html(kindColour(kind))}"></span>${kind}</span>`,
    },
    { name: "GB", cell: ({ bytes }) => (bytes / 1e9).toFixed(2), isNumber: true },
    { name: "share", cell: ({ share }) => formatShare(share), isNumber: true },
    { name: "what it is", cell: ({ kind }) => KIND_WORDS[kind] },
  ])}<p class="note">In all ${gigabytes(all)}.</p>\n`;
}

function proposalTable(plan: PlanRecord): Html {
  const { proposals } = plan;
  if (proposals.length === 0) return html`<p>No settings of this base do.</p>\n`;
  const made = quantizeWords(plan);
  const table = htmlTable(proposals, [
    { name: "settings", cell: ({ changes }) => html`${changes.map((each) => html`<code>${each}</code> `)}` },
    { name: "GB", cell: ({ peak_bytes }) => (peak_bytes / 1e9).toFixed(2), isNumber: true },
    { name: "a step", cell: ({ seconds_a_step }) => stepTime(seconds_a_step), isNumber: true },
  ]);
  return html`${table}${made === undefined ? html`` : html`<p class="note">${made}</p>\n`}`;
}
