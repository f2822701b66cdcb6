import { isShortcut } from "./keys.ts";
import type { Link } from "./live.ts";
import { type PageState, TABS, type Tab } from "./page-state.ts";
import type { Update } from "./use-page-state.ts";
import { THEMES, type Theme, type useTheme } from "./use-theme.ts";

const TITLES: Readonly<Record<Tab, string>> = {
  runs: "Runs",
  charts: "Charts",
  settings: "Settings",
  predictions: "Predictions",
};

interface Props {
  readonly folder: string;
  readonly link: Link;
  readonly theme: ReturnType<typeof useTheme>;
  readonly state: PageState;
  readonly update: Update;
}

export function Header({ folder, link, theme, state, update }: Props) {
  return (
    <header class="header">
      <h1>
        amlc <span class="quiet folder">{folder}</span>
      </h1>
      <Tabs tab={state.tab} select={(tab) => update({ tab })} />
      <span class={`link ${link}`}>{LINKS[link]}</span>
      <label class="theme">
        <span class="unseen">Colours of the page</span>
        <select value={theme.theme} onChange={(e) => theme.setTheme(e.currentTarget.value as Theme)}>
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

const LINKS: Readonly<Record<Link, string>> = { connecting: "connecting …", live: "live", lost: "reconnecting …" };

/** One stop for the tabulator key; arrows go from tab to tab. */
function Tabs({ tab, select }: { readonly tab: Tab; readonly select: (tab: Tab) => void }) {
  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0 || isShortcut(event)) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]!;
    select(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div role="tablist" aria-label="Views" class="tabs" onKeyDown={move}>
      {TABS.map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          id={`tab-${one}`}
          aria-selected={one === tab}
          aria-controls="content"
          tabIndex={one === tab ? 0 : -1}
          onClick={() => select(one)}
        >
          {TITLES[one]}
        </button>
      ))}
    </div>
  );
}
