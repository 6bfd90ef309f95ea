/*
 * The big button. Halting is the safe direction, so it asks once, in place, and takes the answer at once: two clicks, or Shift+H
 * twice. The first must not halt by itself: whoever types "Hello" into the wrong window has pressed Shift+H.
 */
import {button} from './button.js';
import {now as there} from './clock.js';
import {h, name} from './dom.js';
import {post} from './api.js';
import {state, listen, may, changed} from './state.js';
import {instant, clock, coarse, date} from './words.js';

let halting = null, shown = '';

export function haltKey() {
	halting?.press();
}

async function halt() {
	await post('v1/halt');
	/* The event says who; what must not wait for it is that it is so. */
	state.status = {...state.status, halted: true, halted_since: state.status?.halted_since ?? new Date(there()).toISOString()};
	changed('status');
}

async function resume() {
	await post('v1/resume');
	state.status = {...state.status, halted: false, halted_since: null, halted_by: null};
	changed('status');
}

function since(ms) {
	return ms === null ? '' : `since ${date(ms) === date(there()) ? clock(ms) : `${date(ms)} ${clock(ms)}`}`;
}

/* Made anew only when what it says has changed, so that it keeps the focus. */
function show() {
	const {halted, halted_since, halted_by} = state.status ?? {}, ms = instant(halted_since);
	const now = JSON.stringify([halted, halted_since, halted_by, state.you?.role]);
	if (now === shown || !state.status)
		return;
	shown = now;
	const place = document.getElementById('halt'), bar = document.getElementById('halted');
	const no = may('responder') ? null : `halting takes the role responder, you are ${state.you?.role ?? 'unknown'}`;
	halting = button('HALT', {act: halt, sure: 'Halt now?', kind: 'halt', id: 'halt', off: no});
	place.replaceChildren(halted ? h('span', {class: 'tag t-bad'}, 'halted') : halting);
	if (halted)
		halting = null;
	document.body.classList.toggle('is-halted', Boolean(halted));
	bar.replaceChildren(...halted ? [h('div', {role: 'alert'},
		h('p', null, h('b', null, 'Halted'), ' ', since(ms), ' ',
			ms === null ? null : h('span', {'data-since': ms}), halted_by ? [' by ', name(halted_by)] : null, h('br'),
			'Every fault is taken back and nothing starts.'),
		button('Resume', {act: resume, sure: 'Resume now?', kind: 'plain', id: 'resume',
			off: may('operator') ? null : 'resuming takes the role operator'}))] : []);
	tick();
}

export function tick() {
	for (const e of document.querySelectorAll('#halted [data-since]'))
		e.textContent = `(${coarse((there() - Number(e.dataset.since)) / 1000)})`;
}

export function startHalt() {
	listen((parts) => {
		if (parts.has('status') || parts.has('you'))
			show();
	});
}
