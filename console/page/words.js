/* Numbers and instants as people read them. Figures are told as the reports tell them. */
import {now} from './clock.js';

const SECOND = 1e9;

/* "502 ms", "5.66 s", "2 min 5 s", "3 h 20 min", "4 d 6 h" of nanoseconds. */
export function duration(ns) {
	const all = Math.abs(ns);
	if (all < 1e6)
		return `${Math.round(all / 1e3)} µs`;
	if (all < SECOND)
		return `${Math.round(all / 1e6)} ms`;
	if (all < 10 * SECOND)
		return `${(all / SECOND).toFixed(2)} s`;
	if (all < 60 * SECOND)
		return `${(all / SECOND).toFixed(1)} s`;
	return coarse(all / SECOND);
}

/* Whole units, two of them: what a clock on the page shows. */
export function coarse(seconds) {
	const all = Math.max(0, Math.floor(seconds));
	if (all < 60)
		return `${all} s`;
	if (all < 3600)
		return all % 60 ? `${Math.floor(all / 60)} min ${all % 60} s` : `${all / 60} min`;
	if (all < 86400)
		return all % 3600 < 60 ? `${Math.floor(all / 3600)} h` : `${Math.floor(all / 3600)} h ${Math.floor(all % 3600 / 60)} min`;
	return all % 86400 < 3600 ? `${Math.floor(all / 86400)} d` : `${Math.floor(all / 86400)} d ${Math.floor(all % 86400 / 3600)} h`;
}

/* "in 5 min", "12 s ago" of an instant in ms; what is further away changes less often. */
export function relative(ms) {
	const seconds = (ms - now()) / 1000, all = Math.ceil(Math.abs(seconds));
	if (Math.abs(seconds) < 1)
		return 'now';
	const words = coarse(all < 120 ? all : Math.round(all / 60) * 60);
	return seconds > 0 ? `in ${words}` : `${words} ago`;
}

/* ---- instants in a zone: 'local' is the browser's */

export const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const formats = new Map();

function format(kind, zone, options) {
	const key = kind + zone;
	if (!formats.has(key)) {
		try {
			formats.set(key, new Intl.DateTimeFormat('en-GB', {timeZone: zone, hourCycle: 'h23', ...options}));
		} catch {
			formats.set(key, null); /* a zone that the browser does not know */
		}
	}
	return formats.get(key);
}

export function time(ms, zone = LOCAL) {
	return format('time', zone, {hour: '2-digit', minute: '2-digit'})?.format(ms) ?? '';
}

export function clock(ms, zone = LOCAL) {
	return format('clock', zone, {hour: '2-digit', minute: '2-digit', second: '2-digit'})?.format(ms) ?? '';
}

/* "Mon 23 November" */
export function day(ms, zone = LOCAL) {
	return format('day', zone, {weekday: 'short', day: 'numeric', month: 'long'})?.format(ms).replace(',', '') ?? '';
}

/* "Mon 23 Nov, 10:00" */
export function when(ms, zone = LOCAL) {
	return format('when', zone, {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'})?.format(ms) ?? '';
}

/* "2026-11-23": sorts, and tells days apart. */
export function date(ms, zone = LOCAL) {
	const parts = Object.fromEntries((format('date', zone, {year: 'numeric', month: '2-digit', day: '2-digit'})?.formatToParts(ms) ?? [])
		.map((p) => [p.type, p.value]));
	return `${parts.year}-${parts.month}-${parts.day}`;
}

export function hour(ms, zone = LOCAL) {
	return Number(time(ms, zone).slice(0, 2));
}

/* "UTC+1" of a zone at an instant. */
export function offset(ms, zone = LOCAL) {
	const name = format('offset', zone, {timeZoneName: 'shortOffset'})?.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? '';
	return name.replace('GMT', 'UTC');
}

export function knownZone(zone) {
	return Boolean(zone && format('time', zone, {hour: '2-digit', minute: '2-digit'}));
}

export function instant(value) {
	const ms = Date.parse(value);
	return Number.isFinite(ms) ? ms : null;
}

export function count(n, one, many = one + 's') {
	return `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;
}

/* ---- verdicts: the word of an exit code, and its colour */

export const VERDICTS = {passed: 'good', failed: 'bad', refused: 'mid', aborted: 'mid', unsteady: 'mid', inconclusive: 'mid', error: 'bad',
	interrupted: 'mid', skipped: ''};
const EXITS = ['passed', 'failed', 'refused', 'aborted', 'unsteady', 'inconclusive', 'error'];

/* [word, colour, sentence] of {verdict, exit}: a verdict may be a word, or a word, a colon and why. */
export function verdict({verdict: said, exit}) {
	const [first, ...rest] = String(said ?? '').split(':');
	const word = Object.hasOwn(VERDICTS, first) ? first : EXITS[exit] ?? (first || 'ended');
	return [word, VERDICTS[word] ?? '', first === word ? rest.join(':').trim() : String(said ?? '')];
}
