import type { Axis } from "../api.ts";

export const TABS = ["runs", "charts", "settings", "predictions"] as const;
export type Tab = (typeof TABS)[number];

const AXES: readonly Axis[] = ["step", "samples", "time"];

/** Rows that two runs answered: all, or those that only the first has right, only the second, or neither. */
export const VERSUS = ["all", "first", "second", "neither"] as const;
export type Versus = (typeof VERSUS)[number];

export const OUTCOMES = ["tp", "fp", "fn", "tn"] as const;

export interface ChartSpec {
  readonly metric: string;
  readonly isLog: boolean;
}

/** A stretch of the x axis. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

export interface PredictionsView {
  /** Runs to look at; null: the first that has answers, and none beside it. */
  readonly first: string | null;
  readonly second: string | null;
  readonly split: string | null;
  readonly entity: string | null;
  readonly outcome: string | null;
  readonly text: string;
  readonly versus: Versus;
  /** `index` of the row that is looked at. */
  readonly row: string | null;
}

/** All that a link has to say so that another reader sees the same. */
export interface PageState {
  readonly tab: Tab;
  readonly filter: string;
  readonly sort: { readonly field: string; readonly isDescending: boolean };
  /** Fields of the table; null: chosen by the page. */
  readonly columns: readonly string[] | null;
  /** Selected runs; empty: the first of the table. */
  readonly runs: readonly string[];
  /** Runs that charts leave out for now. */
  readonly hidden: readonly string[];
  /** The setting that gives runs their colour; null: each its own. */
  readonly colourBy: string | null;
  /** Null: chosen by the page. */
  readonly charts: readonly ChartSpec[] | null;
  readonly axis: Axis;
  readonly isLogX: boolean;
  /** Values far from all others are beyond the axis. */
  readonly isWithoutOutliers: boolean;
  /** Weight of what came before, 0 to 0.999. */
  readonly smoothing: number;
  readonly zoom: Zoom | null;
  /** Settings that are equal in all runs too. */
  readonly hasAllSettings: boolean;
  readonly predictions: PredictionsView;
}

export const FIRST_STATE: PageState = {
  tab: "runs",
  filter: "",
  sort: { field: "started", isDescending: true },
  columns: null,
  runs: [],
  hidden: [],
  colourBy: null,
  charts: null,
  axis: "step",
  isLogX: false,
  isWithoutOutliers: false,
  smoothing: 0,
  zoom: null,
  hasAllSettings: false,
  predictions: {
    first: null,
    second: null,
    split: null,
    entity: null,
    outcome: null,
    text: "",
    versus: "all",
    row: null,
  },
};

/** The state that the part of an address behind its # tells of; what cannot be understood is as in a fresh page. */
export function parseState(fragment: string): PageState {
  const params = new URLSearchParams(fragment.replace(/^#/, ""));
  const text = (key: string) => params.get(key) || null;
  const sort = text("sort");
  return {
    tab: oneOf(TABS, params.get("tab"), FIRST_STATE.tab),
    filter: params.get("filter") ?? "",
    sort: sort ? { field: sort.replace(/^-/, ""), isDescending: sort.startsWith("-") } : FIRST_STATE.sort,
    columns: listOf(params, "column"),
    runs: listOf(params, "run") ?? [],
    hidden: listOf(params, "hide") ?? [],
    colourBy: text("colour"),
    charts: listOf(params, "chart")?.map(parseChart) ?? null,
    axis: oneOf(AXES, params.get("x"), FIRST_STATE.axis),
    isLogX: params.has("logx"),
    isWithoutOutliers: params.has("middle"),
    smoothing: clamp(Number(params.get("smooth") ?? 0), 0, 0.999),
    zoom: parseZoom(params.get("zoom")),
    hasAllSettings: params.has("all"),
    predictions: {
      first: text("first"),
      second: text("second"),
      split: text("split"),
      entity: text("entity"),
      outcome: oneOf([...OUTCOMES, null], params.get("outcome"), null),
      text: params.get("text") ?? "",
      versus: oneOf(VERSUS, params.get("versus"), "all"),
      row: text("row"),
    },
  };
}

/** The fragment of a state, without its #; what is as in a fresh page is left out. */
export function formatState(state: PageState): string {
  const { sort, predictions, zoom } = state;
  const params = new URLSearchParams();
  const add = (key: string, value: string | null, usual = "") => {
    if (value !== null && value !== usual) params.append(key, value);
  };
  const addList = (key: string, values: readonly string[] | null) => {
    for (const value of values?.length === 0 ? [""] : (values ?? [])) params.append(key, value);
  };
  add("tab", state.tab, FIRST_STATE.tab);
  add("filter", state.filter);
  add("sort", formatSort(sort), formatSort(FIRST_STATE.sort));
  addList("column", state.columns);
  for (const run of state.runs) params.append("run", run);
  for (const run of state.hidden) params.append("hide", run);
  add("colour", state.colourBy);
  addList("chart", state.charts?.map(formatChart) ?? null);
  add("x", state.axis, FIRST_STATE.axis);
  if (state.isLogX) params.append("logx", "");
  if (state.isWithoutOutliers) params.append("middle", "");
  add("smooth", String(state.smoothing), "0");
  if (zoom) params.append("zoom", `${zoom.from}~${zoom.to}`);
  if (state.hasAllSettings) params.append("all", "");
  for (const key of ["first", "second", "split", "entity", "outcome", "text", "row"] as const)
    add(key, predictions[key]);
  add("versus", predictions.versus, "all");
  return params.toString();
}

const formatSort = ({ field, isDescending }: PageState["sort"]) => (isDescending ? "-" : "") + field;

const LOG = "log:";
const formatChart = ({ metric, isLog }: ChartSpec) => (isLog ? LOG : "") + metric;
const parseChart = (text: string): ChartSpec =>
  text.startsWith(LOG) ? { metric: text.slice(LOG.length), isLog: true } : { metric: text, isLog: false };

/** Null where the key is not there; a key with nothing behind it is an empty list. */
function listOf(params: URLSearchParams, key: string): readonly string[] | null {
  return params.has(key) ? [...new Set(params.getAll(key).filter((value) => value !== ""))] : null;
}

function parseZoom(text: string | null): Zoom | null {
  const [from, to] = (text ?? "").split("~").map(Number) as [number, number | undefined];
  return to !== undefined && Number.isFinite(from) && Number.isFinite(to) && from < to ? { from, to } : null;
}

function oneOf<T>(values: readonly T[], value: unknown, usual: T): T {
  return values.includes(value as T) ? (value as T) : usual;
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value || 0));
