/* What the page knows. Everything in it is bounded; who shows a part of it is told when that part changed. */
import {get} from './api.js';
import {now} from './clock.js';
import {takeLive} from './live.js';
import {Series} from './series.js';
import {instant, verdict} from './words.js';

const MOST_SCHEDULES = 1000; /* as many as one request gives */
const MOST_RUNS = 500;
const MOST_SERIES = 24;  /* runs whose strips are kept */
const MOST_ENDED = 6;
const MOST_LINES = 100;
const AGAIN_MS = 500;

export const state = {
	you: null,      /* {who, role} */
	status: null,
	schedules: new Map(),
	total: 0,       /* how many there are, those beyond MOST_SCHEDULES too */
	runs: new Map(),
	ended: [],      /* the last runs that ended while we looked on, newest first */
	lines: [],      /* {at, what, words}: what happened, newest first */
	days: null,     /* {sessions, files}: game days */
	calendar: null, /* {from, to, runs, truncated} */
	old: 0,         /* counts what makes the calendar and the history stale */
	link: 'connecting',
};

const listeners = new Set();
const dirty = new Set();
let asked = false;

/* call({part...}) at most once a frame, and not while nobody looks. */
export function listen(call) {
	listeners.add(call);
	return () => listeners.delete(call);
}

export function changed(...parts) {
	for (const part of parts)
		dirty.add(part);
	if (asked)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		const parts = new Set(dirty);
		dirty.clear();
		for (const call of listeners)
			call(parts);
	});
}

/* call at once, but not again within so many ms: what came meanwhile is one call at their end. */
export function calmly(ms, call) {
	let timer = null, more = false;
	return function calm() {
		if (timer !== null) {
			more = true;
			return;
		}
		call();
		timer = setTimeout(() => {
			timer = null;
			if (more) {
				more = false;
				calm();
			}
		}, ms);
	};
}

export const may = (role) => {
	const order = ['viewer', 'responder', 'operator'];
	return order.indexOf(state.you?.role) >= order.indexOf(role);
};

function tell(what, words) {
	state.lines.unshift({at: now(), what, words});
	if (state.lines.length > MOST_LINES)
		state.lines.pop();
	changed('lines');
}

/* How many run and wait: younger than the status, which is asked for now and then. */
export function counts() {
	if (state.runs.size >= MOST_RUNS)
		return {running: state.status?.running ?? 0, queued: state.status?.queued ?? 0};
	const queued = [...state.runs.values()].filter((r) => r.state === 'queued').length;
	return {running: state.runs.size - queued, queued};
}

/* ---- runs */

/* The second of the run that is now, as told last and gone on since. */
function second(run) {
	if (run.heard)
		return run.series.to + (performance.now() - run.heard) / 1000;
	const began = instant(run.since ?? run.at);
	return began === null ? 0 : Math.max(0, (now() - began) / 1000);
}

function note(run, t) {
	if (run.phase)
		run.series.phase(t, run.phase);
	for (const f of Array.isArray(run.faults) ? run.faults : [])
		run.series.fault(t, f.name, f.state);
}

function putRun(data) {
	let run = state.runs.get(data.key);
	if (!run) {
		if (state.runs.size >= MOST_RUNS)
			return null;
		run = {key: data.key, series: null, heard: 0};
		state.runs.set(data.key, run);
	}
	for (const [name, value] of Object.entries(data))
		if (name !== 'series' && name !== 'heard')
			run[name] = value;
	if (run.state !== 'queued' && !run.series && [...state.runs.values()].filter((r) => r.series).length < MOST_SERIES)
		run.series = new Series();
	if (run.series)
		note(run, Number.isFinite(data.t) ? data.t : second(run));
	changed('runs');
	return run;
}

function strip(data) {
	const run = state.runs.get(data.key);
	if (!run?.series)
		return;
	run.series.add(data.t, Array.isArray(data.probes) ? data.probes : []);
	run.heard = performance.now();
	changed('strips');
}

function ended(data) {
	const run = state.runs.get(data.key);
	state.runs.delete(data.key);
	state.ended = [{...run, ...data, series: run?.series ?? null, at_end: now()}, ...state.ended].slice(0, MOST_ENDED);
	state.old++;
	changed('runs', 'ended', 'history');
	tell('ended', [data.name, data.verdict || verdict(data)[0]]);
}

/* ---- events */

function putSchedule(data) {
	if (!state.schedules.has(data.name)) {
		if (state.schedules.size >= MOST_SCHEDULES)
			return; /* it may be one of those that we never heard of */
		state.total++;
	}
	state.schedules.set(data.name, data);
}

export async function loadDays() {
	state.days = await get('v1/gamedays');
	changed('days');
}

const daysSoon = calmly(AGAIN_MS, () => loadDays().catch(() => {}));

let again = null; /* a file that is broken has no schedule of which an event could tell */

async function loadSchedules() {
	const {schedules, total} = await get('v1/schedules', {limit: MOST_SCHEDULES});
	state.schedules.clear();
	state.total = 0;
	for (const one of schedules)
		putSchedule(one);
	state.total = total ?? schedules.length;
	state.old++;
	changed('schedules', 'calendar');
}

const on = {
	schedule(data) {
		putSchedule(data);
		state.old++;
		changed('schedules', 'calendar');
	},
	removed(data) {
		if (state.schedules.delete(data.name))
			state.total--;
		state.old++;
		tell('removed', [data.name, 'its file is gone']);
		changed('schedules', 'calendar');
	},
	store(data) {
		tell('file', [data.file, data.message ? `${data.line ? `line ${data.line}: ` : ''}${data.message}` : 'mended']);
		again ??= setTimeout(() => { again = null; loadSchedules().catch(() => {}); }, AGAIN_MS);
	},
	dispatched(data) {
		putRun({state: 'running', ...data});
		tell('started', [data.name, data.reason]);
	},
	queued(data) {
		putRun({state: 'queued', ...data});
		tell('queued', [data.name, data.waits_for || '']);
	},
	skipped(data) {
		tell('skipped', [data.name, data.reason]);
		state.old++;
		changed('calendar');
	},
	phase(data) {
		putRun(data);
	},
	strip,
	ended,
	interrupted(data) {
		ended({verdict: 'interrupted', ...data});
	},
	mark(data) {
		tell('mark', [data.name || data.run, [data.what, data.by && `by ${data.by}`, data.note].filter(Boolean).join(', ')]);
	},
	note(data) {
		tell('note', [data.name || data.run, data.note || data.text || '']);
	},
	halt(data) {
		state.status = {...state.status, halted: true, halted_by: data.who, halted_since: data.since || new Date(now()).toISOString()};
		tell('halted', [data.who || '', 'everything is reverted, nothing starts']);
		changed('status');
	},
	resume(data) {
		state.status = {...state.status, halted: false, halted_by: null, halted_since: null};
		tell('resumed', [data.who || '', 'runs start again']);
		changed('status');
	},
	/* A line of a session: who shows it asks for what he may see of it. */
	gameday(data) {
		if (data.live !== undefined) {
			takeLive(data.id, data.live);
			return changed('strips');
		}
		changed('gameday');
		daysSoon();
	},
	clock(data) {
		tell('clock', ['', `the machine's clock stepped by ${(data.step_ns / 1e9).toFixed(3)} s`]);
	},
};

export function take(type, data) {
	if (Object.hasOwn(on, type) && data && typeof data === 'object')
		on[type](data);
}

/* ---- everything anew. Whoever reads the stream waits for it, so that what happened since is told after it. */

export async function load() {
	const [you, status, runs] = await Promise.all([get('v1/session'), get('v1/status'), get('v1/runs'), loadSchedules(), loadDays()]);
	state.you = you;
	state.status = status;
	const here = new Set(runs.runs.map((r) => r.key));
	for (const key of [...state.runs.keys()])
		if (!here.has(key))
			state.runs.delete(key);
	for (const one of runs.runs)
		putRun(one);
	changed('status', 'runs', 'history', 'you', 'gameday');
}

/* The figures that no event tells: how late, how many. */
export async function refreshStatus() {
	const halted = state.status?.halted;
	const status = await get('v1/status');
	if (halted === state.status?.halted)
		state.status = status;
	changed('status');
}
