/* One sentence at the page's edge, for what went wrong. Screen readers say it at once; it stays until it is closed or eight seconds old. */
import {h, text} from './dom.js';

let timer = 0;

export function say(sentence) {
	const box = document.getElementById('said');
	const close = () => box.replaceChildren();
	clearTimeout(timer);
	box.replaceChildren(h('p', null, text(sentence, 400)), h('button', {type: 'button', class: 'plain', 'aria-label': 'Close', on: {click: close}}, '✕'));
	timer = setTimeout(close, 8000);
}
