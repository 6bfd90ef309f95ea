/* The state of a session, big; what may be decided now, and what one sees, said in the role that one plays. */
import {button} from './button.js';
import {h, keyed, name, text} from './dom.js';
import {now} from './clock.js';
import {of, post} from './api.js';
import {state} from './state.js';
import {failed} from './step.js';
import {coarse, instant} from './words.js';

const MARKS = ['detected', 'acknowledged', 'mitigated', 'resolved'];
const OWNER = 'owner';
/* of the owner: anybody may stop it, the owner alone lets it go on */
const OWNERS = ['go', 'skip', 'check', 'leave', 'reveal'];
const VERBS = [['go', 'Go', 'Go now?', 'danger'], ['check', 'Look again', null, 'plain'], ['hold', 'Hold', null, 'plain'], ['skip', 'Skip', 'Leave it out?', 'plain'],
	['leave', 'Do not wait', 'Go on without it?', 'plain'], ['abort', 'Abort', 'Abort and revert?', 'danger'], ['reveal', 'Reveal', 'Tell everybody?', 'plain'],
	['resume', 'Resume', null, 'plain'], ['day', 'Abort the day', 'Abort all of it?', 'plain']];
const WORDS = {checks: 'LOOKING', planned: 'PLANNED'};

/* "READY" */
export function stateWord(s, step) {
	return s.state === 'held' ? WORDS[step?.state] ?? String(step?.state ?? '').toUpperCase() : s.state === 'over' ? 'OVER' : 'LEFT';
}

/* ---- the role: this window's, and what the last one played where it has none yet */

function kept() {
	try {
		return sessionStorage.getItem('ordeal.role') ?? localStorage.getItem('ordeal.role');
	} catch {
		return null; /* a browser that keeps nothing */
	}
}

function keep(role) {
	for (const store of ['sessionStorage', 'localStorage'])
		try {
			window[store].setItem('ordeal.role', role);
		} catch { /* for this page's life then */ }
}

export class Panel {
	constructor(id, after, looking) {
		this.id = id;
		this.after = after;
		this.looking = looking; /* through responders' eyes: nothing is decided there */
		this.role = null;
		this.end = null; /* of the time box, ms */
		this.big = h('p', {class: 'big-state'});
		this.hint = h('p', {class: 'hint'});
		this.heading = h('h2', {id: 'state-h', tabindex: -1});
		this.phase = h('span', {class: 'dim'});
		this.left = h('span', {class: 'left'});
		this.bar = h('progress', {'aria-label': 'Time box', max: 1, value: 0});
		this.box = h('div', {class: 'time-box', hidden: true}, this.bar, this.left);
		this.verbs = h('div', {class: 'row verbs'});
		this.who = h('select', {id: 'role', 'data-act': 'role', on: {change: () => { this.role = this.who.value; keep(this.role); this.again(); }}});
		this.words = h('input', {type: 'text', id: 'remark', maxlength: 400, placeholder: 'What do you see?', autocomplete: 'off', 'data-act': 'note',
			on: {keydown: (e) => { if (e.key === 'Enter' && !e.isComposing) this.add.press(); }}});
		this.told = h('span', {class: 'dim small', role: 'status'});
		this.add = button('Add note', {kind: 'plain', id: 'add-note', act: () => this.note()});
		this.marks = MARKS.map((what) => button(what, {kind: 'plain', id: `mark-${what}`, act: () => this.mark(what)}));
		this.remarks = h('div', {class: 'remarks'},
			h('div', {class: 'row'}, h('label', {for: 'role'}, 'You are'), this.who, h('label', {for: 'remark', class: 'vh'}, 'What do you see?'), this.words, this.add),
			h('div', {class: 'row'}, h('span', {class: 'dim small as'}, 'Mark as'), this.marks, this.told));
		this.element = h('section', {class: 'card panel', 'aria-labelledby': 'state-h'}, this.heading, this.big, this.hint, this.box, this.verbs, this.remarks);
	}

	/* ---- what is said */

	async tell(verb, body = {}) {
		await post(of('gamedays', this.id, verb === 'day' ? 'abort' : verb), verb === 'resume' ? {} : {by: this.role, ...verb === 'day' ? {day: true} : body});
		await this.after();
	}

	/* What was typed goes only once it is written down. */
	async remark(verb, body, said) {
		await this.tell(verb, body);
		this.words.value = '';
		this.told.textContent = said;
	}

	async note() {
		const note = this.words.value.trim();
		if (!note)
			return this.words.focus();
		await this.remark('note', {note}, 'the note is in the timeline');
	}

	async mark(what) {
		const note = this.words.value.trim();
		await this.remark('mark', note ? {what, note} : {what}, `${what} is in the timeline`);
	}

	/* ---- what is shown */

	roles(s) {
		const all = (Array.isArray(s.roles) ? s.roles : []).filter((r) => state.you?.role === 'operator' || r.name !== OWNER);
		const names = all.map((r) => r.name), first = state.you?.role === 'operator' ? OWNER : (all.find((r) => !r.knows) ?? all[0])?.name;
		if (!this.role || !names.includes(this.role))
			this.role = [kept(), first, names[0]].find((n) => n && names.includes(n)) ?? 'responder';
		keyed(this.who, all, (r) => r.name, (r) => r.name, (r) => h('option', {value: r.name}, text(r.name, 64)));
		this.who.value = this.role;
	}

	verb([verb, words, sure, kind], step) {
		const overrule = verb === 'go' && failed(step), off = OWNERS.includes(verb) && this.role !== OWNER ? `the owner alone decides that; you are ${this.role}` : null;
		return button(overrule ? 'Go all the same' : verb === 'reveal' && step ? `Reveal step ${this.hidden}` : words, {kind, id: verb, off, sure: overrule ? 'Overrule the check?' : sure,
			act: () => this.tell(verb, overrule ? {overrule: true} : verb === 'reveal' ? {step: this.hidden} : {})});
	}

	show(s, step, hint) {
		const may = Array.isArray(s.may) ? [...s.may] : [], steps = s.steps ?? [];
		if (s.state === 'held' && may.includes('note')) /* who may say what they see may stop it all */
			may.push('day');
		this.again = () => this.show(s, step, hint);
		this.roles(s);
		/* Which step is meant: the last hidden one that was begun, else the one that is next. */
		this.hidden = (steps.filter((x) => x.hidden && !x.revealed && x.n <= s.step).at(-1) ?? steps.find((x) => x.hidden && !x.revealed))?.n;
		this.heading.replaceChildren(...step ? [`Step ${step.n} of ${steps.length}: `, name(step.name)] : ['The game day']);
		this.phase.textContent = s.state === 'held' && step?.state === 'running' && step.phase ? text(step.phase, 30) : '';
		this.element.className = `card panel is-${(s.state === 'held' ? text(step?.state, 20) : text(s.state, 20)).replace(/[^a-z]/g, '')}`;
		this.big.replaceChildren(h('span', null, text(stateWord(s, step), 20)), ' ', this.phase);
		this.hint.textContent = hint;
		this.boxOf(s.state === 'held' ? step : null);
		/* A step that is planned is about to be looked at by itself. */
		const verbs = this.looking ? [] : VERBS.filter(([v]) => may.includes(v) && (v !== 'reveal' || this.hidden) && (v !== 'check' || step?.state !== 'planned'));
		const focused = this.verbs.contains(document.activeElement);
		keyed(this.verbs, verbs, ([v]) => v, ([v]) => JSON.stringify([v === 'go' && failed(step), this.role === OWNER, v === 'reveal' ? this.hidden : 0, step?.n]), (v) => this.verb(v, step));
		if (focused && !this.verbs.contains(document.activeElement)) /* what was pressed is gone: to what came of it */
			this.heading.focus({preventScroll: true});
		this.remarks.hidden = this.looking || !(may.includes('note') || may.includes('mark'));
	}

	/* It counts from go. */
	boxOf(step) {
		const from = step?.state === 'running' ? instant(step.went) : null;
		this.box.hidden = from === null || !step.time_box_ms;
		this.end = this.box.hidden ? null : from + step.time_box_ms;
		this.bar.max = step?.time_box_ms || 1;
		this.tick();
	}

	/* It counts by the daemon's clock. */
	tick() {
		if (this.end === null)
			return;
		const ms = Math.max(0, Math.min(this.end - now(), this.bar.max)), words = ms > 0 ? `${coarse(Math.ceil(ms / 1000))} of ${coarse(this.bar.max / 1000)} left` : 'its time box is over';
		this.bar.value = ms;
		if (this.left.textContent !== words)
			this.left.textContent = words;
	}
}
