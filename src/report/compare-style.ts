/** Of pages about runs: charts take the reader's colours, cards hold pictures, controls work without a script. */
export const RUN_STYLE = `
*, *::before { box-sizing: border-box; }
svg { background: transparent; }
.chart text { fill: var(--text); }
.narrow { display: none; }
@media (max-width: 1020px) { .wide { display: none; } .narrow { display: block; } body { padding: 14px; } th, th.number { white-space: normal; } th, td { padding-right: 9px; } }
td:first-child { min-width: 72px; }
details summary { cursor: pointer; color: var(--quiet); margin: 12px 0; }
.notes { background: var(--tile); border-left: 4px solid #d6a300; border-radius: 4px; padding: 10px 14px 10px 32px; margin: 16px 0; }
.notes li { overflow-wrap: anywhere; }
td { max-width: 420px; }
td.number small { color: var(--quiet); display: block; }
.verdict { margin: 12px 0; } .verdict b { display: block; overflow-wrap: anywhere; }
.controls { border: 0; margin: 0 0 8px; padding: 0; display: flex; flex-wrap: wrap; gap: 6px 18px; }
.controls label { display: inline-flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 8px 0; font-size: 14px; }
.legend label { display: inline-flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.legend svg { flex: none; border-radius: 0; }
.loss { display: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 14px; }
.card { background: var(--tile); border-radius: 8px; padding: 12px; overflow: hidden; overflow-wrap: anywhere; font-size: 14px; }
.card img, .missing { display: block; width: 100%; height: 200px; object-fit: contain; background: #fff; border-radius: 6px; }
.missing { background: transparent; border: 1px dashed var(--quiet); color: var(--quiet); padding: 12px; overflow: auto; font-size: 13px; }
.card p { margin: 6px 0 0; } .question { color: var(--quiet); }
.card ul { list-style: none; padding: 0; margin: 6px 0 0; }
.card li { border-left: 4px solid var(--line); padding-left: 8px; margin-top: 4px; }
.card li.right { border-color: #2e9e5b; } .card li.wrong { border-color: #d62728; }
.card .run { color: var(--quiet); display: block; } .card i { color: var(--quiet); font-size: 12px; }
.heat td { text-align: right; border: 1px solid var(--line); padding: 4px 8px; }
.heat th[scope=row] { text-align: left; }
`;
