/*
 * A button whose first press asks and whose second does: no window to wait for, no pointer to move, and the second press may come
 * at once. A key that is held down presses once. After three seconds without the second it is as it was.
 */
import {h} from './dom.js';
import {say} from './say.js';

const ARMED_MS = 3000;

/* act(): a promise; what it fails with is said. Without `sure` there is no question. */
export function button(words, {act, sure = null, kind = '', id = null, label = null, off = null}) {
	const b = h('button', {type: 'button', class: kind, 'data-act': id ?? words, 'aria-label': label ? `${words} ${label}` : null,
		'aria-disabled': off ? 'true' : null, title: off, on: {click: press, keydown: once, blur: () => disarm()}}, words);
	let timer = null;

	function once(e) {
		if (e.repeat && (e.key === 'Enter' || e.key === ' '))
			e.preventDefault();
		else if (e.key === 'Escape')
			disarm();
	}
	function show(now) {
		b.textContent = now;
		if (label)
			b.setAttribute('aria-label', `${now} ${label}`);
	}
	function disarm() {
		if (timer === null)
			return;
		clearTimeout(timer);
		timer = null;
		b.classList.remove('armed');
		show(words);
	}
	async function press() {
		if (off || b.getAttribute('aria-busy')) {
			if (off)
				say(off);
			return;
		}
		if (sure && timer === null) {
			timer = setTimeout(disarm, ARMED_MS);
			b.classList.add('armed');
			show(sure);
			return;
		}
		disarm();
		b.setAttribute('aria-busy', 'true');
		try {
			await act();
		} catch (e) {
			say(e.message);
		} finally {
			b.removeAttribute('aria-busy');
		}
	}
	b.press = press;
	return b;
}
