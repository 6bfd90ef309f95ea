/* The first page: does something run, is something halted, what comes next, what happened. */
import {h, keyed, name, section, tag, text} from './dom.js';
import {calmly, counts, state} from './state.js';
import {runCard, runSignature} from './run.js';
import {upcoming} from './calendar.js';
import {clock, count, duration, instant, relative, when} from './words.js';

const MOST_CARDS = 24;
const MOST_LINES = 40;
const NEXT = 6;
const MOST_DAYS = 4;
const SETTLE_MS = 200; /* a thousand starts a second must not make as many cards */
const KINDS = {halted: 'bad', resumed: 'good', started: 'live', skipped: 'mid', file: 'mid'};

function tile(label) {
	const big = h('div', {class: 'big'}), sub = h('div', {class: 'sub'});
	return {element: h('div', null, h('dt', null, label), h('dd', null, big, sub)), set(a, b) {
		if (big.textContent !== a)
			big.textContent = a;
		if (sub.textContent !== b)
			sub.textContent = b;
	}};
}

function line(l) {
	const [who, what] = l.words;
	return h('li', null, h('time', {class: 'dim', datetime: new Date(l.at).toISOString()}, clock(l.at)), ' ', tag(l.what, KINDS[l.what] ?? ''), ' ',
		who ? h('b', null, name(who)) : null, who && what ? ' ' : null, what ? name(what, 300) : null);
}

function next(run) {
	const at = instant(run.at);
	return h('li', null, h('span', {class: 'nb'}, when(at)), ' ', h('b', null, name(run.name)), ' ', h('span', {class: 'dim', 'data-at': at}, relative(at)));
}

export function now(main) {
	const tiles = {runs: tile('Running'), next: tile('Next'), schedules: tile('Schedules'), late: tile('Started late by')};
	const cards = h('div', {class: 'cards'}), calm = h('p', {class: 'calm'}), more = h('p', {class: 'dim small'});
	const over = h('div', {class: 'cards'}), overSection = section('over', 'Just ended', over);
	const list = h('ol', {class: 'list'}), lines = h('ol', {class: 'list'}), nothing = h('p', {class: 'dim'}, 'Nothing since this page was opened.');
	const held = h('div', null);
	const warning = h('p', {class: 'warnings', role: 'status', hidden: true});
	main.replaceChildren(h('h1', null, 'Now'), warning, h('dl', {class: 'tiles'}, Object.values(tiles).map((t) => t.element)),
		held, section('running', 'Running', cards, more, calm), overSection,
		h('div', {class: 'halves'}, section('next', 'Next', list, h('p', null, h('a', {href: '#/calendar'}, 'Calendar'))), section('log', 'What happened', nothing, lines)));

	function status() {
		const {running, queued} = counts(), {schedules, broken, lateness_ns: late, journal_failing: failing, stopping} = state.status ?? {};
		if (!state.status)
			return;
		warning.hidden = !failing && !stopping;
		warning.textContent = failing ? 'The journal cannot be written: nothing is started until it can.' : 'The daemon is shutting down: it ends what runs and starts nothing.';
		const paused = [...state.schedules.values()].filter((x) => x.paused).length;
		tiles.runs.set(String(running), queued ? `${queued} queued` : 'none queued');
		tiles.schedules.set(schedules.toLocaleString('en-GB'),
			[broken && `${broken} broken`, paused && `${paused} paused`].filter(Boolean).join(', ') || 'all well');
		tiles.late.set(late?.n ? duration(late.p99 ?? late.max) : '–', late?.n ? `p99 of ${late.n.toLocaleString('en-GB')}; longest ${duration(late.max)}` : 'nothing was started yet');
	}
	function runs() {
		const all = [...state.runs.values()].sort((a, b) => (a.state === 'queued') - (b.state === 'queued'));
		keyed(cards, all.slice(0, MOST_CARDS), (r) => r.key, runSignature, runCard);
		keyed(over, state.ended, (r) => r.key, runSignature, runCard);
		more.textContent = all.length > MOST_CARDS ? `and ${count(all.length - MOST_CARDS, 'more run')} that ${all.length - MOST_CARDS === 1 ? 'is' : 'are'} not shown` : '';
		calm.textContent = all.length ? '' : state.status?.halted ? 'Nothing runs, and nothing starts until it is resumed.' : 'Nothing runs.';
		overSection.hidden = !state.ended.length;
		for (const card of [...over.children])
			card.draw();
	}
	function coming() {
		const known = upcoming(), soon = (known ?? []).slice(0, NEXT), first = instant(soon[0]?.at);
		keyed(list, soon, (r) => `${r.at} ${r.name}`, (r) => r.at, next);
		if (!soon.length)
			list.replaceChildren(h('li', {class: 'dim', 'data-key': 'none'}, known ? 'Nothing is due in the next seven days.' : 'loading'));
		tiles.next.set(first === null ? '–' : relative(first), soon.length ? name(soon[0].name, 40).textContent : 'nothing is due');
	}
	function gameDays() {
		keyed(held, (state.days?.sessions ?? []).filter((s) => s.state === 'held').slice(0, MOST_DAYS), (s) => s.id, (s) => JSON.stringify(s), (s) => h('p', {class: 'card day-now'},
			tag('game day', 'live'), ' ', h('a', {href: `#/gamedays/${encodeURIComponent(s.id)}`}, name(s.name)), ` is at step ${s.step} of ${s.steps}, ${text(s.step_state, 20)}`));
	}
	function happened() {
		nothing.hidden = state.lines.length > 0;
		keyed(lines, state.lines.slice(0, MOST_LINES), (l) => `${l.at} ${l.what} ${l.words[0]}`, () => '', line);
	}
	function draw() {
		for (const card of cards.children)
			card.draw();
	}

	status();
	runs();
	coming();
	gameDays();
	happened();
	draw();
	const paced = {runs: calmly(SETTLE_MS, runs), lines: calmly(SETTLE_MS, happened)};
	return {
		update(parts) {
			if (parts.has('status') || parts.has('schedules') || parts.has('runs'))
				status();
			if (parts.has('runs') || parts.has('ended') || parts.has('you') || parts.has('status'))
				paced.runs();
			if (parts.has('calendar loaded'))
				coming();
			if (parts.has('days'))
				gameDays();
			if (parts.has('lines'))
				paced.lines();
			if (parts.has('strips') || parts.has('runs'))
				draw();
		},
		tick() {
			coming();
			draw();
			for (const e of main.querySelectorAll('[data-at]'))
				e.textContent = relative(Number(e.dataset.at));
		},
	};
}
