/* What would run when: a grid of a week, and the same as an agenda. */
import {changed, state} from './state.js';
import {cell, h, keyed, name, section, text} from './dom.js';
import {get} from './api.js';
import {now} from './clock.js';
import {count, date, day, hour, instant, knownZone, LOCAL, offset, time} from './words.js';

const DAY_MS = 86400000;
const MOST = 2000;         /* entries that are asked for */
const MOST_A_DAY = 100;    /* rows of the agenda */
const IN_CELL = 2;
const STALE_MS = 60000;
const BRISK_MS = 2000;    /* however often something changes */

let loaded = {old: -1, at: 0, from: 0}, loading = false;

/* The calendar of the week from `from` (ms) on, again where something has changed since or it is a minute old. */
export async function loadCalendar(from = now()) {
	const same = Math.abs(from - loaded.from) < DAY_MS / 2, age = performance.now() - loaded.at;
	if (loading || (same && age < (loaded.old === state.old ? STALE_MS : BRISK_MS)))
		return;
	loading = true;
	loaded = {old: state.old, at: performance.now(), from};
	try {
		const to = from + 7 * DAY_MS, got = await get('v1/calendar', {from: new Date(from).toISOString(), to: new Date(to).toISOString(), max: MOST});
		state.calendar = {from, to, runs: got.runs.slice(0, MOST), truncated: got.truncated || got.runs.length > MOST};
		changed('calendar loaded');
	} catch {
		loaded.old = -1; /* the stream tells that the daemon is gone */
	} finally {
		loading = false;
	}
}

/* What comes next, soonest first; null where that is not known yet. */
export function upcoming() {
	const from = now();
	return state.calendar && state.calendar.from < from + DAY_MS / 2 ? state.calendar.runs.filter((r) => instant(r.at) >= from) : null;
}

/* Runs of one name within an hour are one entry: {first, last, n, run}. */
function grouped(runs, zone) {
	const groups = new Map();
	for (const run of runs) {
		const at = instant(run.at);
		if (at === null)
			continue;
		const key = `${date(at, zone)} ${hour(at, zone)} ${run.name}`, group = groups.get(key);
		if (group) {
			group.last = at;
			group.n++;
		} else {
			groups.set(key, {first: at, last: at, n: 1, run, day: date(at, zone), hour: hour(at, zone)});
		}
	}
	return [...groups.values()];
}

/* The time in the zone of the schedule, where that is another time. */
function own(group, zone) {
	const theirs = group.run.timezone;
	if (!theirs)
		return null;
	if (!knownZone(theirs))
		return ['its zone: ', name(theirs, 40)];
	if (offset(group.first, theirs) === offset(group.first, zone))
		return theirs === zone ? null : name(theirs, 40);
	return [time(group.first, theirs), ' ', name(theirs, 40)];
}

function row(group, zone) {
	const {run} = group, theirs = own(group, zone);
	return h('li', null, h('span', {class: 'at'}, time(group.first, zone), group.n > 1 ? `–${time(group.last, zone)}` : ''),
		h('span', {class: 'what'}, h('b', null, name(run.name)), group.n > 1 ? h('span', {class: 'tag'}, `${group.n} times`) : null,
			run.chosen ? h('span', {class: 'dim'}, ' → ', name(run.chosen)) : null),
		theirs ? h('span', {class: 'dim small zone'}, theirs) : null);
}

function days(from, zone) {
	const list = [];
	for (let i = 0; i < 7; i++) {
		const ms = from + i * DAY_MS, key = date(ms, zone);
		if (!list.some((d) => d.key === key))
			list.push({key, ms});
	}
	return list;
}

function gridCell(groups, d, zone) {
	const n = groups.reduce((sum, g) => sum + g.n, 0);
	return cell(day(d.ms, zone), groups.length ? 'some' : 'none', groups.slice(0, IN_CELL).map((g) => h('a', {class: 'chip broad', href: `#/calendar/${d.key}`},
		g.n > 1 ? `${g.n} × ` : time(g.first, zone).endsWith(':00') ? '' : `${time(g.first, zone).slice(2)} `, name(g.run.name, 30))),
	groups.length > IN_CELL ? h('span', {class: 'dim small broad'}, `+${groups.length - IN_CELL} more`) : null,
	groups.length ? h('a', {class: 'dot slim', href: `#/calendar/${d.key}`, 'aria-label': `${count(n, 'run')}, ${day(d.ms, zone)}`}, String(n)) : null);
}

/* Hours in which nothing is due all week are one row together. */
function* stretches(used) {
	for (let from = 0, to; from < 24; from = to) {
		to = from + 1;
		if (!used.has(from))
			while (to < 24 && !used.has(to))
				to++;
		yield [from, to, used.has(from)];
	}
}

function grid(groups, list, zone) {
	const two = (n) => String(n).padStart(2, '0'), used = new Set(groups.map((g) => g.hour));
	const body = h('tbody', null, [...stretches(used)].map(([from, to, some]) => h('tr', {class: some ? null : 'quiet'},
		h('th', {scope: 'row'}, `${two(from)}:00`, to - from > 1 ? h('span', {class: 'broad'}, `–${two(to % 24)}:00`) : null),
		list.map((d) => gridCell(some ? groups.filter((g) => g.hour === from && g.day === d.key) : [], d, zone)))));
	return h('div', {class: 'scroll', role: 'group', tabindex: 0, 'aria-label': 'The week by hours'}, h('table', {class: 'week'},
		h('caption', {class: 'vh'}, 'The week by hours'),
		h('thead', null, h('tr', null, h('th', {scope: 'col'}, h('span', {class: 'vh'}, 'Hour')),
			list.map((d) => h('th', {scope: 'col', class: d.key === date(now(), zone) ? 'today' : null},
				h('span', {class: 'broad'}, day(d.ms, zone)), h('span', {class: 'slim'}, day(d.ms, zone).slice(0, 3)))))), body));
}

function agendaDay(d, groups, zone) {
	const mine = groups.filter((g) => g.day === d.key), left = mine.length - MOST_A_DAY;
	return h('div', {class: 'day', id: `day-${d.key}`}, h('h3', null, day(d.ms, zone), d.key === date(now(), zone) ? h('span', {class: 'dim'}, ' today') : null),
		mine.length ? h('ol', {class: 'list agenda'}, mine.slice(0, MOST_A_DAY).map((g) => row(g, zone))) : h('p', {class: 'dim'}, 'nothing is due'),
		left > 0 ? h('p', {class: 'dim small'}, `and ${left} more`) : null);
}

export function calendar(main, at) {
	let week = 0, zone = LOCAL, drawn = '';
	const said = h('p', {class: 'dim'}), cut = h('p', {class: 'blank'}), agenda = h('div', null), place = h('div', null);
	const step = (by) => h('button', {type: 'button', class: 'plain', on: {click: () => {
		week = by ? Math.max(0, week + by) : 0;
		loadCalendar(from());
	}}}, by < 0 ? '← Earlier' : by ? 'Later →' : 'This week');
	const zones = h('select', {'aria-label': 'Zone of the times', on: {change: (e) => { zone = e.target.value; show(true); }}},
		[...new Set([LOCAL, 'UTC'])].map((z) => h('option', {value: z}, z === LOCAL ? `your zone, ${z}` : z)));
	main.replaceChildren(h('h1', null, 'Calendar'), h('div', {class: 'row'}, step(-1), step(0), step(1), zones), said, cut,
		section('week', 'Week', place), section('agenda', 'Agenda', agenda));

	function from() {
		return week ? Date.parse(`${date(now())}T00:00`) + week * 7 * DAY_MS : now();
	}
	function show(force) {
		const c = state.calendar, signature = c && JSON.stringify([date(c.from), zone, c.runs, c.truncated]);
		if (!c || (!force && signature === drawn))
			return;
		drawn = signature;
		const list = days(c.from, zone), groups = grouped(c.runs, zone), last = instant(c.runs.at(-1)?.at);
		const others = [...new Set(c.runs.map((r) => r.timezone).filter((z) => z && z !== zone))];
		said.replaceChildren(`Times are those of ${zone} (${offset(c.from, zone)}${zone === LOCAL ? ', your zone' : ''}). `,
			others.length ? 'Where a schedule has another zone its own time stands beside it.' : '');
		cut.hidden = !c.truncated;
		cut.textContent = c.truncated && last !== null ? `There is more than can be shown: this ends on ${day(last, zone)} at ${time(last, zone)}.` : '';
		place.replaceChildren(grid(groups, list, zone));
		keyed(agenda, list, (d) => d.key, (d) => text(JSON.stringify([zone, groups.filter((g) => g.day === d.key)]), 1e6), (d) => agendaDay(d, groups, zone));
		if (at) {
			document.getElementById(`day-${at}`)?.scrollIntoView();
			at = null;
		}
	}
	show(true);
	loadCalendar(from());
	return {
		update(parts) {
			if (parts.has('calendar'))
				loadCalendar(from());
			if (parts.has('calendar loaded'))
				show(false);
		},
		tick() {
			loadCalendar(from());
		},
	};
}
