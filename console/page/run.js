/* One run: what it does, its faults, and a strip a probe. */
import {button} from './button.js';
import {now} from './clock.js';
import {drawAxis, drawFault, drawPhases, drawProbe} from './draw.js';
import {h, name, tag, text} from './dom.js';
import {of, post} from './api.js';
import {may} from './state.js';
import {coarse, instant, verdict} from './words.js';

const FAULT_STATES = {waiting: '', injected: 'fault', reverted: 'good', failed: 'bad'};
const REASONS = {schedule: 'by its schedule', 'catch-up': 'caught up', 'run-now': 'started by hand', 'game-day': 'of a game day'};
const MARKS = ['detected', 'acknowledged', 'mitigated', 'resolved'];

/* Seconds since it began, as the run tells them and gone on since. */
function second(run) {
	if (run.at_end)
		return run.series?.to ?? 0;
	if (run.heard && run.series)
		return run.series.to + Math.min(5, (performance.now() - run.heard) / 1000);
	const began = instant(run.since ?? run.at);
	return began === null ? 0 : Math.max(0, (now() - began) / 1000);
}

function canvas(kind, words) {
	return h('canvas', {class: kind, role: 'img', 'aria-label': text(words, 200)});
}

function lane(words, sub, drawn, value) {
	return h('div', {class: 'lane'}, h('div', {class: 'of'}, h('b', null, words), sub ? [' ', sub] : null), drawn, value);
}

function faultLane(f) {
	const drawn = canvas('fault-strip', `${f.name}: ${f.state}`), state = h('span', {class: 'val'}, tag(text(f.state, 20), FAULT_STATES[f.state] ?? ''));
	return {drawn, element: lane(name(f.name, 60), h('span', {class: 'dim'}, name(f.fault, 40)), drawn, state)};
}

/* "good", "bad", "unknown", and the latency beside it. */
function saw(p, signal) {
	if (!p)
		return ['waiting', ''];
	const kind = p.bad ? (signal ? 'off' : 'bad') : p.good ? (signal ? 'on' : 'good') : 'unknown';
	return [kind, p.latency_ms > 0 ? `${p.latency_ms < 10 ? p.latency_ms.toFixed(1) : Math.round(p.latency_ms)} ms` : ''];
}

function probeLane(p) {
	const drawn = canvas('probe-strip', `${p.name}`), state = h('span', {class: 'state'}), latency = h('span', {class: 'dim small'});
	const signal = p.role === 'signal';
	return {p, signal, drawn, said: 0, show(series) {
		const [kind, ms] = saw(series.last.get(p.name), signal);
		if (state.textContent !== kind) {
			state.textContent = kind;
			state.className = `state is-${kind}`;
		}
		latency.textContent = ms;
		if (performance.now() - this.said < 3000)
			return;
		this.said = performance.now();
		drawn.setAttribute('aria-label', text(`${p.name}: ${kind}${ms ? `, ${ms}` : ''}`, 200));
	}, element: lane(name(p.name, 60), signal ? h('span', {class: 'dim'}, 'signal') : null, drawn, h('span', {class: 'val'}, state, latency))};
}

function remark(run) {
	const words = h('input', {type: 'text', maxlength: 400, 'aria-label': 'Note', placeholder: 'What do you see?', 'data-act': 'note'});
	const by = h('input', {type: 'text', maxlength: 64, 'aria-label': 'Role', placeholder: 'as: on-call', 'data-act': 'by', size: 10});
	const common = () => by.value.trim() ? {by: by.value.trim()} : {};
	const said = h('span', {class: 'dim small', role: 'status'});
	const told = (what) => { said.textContent = `${what} is in the timeline`; };
	const send = async () => {
		if (!words.value.trim())
			return words.focus();
		await post(of('runs', run.key, 'note'), {...common(), note: words.value.trim()});
		words.value = '';
		told('the note');
	};
	words.addEventListener('keydown', (e) => { if (e.key === 'Enter') add.press(); });
	const add = button('Add note', {act: send, kind: 'plain', id: 'add-note'});
	return h('details', {class: 'remark'}, h('summary', null, 'Mark or note'), h('div', {class: 'row'},
		by, MARKS.map((what) => button(what, {kind: 'plain', act: () => post(of('runs', run.key, 'mark'), {what, ...common()}).then(() => told(what))}))),
		h('div', {class: 'row'}, words, add), said);
}

function heading(run) {
	if (run.at_end)
		return [tag(text(verdict(run)[0], 20), verdict(run)[1])];
	if (run.state === 'queued')
		return [tag('queued')];
	return [tag(text(run.phase || run.state, 30), run.state === 'ending' ? 'mid' : 'live')];
}

function subtitle(run, elapsed) {
	const parts = [];
	if (Array.isArray(run.repetition) && run.repetition[1] > 0)
		parts.push(run.repetition[0] ? `repetition ${run.repetition[0]} of ${run.repetition[1]}` : `placebo, then ${run.repetition[1]}`);
	if (run.state === 'queued' && !run.at_end)
		return [run.waits_for ? ['waits: ', name(run.waits_for)] : 'waits for its turn'];
	return [elapsed, parts.length ? ` · ${parts[0]}` : '', REASONS[run.reason] ? ` · ${REASONS[run.reason]}` : '',
		run.at_end && verdict(run)[2] ? ` · ${text(verdict(run)[2], 200)}` : ''];
}

function controls(run) {
	if (run.at_end)
		return run.run ? h('a', {href: of('history', run.run, 'report'), target: '_blank', rel: 'noopener'}, 'Report') : null;
	return button(run.state === 'queued' ? 'Drop' : 'Abort', {sure: run.state === 'queued' ? 'Drop it?' : 'Abort and revert?', kind: 'danger', id: 'abort',
		label: text(run.name, 60), act: () => post(of('runs', run.key, 'abort')), off: may('operator') ? null : 'aborting takes the role operator'});
}

/* What the card is made of; when this changes it is made anew. */
export function runSignature(run) {
	return JSON.stringify([run.name, run.state, run.phase, run.repetition, run.faults, run.probes, run.waits_for, run.verdict, run.run, run.at_end,
		may('operator'), may('responder'), Boolean(run.series)]);
}

/* alone: nothing on it is to be pressed. */
export function runCard(run, alone = false) {
	const elapsed = h('span', {class: 'elapsed'}), series = run.series, id = `run-${run.key}${run.at_end ? '-over' : ''}`;
	const faults = series && Array.isArray(run.faults) ? run.faults.slice(0, 8).map(faultLane) : [];
	const probes = series && Array.isArray(run.probes) ? run.probes.slice(0, 12).map(probeLane) : [];
	const phases = series && canvas('phase-strip', `phase: ${run.phase ?? ''}`), axis = series && h('canvas', {class: 'axis-strip', 'aria-hidden': 'true'});
	const card = h('article', {class: 'card run', 'aria-labelledby': id},
		h('div', {class: 'top'}, h('h3', {id}, name(run.name)), heading(run), alone ? null : h('div', {class: 'act'}, controls(run))),
		h('p', {class: 'dim small'}, subtitle(run, elapsed)),
		series ? h('div', {class: 'strips'}, faults.map((f) => f.element), probes.map((p) => p.element),
			lane('phase', null, phases, h('span', {class: 'val'})), lane('', null, axis, h('span', {class: 'val'}))) : null,
		!alone && !run.at_end && run.state === 'running' && may('responder') ? remark(run) : null);

	let drawn = -1;
	card.draw = () => {
		const at = second(run);
		elapsed.textContent = coarse(at);
		if (!series || Math.abs(at - drawn) < 0.2 || !card.isConnected)
			return;
		const span = {series, now: at, least: run.at_end ? 1 : 30};
		drawn = at;
		for (const p of probes) {
			p.show(series);
			drawProbe(p.drawn, span, p.p.name, p.signal);
		}
		faults.forEach((f, i) => drawFault(f.drawn, span, run.faults[i].name));
		drawPhases(phases, span);
		drawAxis(axis, span);
	};
	return card;
}
