/** Colours are only a help: every bar is labelled and has a pattern of its own. */
export const style = `
:root { color-scheme: light dark;
  --paper: #fcfcfb; --card: #ffffff; --ink: #1b1d21; --soft: #5a6069; --line: #e2e4e8; --accent: #1f5fbf;
  --c0: #2f6fd0; --c1: #c8641b; --c2: #1b8a78; --c3: #8a4fc2; --c4: #b83a5e; --c5: #6f7a1f;
  --shade: #f1f3f6; --good: #0d6e4f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #131519; --card: #1a1d22; --ink: #e9ebef; --soft: #a2a9b4; --line: #2e333b; --accent: #8db8ff;
  --c0: #7aaaf5; --c1: #eb9a5b; --c2: #55c2ae; --c3: #bd93ea; --c4: #ec7f9f; --c5: #bcc763;
  --shade: #22262d; --good: #5fd3a6; --bad: #ff8f87; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: clamp(1.6rem, 5vw, 2.3rem); line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .6rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em; margin: 0; }
p { margin: 0; max-width: 46rem; }
a { color: var(--accent); }
code, pre { font: .875em/1.5 ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", monospace; }
code { background: var(--shade); border-radius: .25rem; padding: .05em .3em; }
.lede { font-size: 1.15rem; max-width: 44rem; text-wrap: pretty; }
.meta { color: var(--soft); font-size: .875rem; margin-top: .6rem; }
.notice { border: 1px solid var(--line); border-left: 4px solid var(--c1); background: var(--card); border-radius: .4rem; padding: .75rem 1rem; margin-top: 1rem; }
section { margin-top: 2.5rem; }
section.workload { border-top: 1px solid var(--line); padding-top: 2rem; }
.verdict { font-size: 1.05rem; font-weight: 600; margin: .35rem 0 .35rem; text-wrap: pretty; }

.besides { text-wrap: pretty; margin-bottom: .35rem; }
.tells { color: var(--soft); font-size: .925rem; }
.small { color: var(--soft); font-size: .8125rem; margin-top: .75rem; }
.charts { display: grid; gap: 1.5rem; margin-top: 1.25rem; }
.metric { margin: 0; }
figcaption { font-size: .875rem; margin-bottom: .15rem; }
figcaption b { font-weight: 600; }
figcaption span { color: var(--soft); margin-left: .35rem; }
.row { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr) 9.5rem 7rem; gap: 0 .75rem; align-items: center; font-size: .875rem; }
.row .who { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row svg { width: 100%; height: 28px; display: block; overflow: visible; }
.row .value { text-align: right; white-space: nowrap; } .row .value span { color: var(--soft); font-size: .8125rem; }
.row .ratio { text-align: right; color: var(--soft); white-space: nowrap; font-size: .8125rem; }
.best { font-style: normal; color: var(--accent); }
.row.absent .why { grid-column: 2 / -1; color: var(--soft); font-size: .8125rem; }
.grid { stroke: var(--line); stroke-width: 1; }
.bar { stroke-width: 1.25; }
.range line { stroke: var(--ink); stroke-width: 1.5; }
.runs circle { fill: var(--soft); opacity: .75; }
${[0, 1, 2, 3, 4, 5].map((n) => `.k${n} .bar { fill: url(#p${n}); stroke: var(--c${n}); }`).join('\n')}
.axis { color: var(--soft); font-size: .75rem; }
.axis div { position: relative; height: 1.2rem; }
.axis div span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis div .first { transform: none; } .axis div .last { transform: translateX(-100%); }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; }
th { font-weight: 600; color: var(--soft); font-size: .8125rem; }
thead th { vertical-align: bottom; }
td.win { font-weight: 700; color: var(--ink); } td.win::before { content: "★ "; color: var(--accent); }
td { color: var(--soft); } td:first-child { color: var(--ink); }
td a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .2em; }
.regression { color: var(--bad); font-weight: 600; } .improvement { color: var(--good); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.25rem; font-size: .9rem; margin: 1rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--shade); border-radius: .4rem; padding: .75rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: 1rem 0 0; }
.defs { position: absolute; width: 0; height: 0; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 3rem; }
  section { margin-top: 2rem; } section.workload { padding-top: 1.5rem; }
  .row { grid-template-columns: minmax(0, 1fr) auto auto; gap: 0 .6rem; margin-top: .35rem; }
  .row svg { grid-row: 2; grid-column: 1 / -1; }
  .row .ratio { min-width: 4.2rem; }
  .axis { margin-top: 0; } .axis > span { display: none; } .axis div { grid-column: 1 / -1; }
  .row.absent { grid-template-columns: auto minmax(0, 1fr); }
  th, td { padding: .45rem .4rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; }
}
@media print { section.workload { break-inside: avoid; } body { background: #fff; } }
`;

/** Fills by place: solid, slanted, dotted, crossed, upright, level. */
export const patterns = `<svg class="defs" aria-hidden="true"><defs>
${pattern(0, '')}
${pattern(1, '<path d="M-2 8 8 -2M2 12 12 2" style="stroke:var(--c1);stroke-width:2.2"/>')}
${pattern(2, '<circle cx="2.5" cy="2.5" r="1.5" style="fill:var(--c2)"/><circle cx="7.5" cy="7.5" r="1.5" style="fill:var(--c2)"/>')}
${pattern(3, '<path d="M0 0 10 10M10 0 0 10" style="stroke:var(--c3);stroke-width:1.4"/>')}
${pattern(4, '<path d="M2.5 0V10M7.5 0V10" style="stroke:var(--c4);stroke-width:2"/>')}
${pattern(5, '<path d="M0 2.5H10M0 7.5H10" style="stroke:var(--c5);stroke-width:2"/>')}
</defs></svg>`;

function pattern(place: number, marks: string): string {
  const ground = `<rect width="10" height="10" style="fill:var(--c${place});opacity:${marks === '' ? 0.75 : 0.22}"/>`;
  return `<pattern id="p${place}" width="10" height="10" patternUnits="userSpaceOnUse">${ground}${marks}</pattern>`;
}
