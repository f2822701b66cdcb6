/** Light or dark as the reader's system has it; charts stay on white. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1c1c1c; --quiet: #666; --line: #ddd; --tile: #f5f6f8; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --quiet: #a0a0a0; --line: #3a3a3a; --tile: #222429; --page: #15161a; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 1060px;
  margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 40px 0 12px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 24px 0 8px; }
.note { color: var(--quiet); margin: 4px 0 12px; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 10px; margin: 16px 0; }
.figures div { background: var(--tile); border-radius: 8px; padding: 10px 14px; }
.figures dt { color: var(--quiet); font-size: 13px; }
.figures dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums; }
figure { margin: 12px 0 16px; }
figcaption { font-weight: 600; margin-bottom: 6px; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; background: #fff; border-radius: 8px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(480px, 1fr)); gap: 4px 20px; }
.grid figure { margin: 4px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.value { display: inline-block; background: var(--tile); border-radius: 4px; padding: 0 6px; margin: 1px 2px 1px 0; }
.value i { color: var(--quiet); font-style: normal; font-size: 12px; }
.badge { background: #d62728; color: #fff; border-radius: 4px; padding: 1px 6px; font-size: 12px; white-space: nowrap; }
`;
