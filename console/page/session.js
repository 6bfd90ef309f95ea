/* A session of a game day: the state, big, and what may be said now; the steps; what happened. */
import {h, keyed, name, section, text} from './dom.js';
import {get, of, read} from './api.js';
import {calmly, state} from './state.js';
import {liveRun, takeLive} from './live.js';
import {firstTable} from './markdown.js';
import {failed, stepCard, stepSignature} from './step.js';
import {Panel, stateWord} from './panel.js';
import {runCard, runSignature} from './run.js';
import {line, sessionTag} from './told.js';
import {instant, when} from './words.js';

const MOST_LINES = 400;  /* that are shown; all of them are in the report */
const SETTLE_MS = 150;
const REPORT_WAITS = 30;
const STALE_MS = 20000; /* however quiet the stream is */

/* The words under the state: what it waits for. */
function hint(s, step) {
	if (s.state === 'left')
		return 'Nobody holds this session. What it did was taken back; resume goes on with it.';
	if (s.state === 'over')
		return 'Every step has come to its end.';
	switch (step?.state) {
	case 'planned':
	case 'checks':
		return 'The step is looked at: does the steady state hold, is what is injected taken back, is there room?';
	case 'ready':
		return failed(step) ? 'A check failed. Hold and mend it, or go all the same: that is written down.' : 'The checks are through: go, or hold?';
	case 'held':
		return 'Somebody said hold. Look again before you go.';
	case 'running':
		return step.aborting ? 'It is being aborted: what it did is taken back.' : 'It ends by itself, and anybody may abort it. Say what you see.';
	case 'returning':
		return 'It has ended. The steady state is waited for.';
	default:
		return '';
	}
}

function briefing(s) {
	const roles = Array.isArray(s.roles) ? s.roles : [];
	return h('details', {class: 'card brief', open: s.state !== 'over'}, h('summary', null, 'Briefing and roles'), h('p', null, text(s.briefing, 4000)),
		h('div', null, h('dl', {class: 'kv'}, roles.slice(0, 32).map((r) => [h('dt', null, name(r.name, 64)), h('dd', null, text(r.does ?? '', 300), r.knows && r.name !== 'owner' ? h('span', {class: 'dim'}, ' (knows what is hidden)') : null)]))));
}

export function session(main, id, preview) {
	const view = preview ? {view: preview} : {}, home = `#/gamedays/${encodeURIComponent(id)}`;
	const title = h('h1', null, 'Game day'), under = h('p', {class: 'dim'}), said = h('p', {class: 'vh', role: 'status'}), problem = h('p', {class: 'broken', role: 'alert', hidden: true});
	const panel = new Panel(id, load, Boolean(preview)), live = h('div', null), steps = h('ol', {class: 'list steps'}), lines = h('ol', {class: 'list log'}), early = h('p', {class: 'dim small'});
	const brief = h('div', null), outcome = h('div', null);
	let s = null, waits = 0, told = [], next = 0, anew = false, busy = null, more = false, closed = false, spoken = '', loadedAt = 0, ended = false;
	main.replaceChildren(title, under, said, problem, h('p', {class: 'dim', id: 'loading'}, 'loading'));

	function layout() {
		if (!document.getElementById('loading'))
			return;
		main.replaceChildren(title, under, said, problem, panel.element, outcome, h('div', {class: 'halves board'}, h('div', null, live, section('steps', 'Steps', steps), brief),
			section('lines', 'What happened', early, lines)));
	}

	/* ---- what the daemon knows */

	async function loadLines() {
		for (;;) {
			const got = await get(of('gamedays', id, 'lines'), {after: next, ...view});
			if (!got.lines.length || got.next <= next)
				return;
			told = [...told, ...got.lines.filter(Boolean)].slice(-MOST_LINES);
			early.textContent = told.length === MOST_LINES ? 'The earliest lines are in the report alone.' : '';
			next = got.next;
		}
	}
	/* Never twice at a time; what is asked for meanwhile is asked once more at the end. */
	function load() {
		more = Boolean(busy);
		busy ??= ask().finally(() => {
			busy = null;
			if (more && !closed)
				soon();
		});
		return busy;
	}
	async function ask() {
		try {
			if (anew) { /* the file may be another's, or another's view of it, by now */
				anew = false;
				told = [];
				next = 0;
			}
			s = await get(of('gamedays', id), view);
			if (!preview && s.live)
				takeLive(id, s.live);
			await loadLines();
			loadedAt = performance.now();
			problem.hidden = true;
			if (!closed)
				show();
		} catch (e) {
			problem.hidden = e.status === 0; /* that the daemon is gone is told above */
			problem.textContent = text(e.message, 400);
			const waiting = document.getElementById('loading');
			if (waiting && e.status)
				waiting.replaceChildren(h('a', {href: '#/gamedays'}, 'All game days'));
		}
	}
	const soon = calmly(SETTLE_MS, load);

	/* ---- what is shown */

	function current() {
		return s.state === 'over' ? null : s.steps[Math.min(Math.max(s.step, 1), s.steps.length) - 1] ?? null;
	}
	function say(step) {
		const words = s.state === 'held' && step ? `Step ${step.n} of ${s.steps.length}, ${text(step.name, 120)}: ${text(step.state, 20)}. ${hint(s, step)}` : hint(s, step);
		const reveal = told.filter((l) => l.e === 'reveal').at(-1), whole = `${words}${reveal ? ` Step ${reveal.step} is revealed${reveal.experiment ? `: ${text(reveal.experiment, 80)}` : ''}.` : ''}`;
		if (whole !== spoken)
			said.textContent = spoken = whole;
	}
	function head() {
		const at = instant(s.at), other = state.you?.role !== 'operator' ? null : preview ? h('a', {href: home}, 'Back to what operators see') : h('a', {href: `${home}/responder`}, 'What responders see');
		title.replaceChildren(name(s.name));
		under.replaceChildren(h('a', {href: '#/gamedays'}, 'Game days'), ' · ', sessionTag(s), ...at === null ? [] : [' · ', when(at)], h('span', {class: 'broad'}, ' · ', h('code', null, text(s.id, 80))),
			...other ? [' · ', other] : []);
	}
	function strip() {
		const step = current(), run = !preview && s.state === 'held' && step?.state === 'running' ? liveRun(id, step) : null;
		keyed(live, run ? [run] : [], (r) => r.key, runSignature, (r) => runCard(r, true));
		live.firstElementChild?.draw();
	}
	/* The table of what was expected and what came, when there is one. */
	async function compare() {
		ended = true;
		const papers = h('p', null, h('a', {href: `${home}/report`}, 'The report'), ' · ', h('a', {href: `${home}/postmortem`}, 'The draft of the post-mortem'));
		try {
			const drawn = firstTable(await read(of('gamedays', id, 'report')), 'Expected and actual');
			outcome.replaceChildren(section('outcome', 'Expected and actual', drawn,
				h('p', {class: 'dim small'}, 'Times count from the first impact that probes saw; in brackets is what bounds them.'), papers));
		} catch (e) {
			ended = e.status !== 0; /* asked for again when the daemon is back */
			outcome.replaceChildren(h('p', {class: 'broken'}, text(e.message, 300)));
		}
	}
	function show() {
		const step = current();
		layout();
		head();
		panel.show(s, step, hint(s, step));
		keyed(steps, s.steps.map((x) => ({...x, now: x === step})), (x) => x.n, stepSignature, stepCard);
		keyed(brief, [s], () => 'brief', (x) => JSON.stringify([x.briefing, x.roles, x.state === 'over']), briefing);
		/* From the newest back; a line that was there keeps its element. */
		keyed(lines, told.map((l, i) => ({...l, n: next - told.length + i})).reverse(), (l) => l.n, () => '', line);
		strip();
		say(step);
		if (s.report && !ended && s.state === 'over')
			compare();
	}

	load();
	return {
		title() {
			return s ? `${stateWord(s, current())} · ${text(s.name, 60)}` : null;
		},
		update(parts) {
			if (parts.has('you'))
				anew = true;
			if (parts.has('gameday') || parts.has('you'))
				soon();
			else if (s && (parts.has('runs') || parts.has('strips')))
				strip();
		},
		tick() {
			panel.tick();
			if (s)
				strip();
			if (state.link === 'live' && performance.now() - loadedAt > STALE_MS) {
				loadedAt = performance.now();
				soon();
			}
			if (s?.state === 'over' && !s.report && !busy && waits++ < REPORT_WAITS) /* it is written after the last line */
				load();
		},
		close() {
			closed = true;
		},
	};
}
