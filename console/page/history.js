/* The runs that are over, and their figures over time. */
import {cell, h, keyed, lead, name, section, table, tag, text} from './dom.js';
import {dots, pointOf, told} from './dots.js';
import {get, of} from './api.js';
import {state} from './state.js';
import {count, date, duration, time, VERDICTS} from './words.js';

const PAGE = 50;
const MOST = 500;     /* runs that the page keeps */
const GROUPS = 12;    /* experiments with a trend of their own */
const SETTLE_MS = 1500;
const FIGURES = {ttr_self: 'Recovered by itself', ttr_after: 'Recovered after the rollback', ttfr: 'Fully recovered', impact: 'Impact',
	tta: 'Acknowledged', ttm: 'Mitigated'};
const ORDER = Object.keys(FIGURES);

const figureName = (key) => FIGURES[key] ?? (key.startsWith('ttd:') ? `Detected by ${key.slice(4)}` : key);

/* When it began; of one that did not, when it was to. */
const at = (run) => (run.started_ns ?? run.planned_ns ?? 0) / 1e6;

/*
 * Which figure stands for the recovery, or the detection, of these runs: one for all of them, since a recovery by itself and one after
 * the rollback are two figures. The first that was reached, else the first that there is.
 */
function keyOf(runs, kind) {
	const has = (key, r) => pointOf(r.figures?.[key]), reached = (key, r) => has(key, r)?.[1];
	const keys = kind === 'ttr' ? ['ttr_self', 'ttr_after'] : [...new Set(runs.flatMap((r) => Object.keys(r.figures ?? {})))].filter((k) => k.startsWith('ttd:'));
	return keys.find((k) => runs.some((r) => reached(k, r))) ?? keys.find((k) => runs.some((r) => has(k, r))) ?? null;
}

const shortName = (key) => ({ttr_self: 'by itself', ttr_after: 'after the rollback'})[key] ?? `by ${key.slice(4)}`;

function shortFigure(run, kind) {
	const key = keyOf([run], kind), f = run.figures?.[key], point = pointOf(f);
	return point ? [told(point), h('p', {class: 'dim small'}, text(shortName(key), 40), `, n ${f.n}`)] : h('span', {class: 'dim'}, '–');
}

function objectives(run) {
	const all = run.objectives ?? [];
	return all.length ? `${all.filter((o) => o.result === 'met').length} of ${all.length}` : '–';
}

function why(run) {
	const times = run.times > 1 ? `${run.times} times` : null;
	return [run.reason, times, run.text].filter(Boolean).join(', ');
}

function row(run) {
	const ms = at(run);
	return h('tr', {role: 'row'},
		lead(null, run.gone || !run.folder ? name(run.name) : h('a', {href: of('history', run.folder, 'report'), target: '_blank', rel: 'noopener'}, name(run.name)),
			h('p', {class: 'dim small'}, `${date(ms)} ${time(ms)}`, run.gone ? ' · its folder is gone' : '', ' ',
				(run.tags ?? []).slice(0, 4).map((t) => h('span', {class: 'label'}, text(t, 40)))),
			run.verdict !== 'passed' && why(run) ? h('p', {class: 'dim small'}, text(why(run), 200)) : null),
		cell('verdict', '', tag(text(run.verdict, 20), VERDICTS[run.verdict] ?? '')), cell('objectives met', 'num', objectives(run)),
		cell('detected', 'num', shortFigure(run, 'ttd')), cell('recovered', 'num', shortFigure(run, 'ttr')));
}

/* ---- trends */

function largeTrend(key, runs) {
	const d = dots(figureName(key), runs, (r) => r.figures?.[key], true, 520);
	if (!d)
		return null;
	return h('figure', null, h('h3', null, text(figureName(key), 80)), d.drawing,
		h('figcaption', null, `${count(d.n, 'run')}${d.never ? `, ${d.never} not reached (▵)` : ''}; the last ${told(d.last.point)} (median of n = `,
			`${d.last.figure.n}). A dot is a run's median, its line goes to the worst repetition.`));
}

function change(c, trend) {
	const first = trend.runs[c.run];
	return h('p', {class: 'small'}, `${figureName(trend.figure)} changed about ${first ? date(at(first)) : `run ${c.run}`}: `,
		`${duration(c.median_before_ns)} (n = ${c.n_before} runs) before, ${duration(c.median_after_ns)} (n = ${c.n_after}) from then on; p = ${c.p < 0.0001 ? '< 0.0001' : c.p.toFixed(4)}.`);
}

function spark(runs, kind, words) {
	const key = keyOf(runs, kind), d = key && dots(words, runs, (r) => r.figures?.[key], false, 150);
	return d ? [d.drawing, h('span', {class: 'dim small nb'}, `${told(d.last.point)}, ${count(d.n, 'run')}`), h('p', {class: 'dim small'}, text(shortName(key), 60))] : h('span', {class: 'dim'}, '–');
}

function groupRow([label, runs]) {
	return h('tr', {role: 'row'}, lead(null, h('a', {href: `#/history/${encodeURIComponent(label)}`}, name(label)), h('p', {class: 'dim small'}, count(runs.length, 'run'))),
		cell('last', '', tag(text(runs.at(-1).verdict, 20), VERDICTS[runs.at(-1).verdict] ?? '')),
		cell('detected', '', spark(runs, 'ttd', `${label}: time to detect`)), cell('recovered', '', spark(runs, 'ttr', `${label}: time to recover`)));
}

export function history(main, wanted) {
	const by = {name: wanted ?? '', label: '', verdict: ''};
	let runs = [], more = false, next = null, trend = null, cancel = null, timer = null;
	const field = (key, words, attributes) => h('input', {type: 'search', 'aria-label': words, placeholder: words, value: by[key], 'data-act': key, ...attributes,
		on: {change: (e) => { by[key] = e.target.value.trim(); load(); }}});
	const names = h('datalist', {id: 'names'}, [...state.schedules.keys()].slice(0, 200).map((n) => h('option', {value: text(n, 120)})));
	const verdict = h('select', {'aria-label': 'Verdict', on: {change: (e) => { by.verdict = e.target.value; load(); }}},
		['', ...Object.keys(VERDICTS)].map((v) => h('option', {value: v}, v || 'any verdict')));
	const summary = h('p', {class: 'dim small', role: 'status'}), trends = h('div', null), body = h('tbody', {role: 'rowgroup'});
	const list = table('Runs', [['Run'], ['Verdict'], ['Objectives met', 'num'], ['Detected', 'num'], ['Recovered', 'num']], body), none = h('p', {class: 'calm'});
	const older = h('button', {type: 'button', class: 'plain', on: {click: () => load(true)}}, 'Older');
	main.replaceChildren(h('h1', null, 'History'), h('div', {class: 'row'}, field('name', 'Experiment', {list: 'names'}), field('label', 'Label, team=payments'), verdict, names),
		summary, trends, section('runs', 'Runs', list, none, older));

	async function load(further) {
		cancel?.abort();
		const mine = cancel = new AbortController();
		try {
			const got = await get('v1/history', {...by, limit: PAGE, before: further ? next : null}, mine.signal);
			const some = got.runs.sort((a, b) => at(b) - at(a));
			next = got.before ?? (some.length ? new Date(at(some.at(-1))).toISOString() : null);
			runs = (further ? [...runs, ...some] : some).slice(0, MOST);
			more = (got.more ?? Boolean(got.before)) && runs.length < MOST;
			show();
			trend = by.name ? await get('v1/history/trend', {name: by.name}, mine.signal) : null;
			showTrends();
		} catch (e) {
			if (e.name !== 'AbortError')
				summary.textContent = e.message;
		}
	}
	function show() {
		keyed(body, runs, (r) => r.folder || `${r.name} ${at(r)} ${r.verdict}`, (r) => JSON.stringify([r.verdict, r.gone, r.tags]), row);
		list.hidden = !runs.length;
		none.textContent = runs.length ? '' : by.name || by.label || by.verdict ? 'No run is like that.' : 'No run yet.';
		older.hidden = !more;
		summary.textContent = runs.length ? `${count(runs.length, 'run')}${more ? ', the newest' : ''}` : '';
		showTrends();
	}
	function showTrends() {
		const old = runs.filter((r) => r.plan_hash).reverse(); /* not those that were skipped */
		if (by.name) {
			const keys = [...new Set(old.flatMap((r) => Object.keys(r.figures ?? {})))].sort((a, b) => rank(a) - rank(b)).slice(0, 8);
			const drawn = keys.map((key) => largeTrend(key, old)).filter(Boolean);
			trends.replaceChildren(drawn.length ? section('trend', 'Trend', h('div', {class: 'trends'}, drawn), 
				(trend?.plans ?? []).flatMap((p) => p.changes ?? []).map((c) => change(c, trend)),
				(trend?.plans ?? []).length > 1 ? h('p', {class: 'dim small'}, 'A dashed line: the plan changed there; runs of different plans are different experiments.') : null) : '');
			return;
		}
		const groups = new Map();
		for (const run of old)
			groups.set(run.name, [...groups.get(run.name) ?? [], run]);
		const some = [...groups].slice(-GROUPS).reverse();
		trends.replaceChildren(some.length ? section('trends', 'Experiments', table('Experiments', [['Experiment'], ['Last'], ['Time to detect'], ['Time to recover']],
			h('tbody', {role: 'rowgroup'}, some.map(groupRow)))) : '');
	}
	const rank = (key) => key.startsWith('ttd:') ? -1 : ORDER.indexOf(key) < 0 ? 99 : ORDER.indexOf(key);
	load();
	return {
		update(parts) {
			if (parts.has('history') && runs.length <= PAGE)
				timer ??= setTimeout(() => { timer = null; load(); }, SETTLE_MS);
		},
		tick() {},
		close() {
			clearTimeout(timer);
			cancel?.abort();
		},
	};
}
