/* Requests to the daemon that served the page. Addresses are relative, so that it also works below a prefix. */
import {heard} from './clock.js';

class Problem extends Error {
	constructor(status, detail) {
		super(detail);
		this.status = status;
	}
}

async function problem(answer) {
	let detail = '';
	try {
		const said = await answer.json();
		detail = said.detail || said.title || '';
	} catch { /* a proxy between us speaks another format */ }
	return new Problem(answer.status, detail || `the server answered ${answer.status}`);
}

let refused = () => {};

/* call(): whom the daemon does not know, or knows no longer: a cookie ends after twelve hours, a token when it is taken out of the file. */
export function onRefused(call) {
	refused = call;
}

async function ask(path, options) {
	const sent = Date.now();
	let answer;
	try {
		answer = await fetch(path, {credentials: 'same-origin', cache: 'no-store', redirect: 'error', ...options});
	} catch (e) {
		throw e.name === 'AbortError' ? e : new Problem(0, e.name === 'TimeoutError' ? 'the daemon does not answer' : 'the daemon cannot be reached');
	}
	heard(answer.headers.get('Date'), sent);
	if (answer.status === 401 && path !== 'v1/session')
		refused();
	if (!answer.ok)
		throw await problem(answer);
	return answer;
}

/* parameters that are null or '' are left out; a list is one each. */
export async function get(path, parameters = {}, signal = undefined) {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters))
		for (const one of Array.isArray(value) ? value : [value])
			if (one !== null && one !== undefined && one !== '')
				query.append(name, one);
	return (await ask(path + (query.size ? `?${query}` : ''), {signal: signal ?? AbortSignal.timeout(20000)})).json();
}

/* The same of what is no JSON. */
export async function read(path) {
	return (await ask(path, {signal: AbortSignal.timeout(20000)})).text();
}

export async function post(path, body = {}, method = 'POST') {
	const answer = await ask(path, {method, headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
		signal: AbortSignal.timeout(20000)});
	return answer.status === 204 ? {} : answer.json();
}

export const events = (headers, signal) => ask('v1/events', {headers: {Accept: 'text/event-stream', ...headers}, signal});
export const of = (...parts) => ['v1', ...parts.map(encodeURIComponent)].join('/');
