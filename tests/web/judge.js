/*
 * What the page must be for everybody, judged in the page itself; gives a list of sentences, empty
 * when all is well. What WCAG 2.1 AA asks and a machine can tell: names, landmarks, the order of
 * headings, tables, contrast, nothing cut off.
 */
(() => {
	const bad = [];
	const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''} class="${e.getAttribute('class') || ''}"> ` +
		`'${(e.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 50)}'`;
	const say = (what, e) => bad.push(e ? `${what}: ${name(e)}` : what);
	const all = (selector, root = document) => [...root.querySelectorAll(selector)];
	const shown = (e) => e.checkVisibility({visibilityProperty: true}) && e.getBoundingClientRect().width > 1;

	/* ---- the document */
	if (!document.documentElement.lang) say('no language');
	if (!document.title.trim()) say('no title');
	for (const [selector, what] of [['main', 'main'], ['h1', 'h1'], ['body > header', 'banner'], ['body > footer', 'contentinfo'],
		['nav[aria-label]', 'navigation with a name'], ['meta[name=viewport]', 'viewport']])
		if (all(selector).length !== 1) say(`${all(selector).length} of ${what}, not 1`);
	let level = 0;
	for (const h of all('h1,h2,h3,h4,h5,h6')) {
		const n = Number(h.tagName[1]);
		if (n > level + 1) say(`heading of level ${n} after one of ${level}`, h);
		if (!h.textContent.trim()) say('empty heading', h);
		level = n;
	}
	const ids = new Set();
	for (const e of all('[id]')) {
		if (ids.has(e.id)) say('an id twice', e);
		ids.add(e.id);
	}
	for (const a of all('a[href]')) {
		const href = a.getAttribute('href');
		if (!href.startsWith('#')) say(`a link out of the page, ${href}`, a);
		else if (!ids.has(href.slice(1))) say(`a link to nowhere, ${href}`, a);
		if (!a.textContent.trim()) say('a link without a text', a);
	}
	for (const s of all('section'))
		if (!s.getAttribute('aria-labelledby') || !document.getElementById(s.getAttribute('aria-labelledby')))
			say('a section without a name', s);
	for (const e of all('[tabindex]')) {
		if (Number(e.getAttribute('tabindex')) > 0) say('a tabindex above 0', e);
		if (e.getAttribute('tabindex') === '0' && !e.getAttribute('aria-label')) say('can be focused and has no name', e);
	}
	for (const s of all('script')) if (s.type !== 'application/json') say('a script that runs', s);
	for (const s of all('script[type="application/json"]'))
		try { JSON.parse(s.textContent); } catch (e) { say('the embedded report is no JSON'); }

	for (const e of all('planted')) say('a word became an element', e);
	for (const e of all('*')) for (const a of e.attributes) if (a.name.startsWith('on')) say(`a handler, ${a.name}`, e);

	/* ---- tables and drawings */
	for (const t of all('table')) {
		if (!t.caption || !t.caption.textContent.trim()) say('a table without a caption', t);
		for (const th of all('th', t)) if (!['col', 'row'].includes(th.scope)) say('a heading without a scope', th);
		for (const tr of all('tbody tr', t)) if (all('th[scope=row]', tr).length !== 1) say('a row without a heading', tr);
		const columns = all('thead th', t).length;
		for (const tr of all('tbody tr', t)) if (tr.children.length !== columns) say(`a row of not ${columns} cells`, tr);
	}
	for (const svg of all('svg:not([aria-hidden=true])')) {
		if (svg.getAttribute('role') !== 'img') say('a drawing that is no image', svg);
		if (!svg.querySelector('title')?.textContent.trim()) say('a drawing without a title', svg);
		if (svg.classList.contains('chart') && !svg.querySelector('desc')?.textContent.trim()) say('a chart without a description', svg);
	}

	/* ---- what is cut off, or runs into another */
	const wide = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > wide) {
		say(`the page is ${document.documentElement.scrollWidth} px wide, the window ${wide}`);
		for (const e of all('main *')) if (shown(e) && e.getBoundingClientRect().right > wide + 1 && !e.closest('.scroll,svg,.vh'))
			say('beyond the edge', e);
	}
	/* On a narrow page a row is a card, which is read without scrolling aside. */
	if (wide < 700)
		for (const s of all('.scroll').filter((x) => shown(x) && x.querySelector('table.stack')))
			if (s.scrollWidth > s.clientWidth + 1) say(`a card is ${s.scrollWidth} px wide, and ${s.clientWidth} are seen`, s);
	for (const svg of all('svg.chart').filter(shown)) {
		const box = svg.viewBox.baseVal, texts = all('text', svg).map((t) => [t, t.getBBox()]).filter(([, b]) => b.width > 0);
		for (const [t, b] of texts) {
			if (b.x < box.x - 1 || b.x + b.width > box.x + box.width + 1 || b.y < box.y - 1 || b.y + b.height > box.y + box.height + 1)
				say('a text is cut off by its chart', t);
			const scale = svg.getBoundingClientRect().width / box.width;
			if (parseFloat(getComputedStyle(t).fontSize) * scale < 8.9) say(`a text of ${scale * parseFloat(getComputedStyle(t).fontSize)} px`, t);
		}
		for (let i = 0; i < texts.length; i++)
			for (let k = i + 1; k < texts.length; k++) {
				const [a, b] = [texts[i][1], texts[k][1]];
				const x = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
				const y = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
				if (x > 2 && y > 4) say(`a text on another, '${texts[k][0].textContent}'`, texts[i][0]);
			}
	}

	/* ---- contrast */
	const rgba = (text) => {
		const v = (text.match(/[\d.]+/g) || []).map(Number);
		return /^rgb/.test(text) ? [v[0], v[1], v[2], v.length > 3 ? v[3] : 1] : null;
	};
	const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const behind = (e) => {
		const layers = [];
		for (let p = e; p; p = p.parentElement) {
			const c = rgba(getComputedStyle(p).backgroundColor);
			if (c && c[3] > 0) layers.push(c);
			if (c && c[3] === 1) break;
		}
		return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]);
	};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walker.nextNode(); n; n = walker.nextNode()) {
		const e = n.parentElement;
		if (!n.data.trim() || e.closest('script,style,svg,.vh,.skip') || !shown(e)) continue;
		const css = getComputedStyle(e), size = parseFloat(css.fontSize);
		const need = size >= 24 || (size >= 18.66 && Number(css.fontWeight) >= 700) ? 3 : 4.5;
		const r = ratio(over(rgba(css.color), behind(e)), behind(e));
		if (r < need) say(`contrast ${r.toFixed(2)}, not ${need}`, e);
	}
	/* On what a text of a drawing stands: the outline that it was given, the last plain shape below it, or the page. */
	const ground = (t) => {
		const css = getComputedStyle(t), b = t.getBBox();
		if (css.paintOrder.startsWith('stroke') && rgba(css.stroke)) return rgba(css.stroke);
		let found = behind(t.closest('svg').parentElement);
		for (const r of all('rect', t.closest('svg'))) {
			const o = r.getBBox(), fill = rgba(getComputedStyle(r).fill), alpha = Number(getComputedStyle(r).opacity);
			if (r.compareDocumentPosition(t) & Node.DOCUMENT_POSITION_FOLLOWING && fill && !r.closest('defs,pattern') &&
				o.x <= b.x + b.width / 2 && o.x + o.width >= b.x + b.width / 2 && o.y <= b.y + b.height / 2 && o.y + o.height >= b.y + b.height / 2)
				found = over([...fill.slice(0, 3), fill[3] * alpha], found);
		}
		return found;
	};
	for (const t of all('svg text').filter(shown)) {
		const r = ratio(rgba(getComputedStyle(t).fill), ground(t));
		if (r < 4.5) say(`contrast ${r.toFixed(2)} in a chart, not 4.5`, t);
	}
	/* Marks that carry a meaning, against what they are drawn on: 3 is enough. */
	for (const e of all('.o-ok,.o-timeout,.s-on,.d-dot,.km,.l-ok,.m circle,.pl').filter((x) => x.closest('svg'))) {
		const css = getComputedStyle(e), c = rgba(css.fill) || rgba(css.stroke);
		const r = ratio(c, behind(e.closest('svg').parentElement));
		if (r < 3) say(`a mark of contrast ${r.toFixed(2)}, not 3`, e);
	}
	/* Colour alone says nothing: what is not good has a pattern or a shape of its own. */
	const fills = ['.o-wrong', '.o-refused', '.o-reset', '.o-timeout', '.o-skipped', '.o-ok'].map((s) => document.querySelector(s))
		.filter(Boolean).map((e) => getComputedStyle(e).fill + getComputedStyle(e).strokeDasharray);
	if (new Set(fills).size !== fills.length) say('two outcomes are drawn alike');

	/* ---- motion */
	if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
		if (getComputedStyle(document.documentElement).scrollBehavior !== 'auto') say('scrolls smoothly where motion is not wanted');
		if (document.getAnimations().length) say('something moves where motion is not wanted');
	}
	return [...new Set(bad)];
})()
