import type { BenchReport, Comparison, WorkloadResult } from '../../report.ts';
import { missingText, NOTHING_COMMON } from '../comparison.ts';
import { capital, figure, times } from '../units.ts';
import { metricChart, type Places } from './chart.ts';
import { lede, overview } from './overview.ts';
import { patterns, style } from './style.ts';
import { escapeHtml, prose } from './text.ts';

const KINDS = { layer: 'Storage drivers', network: 'Network drivers', cgroup: 'Cgroup drivers' } as const;

/** One file with everything in it: no script, no font, no address is loaded. */
export function renderHtml(report: BenchReport): string {
  const places: Places = new Map(report.subjects.map(({ id }, at) => [id, at]));
  const names = report.subjects.map(({ id }) => id).join(', ');
  const day = report.startedAt.slice(0, 16).replace('T', ' ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="generator" content="Strata ${escapeHtml(report.strata)}">
<link rel="icon" href="data:,">
<title>strata bench: ${escapeHtml(names)}</title>
<style>${style}</style>
</head>
<body>
${patterns}
<main>
<header>
<h1>${KINDS[report.kind]} compared: ${escapeHtml(names)}</h1>
<p class="lede">${escapeHtml(lede(report))}</p>
<p class="meta">${escapeHtml(report.machine.cpu)}, ${report.machine.cores} cores · Linux ${escapeHtml(report.machine.kernel)} · ${day} UTC · <a href="#how">where and how</a></p>
${report.partial === undefined ? '' : `<p class="notice"><b>Partial report.</b> ${escapeHtml(report.partial)}.</p>`}
</header>
<section>${overview(report)}</section>
${report.comparison === undefined ? '' : comparison(report.comparison)}
${report.workloads.map((workload) => section(workload, places)).join('\n')}
${how(report)}
</main>
<script type="application/json" id="report">${JSON.stringify(report).replaceAll('<', '\\u003c')}</script>
</body>
</html>
`;
}

function section(workload: WorkloadResult, places: Places): string {
  const { notMeasured } = workload;
  // What has a chart says there why a driver is not in it.
  const uncharted = notMeasured.filter(({ metric }) => !workload.metrics.some(({ id }) => id === metric));
  return `<section class="workload" id="${escapeHtml(workload.id)}">
<h2>${escapeHtml(workload.title)}</h2>
<p class="verdict">${escapeHtml(workload.verdict)}</p>
${workload.besides.map((sentence) => `<p class="besides">${escapeHtml(sentence)}</p>`).join('')}
<p class="tells">${prose(workload.tells)}</p>
<div class="charts">
${workload.metrics.map((metric) => metricChart(metric, places, notMeasured)).join('\n')}
</div>
${uncharted.map(({ subject, metric, cause, reason }) => `<p class="small">${escapeHtml(subject)}${metric === undefined ? '' : `, ${escapeHtml(metric)}`} ${cause}: ${escapeHtml(reason)}.</p>`).join('')}
<p class="small">${workload.runs} run${workload.runs === 1 ? '' : 's'} each. Page cache ${escapeHtml(workload.cache)}.</p>
</section>`;
}

function comparison({ file, startedAt, changes, missing = [], warnings, regressions }: Comparison): string {
  const real = changes.filter(({ verdict }) => verdict !== 'noise');
  const rows = real.map(
    (
      change,
    ) => `<tr><td>${escapeHtml(change.workload)} ${escapeHtml(change.metric)}, ${escapeHtml(change.subject)}</td>
<td>${figure(change.before, change.unit)}</td><td>${figure(change.after, change.unit)}</td><td>${times(change.ratio.value)}</td><td class="${change.verdict}">${change.verdict}</td></tr>`,
  );
  const table = `<div class="scroll"><table><thead><tr><th>figure</th><th>before</th><th>now</th><th>ratio</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return `<section class="workload" id="baseline">
<h2>Against the baseline</h2>
<p class="verdict">${regressions} regression${regressions === 1 ? '' : 's'}, ${real.length - regressions} improvements; ${changes.length - real.length} figures differ by noise at most.</p>
<p class="tells">${escapeHtml(file)}, measured ${escapeHtml(startedAt)}.</p>
${warnings.map((warning) => `<p class="small">Careful: ${escapeHtml(warning)}.</p>`).join('')}
${changes.length + missing.length === 0 ? `<p class="small">Careful: ${NOTHING_COMMON}.</p>` : ''}
${missing.map((one) => `<p class="besides">${escapeHtml(capital(missingText(one)))}.</p>`).join('')}
${real.length > 0 ? table : ''}
</section>`;
}

function how(report: BenchReport): string {
  const { machine, settings, subjects } = report;
  const facts: readonly (readonly [string, string])[] = [
    [
      'Machine',
      `${machine.cores} × ${machine.cpu}, ${figure(machine.memoryBytes, 'B')} of memory, ${machine.architecture}`,
    ],
    ['System', `Linux ${machine.kernel}, ${machine.os}`],
    ['Load', `${machine.load[0]} before, ${machine.load[1]} after (one-minute average)`],
    ...(report.kind === 'layer' ? ([['Backing', settings.backing]] as const) : []),
    ...subjects.map(({ id, summary, filesystem }): [string, string] => [
      id,
      filesystem === undefined ? summary : `on ${filesystem}; ${summary}`,
    ]),
    ...(settings.image === undefined ? [] : ([['Image', settings.image]] as const)),
    [
      'Runs',
      settings.runs === null
        ? 'as many as a workload’s time allows, at least 3, after one to warm up'
        : `${settings.runs} each, after one to warm up`,
    ],
    [
      'Versions',
      [`Strata ${report.strata}`, `Node ${machine.node}`, ...Object.values(machine.tools)].join(' · '),
    ],
    ['Measured', `${report.startedAt} to ${report.finishedAt}`],
    ...report.leftOut.map(({ id, reason }): [string, string] => [id, `left out: ${reason}`]),
  ];
  return `<section class="workload" id="how">
<h2>Where and how</h2>
<p class="tells">Drivers took turns, and who began changed each round. Bars end at the median; dots are single runs; whiskers are a 95 % interval of the median, or the range of fewer than six runs; ± is the median absolute deviation. Ratios are to the first driver of a chart, as the median over rounds; “noise” means that these runs do not show a difference.</p>
<pre>${escapeHtml(report.command.map(quoted).join(' '))}</pre>
<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
</section>`;
}

/** As a shell would need it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
