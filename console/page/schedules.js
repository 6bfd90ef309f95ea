/* Every file of the folder: what it says, when it is next due, what came of it last, and what can be done with it. */
import {button} from './button.js';
import {cell, h, keyed, lead, name, table, tag, text} from './dom.js';
import {get, of, post} from './api.js';
import {calmly, may, state} from './state.js';
import {count, instant, relative, verdict, when} from './words.js';

const MOST_ROWS = 200;
const SETTLE_MS = 400; /* thousands of starts a second must not make as many tables */

function labels(all) {
	return Object.entries(all ?? {}).slice(0, 8).map(([key, value]) => h('span', {class: 'label'}, text(`${key}=${value}`, 60)));
}

function states(x) {
	const running = x.running?.length ?? 0;
	return [x.message && tag('broken', 'bad'), x.stale && tag('last good version', 'mid'), x.paused && tag('paused', 'mid'),
		x.skip_next && tag('skips next', 'mid'),
		running > 0 && tag(running > 1 ? `${running} running` : 'running', 'live'), x.queued > 0 && tag(`${x.queued} queued`),
		x.state === 'finished' && tag('finished'), x.state === 'unscheduled' && tag('no schedule')].filter(Boolean);
}

function last(x) {
	if (!x.last)
		return h('span', {class: 'dim'}, '–');
	const [word, kind] = verdict(x.last), came = tag(text(word, 20), kind), at = instant(x.last.at);
	return [x.last.run ? h('a', {class: 'bare', href: of('history', x.last.run, 'report'), target: '_blank', rel: 'noopener', 'aria-label': `Report of the last run, ${text(word, 20)}`},
		came) : came, at === null ? null : h('p', {class: 'dim small', 'data-at': at}, relative(at))];
}

function due(x) {
	const at = instant(x.next?.at);
	if (at === null)
		return h('span', {class: 'dim'}, '–');
	return h('div', null, h('span', {class: 'nb'}, when(at)), h('p', {class: 'dim small', 'data-at': at}, relative(at)));
}

function actions(x) {
	const off = may('operator') ? null : 'this takes the role operator', label = text(x.name, 60);
	const act = (what) => () => post(of('schedules', x.name, what));
	const timed = x.schedule && x.state !== 'finished';
	return h('div', {class: 'acts'},
		x.state === 'broken' && !x.stale ? null : button('Run now', {act: act('run'), sure: 'Run it now?', kind: 'plain', id: 'run', label, off}),
		timed ? button(x.paused ? 'Resume' : 'Pause', {act: act(x.paused ? 'resume' : 'pause'), kind: 'plain', id: 'pause', label, off}) : null,
		timed && x.next && !x.skip_next && !x.paused ? button('Skip next', {act: act('skip'), kind: 'plain', id: 'skip', label, off}) : null);
}

function row(x) {
	const tags = states(x);
	return h('tr', {role: 'row'},
		lead(null, h('a', {href: `#/history/${encodeURIComponent(x.name)}`}, name(x.name)), tags.length ? h('span', {class: 'tags'}, tags) : null,
			h('p', {class: 'dim small'}, h('code', null, text(x.file, 200)), ' ', labels(x.labels)),
			x.message ? h('p', {class: 'broken'},
				h('b', null, x.stale ? 'The file is broken; its last good version goes on. ' : 'The file is broken. '), text(x.message, 600)) : null),
		cell('schedule', '', x.schedule ? h('span', {class: 'cron'}, text(x.schedule, 200)) : h('span', {class: 'dim'}, 'by hand alone')),
		cell('next', '', due(x)), cell('last', '', last(x)), cell('', 'does', actions(x)));
}

export function schedules(main) {
	const search = h('input', {type: 'search', 'aria-label': 'Filter by name, file or label', placeholder: 'Filter', 'data-act': 'filter', on: {input: filter}});
	const told = h('span', {class: 'dim small', role: 'status'}), body = h('tbody', {role: 'rowgroup'}), none = h('p', {class: 'calm'});
	const list = table('Schedules', [['Experiment'], ['Schedule'], ['Next'], ['Last'], [h('span', {class: 'vh'}, 'Actions')]], body);
	let asking = null, further = []; /* what the daemon found beyond those that the page knows */
	main.replaceChildren(h('h1', null, 'Schedules'), h('div', {class: 'row'}, search, told), list, none);

	function matches(x, words) {
		return words.every((w) => `${x.name} ${x.file} ${x.state} ${x.paused ? 'paused' : ''} ${Object.entries(x.labels ?? {}).map((l) => l.join('=')).join(' ')}`.toLowerCase().includes(w));
	}
	function filter() {
		further = [];
		show();
		clearTimeout(asking);
		const wanted = search.value.trim();
		if (!wanted || state.schedules.size >= state.total)
			return;
		asking = setTimeout(async () => {
			const got = await get('v1/schedules', {text: wanted, limit: MOST_ROWS}).catch(() => ({schedules: []}));
			if (search.value.trim() === wanted) {
				further = got.schedules.filter((x) => !state.schedules.has(x.name));
				show();
			}
		}, SETTLE_MS);
	}
	function show() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const all = [...[...state.schedules.values()].filter((x) => matches(x, words)), ...further]
			.sort((a, b) => Boolean(b.message) - Boolean(a.message) || (a.name < b.name ? -1 : 1));
		keyed(body, all.slice(0, MOST_ROWS), (x) => x.name, (x) => JSON.stringify([x, state.you?.role]), row);
		list.hidden = !all.length;
		none.textContent = all.length ? '' : words.length ? 'No schedule is called so.'
			: `No experiment yet: write one into ${state.status?.dir ?? 'the folder'}, and it appears here.`;
		const shown = Math.min(all.length, MOST_ROWS);
		told.textContent = shown < all.length || state.schedules.size < state.total ? `${count(shown, 'experiment')} of ${state.total.toLocaleString('en-GB')}: filter by name to see others`
			: words.length ? `${all.length} of ${state.total}` : count(all.length, 'experiment');
	}
	const calm = calmly(SETTLE_MS, show);
	calm();
	return {
		update(parts) {
			if (parts.has('schedules') || parts.has('you'))
				calm();
		},
		tick() {
			for (const e of main.querySelectorAll('[data-at]'))
				e.textContent = relative(Number(e.dataset.at));
		},
		close() {
			clearTimeout(asking);
		},
	};
}
