/* The page: its views, its connection, its keys. */
import {h, text} from './dom.js';
import {get, onRefused, post} from './api.js';
import {behind, now as there} from './clock.js';
import {Stream} from './stream.js';
import {changed, counts, listen, load, refreshStatus, state, take} from './state.js';
import {haltKey, startHalt, tick as tickHalt} from './halt.js';
import {calendar, loadCalendar} from './calendar.js';
import {gamedays} from './gamedays.js';
import {history} from './history.js';
import {now} from './now.js';
import {schedules} from './schedules.js';
import {keys, shortcuts} from './keys.js';
import {coarse, instant, LOCAL, offset, when} from './words.js';

const VIEWS = [['now', 'Now', now], ['calendar', 'Calendar', calendar], ['schedules', 'Schedules', schedules], ['history', 'History', history],
	['gamedays', 'Game days', gamedays]];
const AGE_MS = 20000;      /* the server says something every 15 s */
const STATUS_MS = 10000;
const HIDDEN_MS = 60000;   /* a page that nobody sees lets its connection go */

const main = document.getElementById('main');
let view = null, at = '', lastStatus = -STATUS_MS, title = '', footed = '';

/* ---- views */

function place() {
	const [id, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
	let argument = rest.join('/');
	try {
		argument = decodeURIComponent(argument);
	} catch { /* as it stands */ }
	const known = VIEWS.find((v) => v[0] === id) ?? VIEWS[0];
	return {id: known[0], label: known[1], make: known[2], argument};
}

function show(focus) {
	const {id, label, make, argument} = place();
	view?.close?.();
	view = null;
	at = id;
	main.className = `view-${id}`;
	if (state.link === 'login')
		return login();
	if (!state.status) {
		main.replaceChildren(h('h1', null, label), h('p', {class: 'dim'}, 'loading'));
		return;
	}
	view = make(main, argument);
	for (const a of document.querySelectorAll('#views a'))
		if (a.dataset.view === id)
			a.setAttribute('aria-current', 'page');
		else
			a.removeAttribute('aria-current');
	if (id === 'now')
		loadCalendar();
	if (focus) {
		main.focus({preventScroll: true});
		if (!argument)
			scrollTo(0, 0);
	}
	retitle();
}

function retitle() {
	const {running} = counts(), own = view?.title?.();
	const next = `${state.status?.halted ? 'HALTED · ' : running && !own ? `${running} running · ` : ''}${own ?? place().label} · ordeal`;
	if (next !== title)
		document.title = title = next;
}

/* ---- the connection */

const stream = new Stream({
	live() {
		state.link = 'live';
		changed('link');
		return load();
	},
	event: take,
	lost() {
		state.link = 'reconnecting';
		changed('link');
	},
	refused,
});

function refused() {
	if (state.link === 'login')
		return;
	stream.stop();
	state.link = 'login';
	changed('link');
	show(true);
}

function login(wrong) {
	const token = h('input', {type: 'password', id: 'token', autocomplete: 'current-password', required: true});
	const form = h('form', {class: 'card login', on: {submit: async (e) => {
		e.preventDefault();
		try {
			await post('v1/session', {token: token.value.trim()});
			if (state.you)
				return location.reload(); /* another person may sit here now: nothing of before stays in the page */
			state.link = 'connecting';
			begin();
		} catch (problem) {
			login(problem.message);
		}
	}}}, h('input', {type: 'text', autocomplete: 'username', value: 'ordeal', hidden: true}), h('label', {for: 'token'}, 'Token'), token,
	h('button', {type: 'submit', class: 'plain'}, 'Sign in'), wrong ? h('p', {class: 'broken', role: 'alert'}, text(wrong)) : null,
	h('p', {class: 'dim small'}, 'One of the lines of the file that --token-file names. The page does not keep it: it gets a cookie for twelve hours.'));
	main.replaceChildren(h('h1', null, 'Sign in'), form);
	token.focus();
}

async function logout() {
	await post('v1/session', {}, 'DELETE');
	location.reload();
}

function showLink() {
	const box = document.getElementById('link'), words = document.getElementById('link-state');
	if (words.textContent !== state.link)
		words.textContent = state.link === 'login' ? 'signed out' : state.link;
	box.className = `link is-${state.link}`;
	showAge();
}

/* How old what the page shows is; nothing where it is young. */
function showAge() {
	const age = stream.heard ? performance.now() - stream.heard : 0, e = document.getElementById('link-age');
	const words = age && (state.link === 'reconnecting' || age > AGE_MS) ? `data ${coarse(age / 1000)} old` : '';
	if (e.textContent !== words)
		e.textContent = words;
}

/* ---- the foot */

function foot() {
	const {version, since, dir} = state.status ?? {}, ms = instant(since), now = JSON.stringify([version, since, dir, state.you, behind()]);
	if (!state.status || now === footed)
		return;
	footed = now;
	document.getElementById('foot').replaceChildren(...[
		h('p', null, `ordeal ${text(version, 40)} · `, h('code', null, text(dir, 300)), ms === null ? '' : ` · since ${when(ms)}`, ` · times in ${LOCAL} (${offset(there())})`),
		behind() ? h('p', {class: 'mid'}, `The clock of this device is ${coarse(Math.abs(behind()) / 1000)} ${behind() > 0 ? 'behind' : 'ahead of'} the daemon's; the page goes by the daemon's.`) : null,
		h('p', null, `You are ${text(state.you?.who, 80)}, ${text(state.you?.role, 20)}. `, h('button', {type: 'button', class: 'linklike', on: {click: keys}}, 'Keys'),
			state.you?.who?.startsWith('token') ? [' · ', h('button', {type: 'button', class: 'linklike', on: {click: logout}}, 'Sign out')] : null)].filter(Boolean));
}

/* ---- it begins */

document.getElementById('views').append(...VIEWS.map(([id, label]) => h('li', null, h('a', {href: `#/${id}`, 'data-view': id}, label))));
startHalt();
shortcuts({views: VIEWS.map((v) => v[0]), halt: haltKey});
addEventListener('hashchange', () => show(true));

listen((parts) => {
	if (parts.has('link'))
		showLink();
	if (parts.has('you'))
		foot();
	if (state.link === 'login')
		return;
	if (!view && state.status)
		show(false);
	else
		view?.update(parts);
	if (parts.has('calendar') && at === 'now')
		loadCalendar();
	if (parts.has('status') || parts.has('runs'))
		retitle();
});

setInterval(() => {
	showAge();
	if (document.hidden || state.link === 'login')
		return;
	view?.tick();
	retitle();
	tickHalt();
	if (at === 'now')
		loadCalendar();
	if (state.link === 'live' && performance.now() - lastStatus > STATUS_MS) {
		lastStatus = performance.now();
		refreshStatus().then(foot, () => {});
	}
}, 1000);

/*
 * A browser opens six connections to one server and no more: a page that nobody sees lets its own go after a while, and at once where
 * another page needs one.
 */
const others = new BroadcastChannel('ordeal');
let sleep = 0;

function rest() {
	clearTimeout(sleep);
	if (!document.hidden || state.link === 'login')
		return;
	stream.stop();
	state.link = 'reconnecting';
	changed('link');
}

function begin() {
	others.postMessage('here');
	stream.start();
	if (document.hidden)
		sleep = setTimeout(rest, HIDDEN_MS);
}

function seen() {
	clearTimeout(sleep);
	if (document.hidden)
		sleep = setTimeout(rest, HIDDEN_MS);
	else if (state.link === 'reconnecting')
		begin();
}

others.addEventListener('message', rest);
document.addEventListener('visibilitychange', seen);

/* The session first: who is not signed in is asked, without an error in the console for each thing that was wanted. */
onRefused(refused);
show(false);
get('v1/session').then((you) => you.who ? begin() : refused(), (e) => e.status === 401 ? refused() : begin());
