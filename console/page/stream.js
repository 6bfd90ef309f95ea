/*
 * Server-sent events by fetch(): unlike EventSource it can say Last-Event-ID on a connection of its own making, tells why it was
 * refused, and shows when the last byte came, which a comment line of the server's keeps young.
 */
import {events} from './api.js';

const SILENT_MS = 40000;     /* the server says something every 15 s */
const LONGEST_LINE = 1 << 20; /* of characters: no event is that long */
const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000];

export class Stream {
	/* calls: lost(why), refused(problem), event(type, data); live(), a promise: nothing is read until all is loaded, nor after a reset. */
	constructor(calls) {
		this.calls = calls;
		this.last = '';
		this.heard = 0; /* performance.now() of the last byte */
		this.failures = 0;
		this.run = 0;
	}

	start() {
		const run = ++this.run;
		clearTimeout(this.timer);
		this.cancel?.abort();
		this.cancel = new AbortController();
		this.read(run, this.cancel.signal).then(() => this.again(run, 'the stream ended'), (e) => this.failed(run, e));
	}

	stop() {
		this.run++;
		clearTimeout(this.timer);
		clearTimeout(this.watch);
		this.cancel?.abort();
	}

	failed(run, e) {
		if (run === this.run && (e.status === 401 || e.status === 403))
			this.calls.refused(e);
		else
			this.again(run, e.message);
	}

	again(run, why) {
		if (run !== this.run)
			return;
		this.cancel.abort();
		this.calls.lost(why);
		const wait = WAITS_MS[Math.min(this.failures++, WAITS_MS.length - 1)];
		/* All pages of a daemon that was restarted come back, and not at once. */
		this.timer = setTimeout(() => this.start(), wait * (0.75 + Math.random() / 2));
	}

	alive(run) {
		this.heard = performance.now();
		clearTimeout(this.watch);
		this.watch = setTimeout(() => this.again(run, 'the server fell silent'), SILENT_MS);
	}

	async read(run, signal) {
		const answer = await events(this.last ? {'Last-Event-ID': this.last} : {}, signal);
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		let rest = '', type = '', data = [];
		this.alive(run);
		await this.calls.live();
		for (;;) {
			const {value, done} = await reader.read();
			if (done || run !== this.run)
				return;
			this.failures = 0;
			this.alive(run);
			rest += value;
			let from = 0, end;
			while ((end = rest.indexOf('\n', from)) >= 0) {
				const line = rest.slice(from, rest[end - 1] === '\r' ? end - 1 : end);
				from = end + 1;
				if (line === '') {
					const wait = data.length ? this.hand(type, data.join('\n')) : null;
					if (wait)
						await wait;
					type = '';
					data = [];
				} else if (line.startsWith('data:')) {
					data.push(line.slice(line[5] === ' ' ? 6 : 5));
				} else if (line.startsWith('event:')) {
					type = line.slice(6).trim();
				} else if (line.startsWith('id:')) {
					this.last = line.slice(3).trim();
				}
			}
			rest = rest.slice(from);
			if (rest.length > LONGEST_LINE)
				throw new Error('the server sent a line without an end');
		}
	}

	hand(type, text) {
		let data;
		try {
			data = JSON.parse(text);
		} catch {
			return; /* half an event that a proxy cut */
		}
		/* `dropped`: we were too slow; the end of the stream comes behind it. */
		return type === 'reset' ? this.calls.live() : this.calls.event(type, data);
	}
}
