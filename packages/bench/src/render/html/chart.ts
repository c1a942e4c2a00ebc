import type { Measured, MetricResult, NotMeasured } from '../../report.ts';
import { level, ranked, tooFew } from '../../stats/verdict.ts';
import { capital, figure, intervalName, ratioText, span, spreadText } from '../units.ts';
import { type Scale, scaleFor } from './scale.ts';
import { escapeHtml } from './text.ts';

/** Place of each driver in the report; decides its colour and pattern. */
export type Places = ReadonlyMap<string, number>;
export const KINDS_OF_BARS = 6;

const percent = (value: number): string => `${value.toFixed(2)}%`;

/** One metric: a row per driver with its median, its interval and every run, over a common axis. */
export function metricChart(metric: MetricResult, places: Places, absent: readonly NotMeasured[]): string {
  const scale = scaleFor(
    metric.measured.flatMap(({ samples, interval }) => [...samples, ...interval]),
    metric.unit === 'B' || metric.unit === 'B/s',
  );
  const best = tooFew(metric) ? [] : level(metric, ranked(metric, metric.measured)).map((one) => one.subject);
  const rows = metric.measured.map((one) =>
    barRow(one, { metric, scale, places, best: best.includes(one.subject) }),
  );
  const missing = absent
    .filter(({ metric: id }) => id === metric.id)
    .map(
      ({ subject, reason }) =>
        `<div class="row absent"><span class="who">${escapeHtml(subject)}</span><span class="why">not possible: ${escapeHtml(reason)}</span></div>`,
    );
  const direction = `${metric.better} is better`;
  return `<figure class="metric">
<figcaption><b>${escapeHtml(capital(metric.title))}</b> <span>${direction}${scale.logarithmic ? ', logarithmic scale' : ''}</span></figcaption>
${rows.join('\n')}
${missing.join('\n')}
${axis(scale, metric)}
</figure>`;
}

interface RowContext {
  readonly metric: MetricResult;
  readonly scale: Scale;
  readonly places: Places;
  readonly best: boolean;
}

function barRow(one: Measured, { metric, scale, places, best }: RowContext): string {
  const kind = (places.get(one.subject) ?? 0) % KINDS_OF_BARS;
  const show = (value: number): string => figure(value, metric.unit);
  const [low, high] = one.interval;
  const label = `${one.subject}: median ${show(one.median)}, ${intervalName(one.samples.length)} ${span(one.interval, show)}, ${one.samples.length} runs`;
  const many = one.samples.length > 1;
  const dots = many
    ? one.samples.map((value) => `<circle cx="${percent(scale.at(value))}" cy="24" r="2"/>`).join('')
    : '';
  const [from, to] = [percent(scale.at(low)), percent(scale.at(high))];
  const range = many
    ? `<g class="range"><line x1="${from}" x2="${to}" y1="11" y2="11"/><line x1="${from}" x2="${from}" y1="7" y2="15"/><line x1="${to}" x2="${to}" y1="7" y2="15"/></g>`
    : '';
  const grid = scale.ticks
    .map(
      (tick) =>
        `<line class="grid" x1="${percent(scale.at(tick))}" x2="${percent(scale.at(tick))}" y1="0" y2="100%"/>`,
    )
    .join('');
  const spread = spreadText(one);
  return `<div class="row k${kind}">
<span class="who">${escapeHtml(one.subject)}</span>
<svg role="img" aria-label="${escapeHtml(label)}"><title>${escapeHtml(label)}</title>${grid}<rect class="bar" x="0" y="3" height="16" rx="2" width="${percent(scale.at(one.median))}"/>${range}<g class="runs">${dots}</g></svg>
<span class="value">${best ? '<i class="best" title="best">★</i> ' : ''}<b>${escapeHtml(show(one.median))}</b>${spread === '' || one.samples.length < 2 ? '' : ` <span>${spread}</span>`}</span>
<span class="ratio">${escapeHtml(ratioText(one.ratio))}</span>
</div>`;
}

function axis(scale: Scale, { unit }: MetricResult): string {
  const labels = scale.ticks
    .map((tick, at) => {
      const place = at === 0 ? 'first' : scale.at(tick) > 92 ? 'last' : '';
      return `<span class="${place}" style="left:${percent(scale.at(tick))}">${escapeHtml(tickText(tick, unit))}</span>`;
    })
    .join('');
  return `<div class="row axis" aria-hidden="true"><span></span><div>${labels}</div></div>`;
}

/** `10.0 ms` as `10 ms`. */
const tickText = (value: number, unit: MetricResult['unit']): string =>
  figure(value, unit)
    .replace(/\.0+(?= |$)/, '')
    .replace(/(\.\d*?)0+(?= )/, '$1');
