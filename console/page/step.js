/* One step of a game day, as a card: what is expected, what is done as far as one may know, the checks, and what came of it. */
import {h, name, tag, text} from './dom.js';
import {resultTag} from './told.js';
import {of} from './api.js';

const STATES = {planned: '', checks: 'mid', ready: 'live', held: 'mid', running: 'fault', returning: 'mid', done: 'good', aborted: 'bad', skipped: '', interrupted: 'bad'};

export const stateTag = (state) => tag(text(state, 20), STATES[state] ?? '');

function fact(term, ...what) {
	return what.flat().some(Boolean) ? [h('dt', null, term), h('dd', null, what)] : null;
}

function facts(s) {
	const e = s.expect ?? {}, faults = (Array.isArray(s.faults) ? s.faults : []).slice(0, 8);
	const rows = [fact('Experiment', s.experiment && name(s.experiment)), fact('Faults', faults.map((f) => h('div', null, text(f, 300)))),
		fact('Expected impact', e.impact && text(e.impact, 400)), fact('Expected response', e.response && text(e.response, 400)),
		fact('To be detected', e.detect_within && `within ${text(e.detect_within, 30)}`), fact('To be recovered', e.recover_within && `within ${text(e.recover_within, 30)}`),
		fact('Taken back by hand', s.rollback && text(s.rollback, 400))].filter(Boolean);
	return rows.length ? h('dl', {class: 'kv'}, rows) : null;
}

function checks(s) {
	const all = (Array.isArray(s.checks) ? s.checks : []).filter((c) => c.result && (c.result !== 'unknown' || s.now)).slice(0, 20);
	return all.length ? h('ul', {class: 'checks', 'aria-label': `Checks of step ${s.n}`}, all.map((c) => h('li', null, resultTag(c.result),
		h('span', null, h('b', null, text(c.check, 30)), c.text ? `: ${text(c.text, 400)}` : '')))) : null;
}

export function failed(s) {
	return (Array.isArray(s?.checks) ? s.checks : []).some((c) => c.result === 'fail');
}

export const stepSignature = (s) => JSON.stringify([s.name, s.hidden, s.revealed, s.state, s.experiment, s.faults, s.expect, s.checks, s.rollback, s.run, s.verdict, s.now]);

/* s.now: it is the current step; s.knows: who looks is told of what is hidden. */
export function stepCard(s) {
	const id = `step-${s.n}`, unknown = s.hidden && !s.revealed && !s.experiment && !s.faults;
	const over = ['done', 'aborted', 'interrupted', 'skipped'].includes(s.state), rest = [facts(s), checks(s)].filter(Boolean);
	return h('li', {class: `card step${s.now ? ' is-now' : ''}`, 'aria-current': s.now ? 'step' : null},
		h('div', {class: 'top'}, h('h3', {id}, `${s.n}. `, name(s.name)), stateTag(s.state), s.hidden ? tag(s.revealed ? 'was hidden' : 'hidden', 'fault') : null),
		unknown ? h('p', {class: 'dim'}, 'What is done is hidden until it is revealed.') : null,
		!unknown && s.hidden && !s.revealed ? h('p', {class: 'dim small'}, 'Responders see its title, and that it is hidden.') : null,
		s.verdict ? h('p', null, h('b', null, text(s.verdict, 400)), over && s.run ? [' · ', h('a', {href: of('history', s.run, 'report'), target: '_blank', rel: 'noopener'}, 'Report of the run')] : null) : null,
		over && rest.length ? h('details', null, h('summary', null, 'What was expected, and the checks'), h('div', null, rest)) : rest);
}
