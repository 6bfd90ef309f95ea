/* The lines of a session, in words: those that `ordeal gameday watch` has. */
import {h, name, tag, text} from './dom.js';
import {clock, instant} from './words.js';

const WORDS = {
	session: ['begun', 'live'], checks: ['checks', ''], check: ['', ''], ready: ['ready', 'live'], go: ['go', 'fault'], hold: ['held', 'mid'], skip: ['skipped', 'mid'],
	run: ['running', 'fault'], phase: ['phase', ''], abort: ['abort', 'bad'], ended: ['ended', ''], steady: ['', ''], left: ['not waited for', 'mid'],
	interrupted: ['interrupted', 'bad'], resumed: ['resumed', 'live'], reveal: ['revealed', 'fault'], note: ['note', ''], mark: ['mark', 'sig'], end: ['over', ''],
};
const HELD = {held: ['is held', 'live'], left: ['left', 'mid'], over: ['over', '']};
const RESULTS = {pass: 'good', fail: 'bad', cannot: 'mid'};

/* The words and the colour of a session as a whole. */
export function sessionTag(s) {
	const [words, kind] = HELD[s.state] ?? [text(s.state, 20), ''];
	return tag(words, kind);
}

export const resultTag = (result) => tag(result === 'unknown' ? 'open' : text(result, 10), RESULTS[result] ?? '');

function badge(l) {
	if (l.e === 'check')
		return [resultTag(l.result), ' ', h('b', null, text(l.check, 30)), l.text ? ': ' : ''];
	if (l.e === 'steady')
		return l.result === 'fail' ? tag('not steady yet', 'mid') : tag('returned', 'good');
	const [words, kind] = WORDS[l.e] ?? [text(l.e, 20), ''];
	return tag(words, kind);
}

/* What was hidden, a sentence each. */
function revealed(l) {
	const faults = String(l.faults ?? '').split('\n').filter(Boolean).slice(0, 8);
	return [l.experiment ? h('b', null, name(l.experiment)) : null, faults.map((f) => h('p', null, text(f, 300))),
		l.impact ? h('p', null, 'Expected impact: ', text(l.impact, 300)) : null, l.response ? h('p', null, 'Expected response: ', text(l.response, 300)) : null,
		l.verdict ? h('p', null, text(l.verdict, 300)) : null];
}

/* Of the head alone its time is told: the page has the rest. */
export function line(l) {
	const at = instant(l.at), said = l.e === 'session' ? null : l.text;
	return h('li', {class: `e-${text(l.e, 20).replace(/[^a-z]/g, '')}`}, h('time', {class: 'dim', datetime: at === null ? null : new Date(at).toISOString()}, at === null ? '' : clock(at)), ' ',
		l.step ? h('span', {class: 'dim nb'}, `step ${Number(l.step)}`) : null, ' ', badge(l), l.e === 'check' ? null : ' ', l.what ? h('b', null, text(l.what, 40)) : null,
		l.by ? [' by ', h('b', null, name(l.by, 64))] : null, l.overrule ? ' although a check failed' : null,
		said ? [l.what || l.by ? ': ' : '', name(said, 600)] : null, l.e === 'reveal' ? h('div', {class: 'small'}, revealed(l)) : null,
		l.untold ? h('span', {class: 'dim small'}, ' (in the session alone: no run lasted)') : null);
}
