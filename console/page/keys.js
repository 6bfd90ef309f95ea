/* The keys, and a window that tells them. They can be switched off: who dictates has words taken for keys. */
import {h} from './dom.js';

const STORE = 'ordeal.keys';

function on() {
	try {
		return localStorage.getItem(STORE) !== 'off';
	} catch {
		return true; /* a browser that keeps nothing */
	}
}

function set(value) {
	try {
		localStorage.setItem(STORE, value ? 'on' : 'off');
	} catch { /* for this page's life then */ }
}

const TOLD = [['1 … 5', 'Now, Calendar, Schedules, History, Game days'],
	['Shift+H', 'HALT: asks; Shift+H again within 3 s does it'],
	['/', 'Filter'], ['n', 'Game day: say what you see'], ['?', 'These keys'], ['Esc', 'Close; take a question back']];

export function keys() {
	const old = document.querySelector('dialog');
	if (old)
		return old.close();
	const box = h('input', {type: 'checkbox', id: 'keys-on', on: {change: () => set(box.checked)}});
	box.checked = on();
	const dialog = h('dialog', {'aria-labelledby': 'keys-h', on: {close: () => dialog.remove()}}, h('h2', {id: 'keys-h'}, 'Keys'),
		h('dl', {class: 'kv'}, TOLD.map(([key, what]) => [h('dt', null, h('kbd', null, key)), h('dd', null, what)])),
		h('p', null, box, ' ', h('label', {for: 'keys-on'}, 'Keys without Ctrl or Alt do something')),
		h('button', {type: 'button', class: 'plain', on: {click: () => dialog.close()}}, 'Close'));
	document.body.append(dialog);
	dialog.showModal();
}

export function shortcuts({views, halt}) {
	addEventListener('keydown', (e) => {
		if (e.repeat || e.ctrlKey || e.altKey || e.metaKey || !on() || e.target.closest?.('input:not([type=checkbox]),select,textarea,dialog'))
			return;
		if (e.key.toLowerCase() === 'h' && e.shiftKey)
			halt();
		else if (e.key === '?')
			keys();
		else if (e.key === 'n')
			document.getElementById('remark')?.focus();
		else if (e.key === '/')
			document.querySelector('main input[type=search]')?.focus();
		else if (views[Number(e.key) - 1])
			location.hash = `#/${views[Number(e.key) - 1]}`;
		else
			return;
		e.preventDefault();
	});
}
