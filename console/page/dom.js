/* Elements from plain calls. Every text that comes from outside goes through text(), and none ever becomes markup. */

/* What nobody sees, and what turns the reading of its surroundings around. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]/g;
const LONGEST = 2000;

export function text(value, longest = LONGEST) {
	const all = String(value ?? '').slice(0, longest + 1).replace(/[\n\t]+/g, ' ').replace(UNSEEN, '\ufffd');
	return all.length > longest ? all.slice(0, longest) + '…' : all;
}

function put(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name === 'on')
			for (const [event, call] of Object.entries(value))
				element.addEventListener(event, call);
		else if (name.startsWith('on') || name === 'style' || name === 'srcdoc')
			throw new Error(`no attribute '${name}'`);
		else
			element.setAttribute(name, value === true ? '' : String(value));
	}
	element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	return element;
}

/* Children: elements and texts; a text is one, never markup. */
export function h(tag, attributes, ...children) {
	return put(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
	return put(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/* A name that a person chose: isolated, so that one that is written from right to left disturbs nothing. */
export function name(value, longest = 120) {
	return h('bdi', null, text(value, longest));
}

export function tag(words, kind) {
	return h('span', {class: kind ? `tag t-${kind}` : 'tag'}, words);
}

/*
 * Puts what make(item) gives for each item into parent, in order. An item whose key and signature are those of last time keeps
 * its element. Where the focus was in one that is made anew it goes to the control of the same data-act.
 */
export function keyed(parent, items, keyOf, signatureOf, make) {
	const old = new Map([...parent.children].map((e) => [e.dataset.key, e]));
	const focus = parent.contains(document.activeElement) ? document.activeElement : null;
	const at = focus && {key: focus.closest('[data-key]')?.dataset.key, act: focus.dataset.act};
	let place = parent.firstElementChild;
	for (const item of items) {
		const key = String(keyOf(item)), signature = signatureOf(item);
		let element = old.get(key);
		if (element && element.signature !== signature) {
			const fresh = make(item);
			if (place === element)
				place = fresh;
			element.replaceWith(fresh);
			element = fresh;
		} else if (!element) {
			element = make(item);
		}
		old.delete(key);
		element.dataset.key = key;
		element.signature = signature;
		if (element === place)
			place = place.nextElementSibling;
		else
			parent.insertBefore(element, place);
	}
	for (const gone of old.values())
		gone.remove();
	if (at && !focus.isConnected && at.act)
		[...parent.children].find((e) => e.dataset.key === at.key)?.querySelector(`[data-act="${CSS.escape(at.act)}"]`)?.focus();
}

/* A table that becomes cards where the page is narrow. columns: [heading, class]. Roles: display: block takes the meaning away. */
export function table(caption, columns, body) {
	return h('div', {class: 'scroll', role: 'group', tabindex: 0, 'aria-label': caption},
		h('table', {class: 'stack', role: 'table'}, h('caption', {class: 'vh'}, caption),
			h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'},
				columns.map(([heading, kind]) => h('th', {role: 'columnheader', scope: 'col', class: kind}, heading)))), body));
}

export function lead(attributes, ...children) {
	return h('th', {role: 'rowheader', scope: 'row', ...attributes, class: 'lead'}, ...children);
}

export function cell(label, kind, ...children) {
	return h('td', {role: 'cell', 'data-l': label, class: kind}, ...children);
}

export function section(id, heading, ...children) {
	return h('section', {id, 'aria-labelledby': `${id}-h`}, h('h2', {id: `${id}-h`}, heading), ...children);
}
