/* Game days: the sessions that there were, and the days that could be held. One session is a view of its own (session.js). */
import {button} from './button.js';
import {h, keyed, name, section, text} from './dom.js';
import {post} from './api.js';
import {loadDays, may, state} from './state.js';
import {session} from './session.js';
import {paper} from './paper.js';
import {sessionTag} from './told.js';
import {count, instant, relative, when} from './words.js';

const MOST_SESSIONS = 100;
function progress(s) {
	if (s.state === 'over')
		return count(s.steps, 'step');
	return `step ${Math.min(s.step, s.steps)} of ${s.steps}${s.step_state ? `, ${text(s.step_state, 30)}` : ''}`;
}

function row(s) {
	const at = instant(s.at);
	return h('li', {class: 'entry'}, h('a', {href: `#/gamedays/${encodeURIComponent(s.id)}`}, name(s.name)), ' ', sessionTag(s), ' ', h('span', null, progress(s)),
		at === null ? null : h('p', {class: 'dim small'}, `${when(at)}, `, h('span', {'data-at': at}, relative(at)), ' · ', h('code', null, text(s.id, 80))));
}

function fileRow(f) {
	const begin = async () => {
		const {id} = await post('v1/gamedays', {name: f.name});
		location.hash = `#/gamedays/${encodeURIComponent(id)}`;
	};
	return h('li', {class: 'entry split'}, h('div', null, h('b', null, name(f.name)), ' ', h('span', {class: 'dim'}, count(f.steps, 'step')),
		h('p', {class: 'dim small'}, h('code', null, text(f.file, 200)))),
	button('Begin', {act: begin, sure: 'Begin it now?', kind: 'plain', id: 'begin', label: text(f.name, 60), off: may('operator') ? null : 'beginning a game day takes the role operator'}));
}

function list(main) {
	const sessions = h('ol', {class: 'list'}), files = h('ol', {class: 'list'}), none = h('p', {class: 'calm'}), nothing = h('p', {class: 'dim'}), more = h('p', {class: 'dim small'});
	main.replaceChildren(h('h1', null, 'Game days'), section('sessions', 'Sessions', none, sessions, more), section('days', 'Days that can be held', nothing, files));
	function show() {
		const all = state.days?.sessions ?? [], days = state.days?.files ?? [];
		keyed(sessions, all.slice(0, MOST_SESSIONS), (s) => s.id, (s) => JSON.stringify(s), row);
		keyed(files, days, (f) => f.name, (f) => JSON.stringify([f, may('operator')]), fileRow);
		none.textContent = all.length ? '' : 'No game day was held yet.';
		nothing.textContent = days.length ? '' : `No file of the kind GameDay: write one into ${state.status?.dir ?? 'the folder'}, and it appears here.`;
		more.textContent = all.length > MOST_SESSIONS ? `and ${all.length - MOST_SESSIONS} older ones` : '';
	}
	show();
	loadDays().catch(() => {}); /* the stream tells that the daemon is gone */
	return {
		update(parts) {
			if (parts.has('days') || parts.has('you'))
				show();
			if (parts.has('schedules'))
				loadDays().catch(() => {});
		},
		tick() {
			for (const e of main.querySelectorAll('[data-at]'))
				e.textContent = relative(Number(e.dataset.at));
		},
	};
}

/* '', ID, ID/responder, ID/report, ID/postmortem */
export function gamedays(main, argument) {
	const [id, what] = argument.split('/');
	if (!id)
		return list(main);
	return what === 'report' || what === 'postmortem' ? paper(main, id, what) : session(main, id, what === 'responder' ? 'responder' : null);
}
