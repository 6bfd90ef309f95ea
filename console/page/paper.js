/* A day's report, or the draft of its post-mortem, to be read here; the file itself is one press away. */
import {h, text} from './dom.js';
import {of, read} from './api.js';
import {markdown} from './markdown.js';

const NAMES = {report: 'Report', postmortem: 'Post-mortem'};

export function paper(main, id, what) {
	const back = h('p', null, h('a', {href: `#/gamedays/${encodeURIComponent(id)}`}, '← The game day'), ' · ',
		h('a', {href: of('gamedays', id, what), download: `${id}-${what}.md`}, 'Save as Markdown'));
	let gone = false;
	main.replaceChildren(h('h1', null, NAMES[what]), back, h('p', {class: 'dim'}, 'loading'));
	read(of('gamedays', id, what)).then((source) => {
		if (gone)
			return;
		const blocks = markdown(source), first = blocks[0]?.tagName === 'H1' ? blocks.shift() : h('h1', null, NAMES[what]);
		main.replaceChildren(first, back, h('div', {class: 'paper'}, blocks));
	}, (e) => {
		if (!gone)
			main.replaceChildren(h('h1', null, NAMES[what]), back, h('p', {class: 'broken', role: 'alert'}, text(e.message, 400)));
	});
	return {
		update() {},
		tick() {},
		close() {
			gone = true;
		},
	};
}
