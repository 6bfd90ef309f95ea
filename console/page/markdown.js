/*
 * The Markdown that ordeal writes (reports and drafts), as elements: headings, tables, lists, paragraphs, code, what is emphasised.
 * Anything else stands there as it was typed. Nothing becomes markup: all of it are text nodes.
 */
import {cell, h, lead, table, tag, text} from './dom.js';

const MOST_BLOCKS = 2000;
const COMPARED = {within: 'good', later: 'bad', 'cannot be told': 'mid'}; /* a cell that is one of these */

/* Text with \escapes, `code`, **strong** and _emphasis_; [words](address) are the words alone: people may have written where it leads. */
export function inline(source) {
	const out = [];
	let plain = '';
	for (let rest = source; rest;) {
		const found = /^(?:`([^`]+)`|\*\*((?:[^*\\]|\\.)+)\*\*|_((?:[^_\\]|\\.)+)_(?!\w)|\[((?:[^\]\\]|\\.)*)\]\([^)\s]*\))/.exec(rest);
		if (!found || (rest[0] === '_' && /\w$/.test(plain))) {
			const escaped = /^\\[\\`*_[\]<>|#(){}+.!-]/.test(rest);
			plain += escaped ? rest[1] : rest[0];
			rest = rest.slice(escaped ? 2 : 1);
			continue;
		}
		if (plain)
			out.push(text(plain));
		plain = '';
		const [, code, strong, emphasis, words] = found;
		out.push(code !== undefined ? h('code', null, text(code)) : strong !== undefined ? h('strong', null, inline(strong))
			: emphasis !== undefined ? h('em', null, inline(emphasis)) : h('span', null, inline(words ?? '')));
		rest = rest.slice(found[0].length);
	}
	return plain ? [...out, text(plain)] : out;
}

/* The cells of "| a | b \| c |". */
function cells(line) {
	return (line.trim().slice(1).match(/(?:[^|\\]|\\.)*\|/g) ?? []).map((c) => c.slice(0, -1).trim());
}

const isRule = (line) => /^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line ?? '');

const shown = (words) => Object.hasOwn(COMPARED, words) ? tag(words, COMPARED[words]) : inline(words);

/* A second column without a heading belongs to the first: "1. The first surprise", "impact". */
function drawn(caption, heads, rows) {
	const joined = heads.length > 1 && !heads[1] ? 1 : 0, rest = heads.slice(1 + joined);
	const body = h('tbody', {role: 'rowgroup'}, rows.map((row) => h('tr', {role: 'row'},
		lead(null, joined ? [inline(row[1] ?? ''), h('p', {class: 'dim small'}, inline(row[0] ?? ''))] : inline(row[0] || '–')),
		rest.map((head, k) => [head, row[k + 1 + joined] ?? '']).map(([head, words]) => cell(head, words ? null : 'empty', shown(words))))));
	return table(caption, [heads[0], ...rest].map((head) => [head ? inline(head) : h('span', {class: 'vh'}, 'Compared')]), body);
}

class Reader {
	constructor(source) {
		this.lines = source.replace(/<!--[\s\S]*?-->/g, '').split(/\r?\n/);
		this.at = 0;
		this.heading = 'Table';
		this.level = 1;
	}

	/* The lines from here on for which is(line) holds. */
	while(is) {
		const from = this.at;
		while (this.at < this.lines.length && is(this.lines[this.at]))
			this.at++;
		return this.lines.slice(from, this.at);
	}

	block() {
		const line = this.lines[this.at], head = /^(#{1,6})\s+(.*)$/.exec(line);
		if (head) {
			this.at++;
			this.heading = head[2];
			/* No level is left out, whoever wrote it. */
			this.level = Math.min(head[1].length, this.level + 1, 6);
			return h(`h${this.level}`, null, inline(head[2]));
		}
		if (line.startsWith('|') && isRule(this.lines[this.at + 1])) {
			const [top, , ...rows] = this.while((l) => l.startsWith('|'));
			return drawn(text(this.heading, 80), cells(top), rows.map(cells));
		}
		if (/^```/.test(line)) {
			this.at++;
			const code = this.while((l) => !l.startsWith('```'));
			this.at++;
			return h('pre', null, code.map((l) => `${text(l)}\n`));
		}
		if (/^\s*[-*]\s/.test(line))
			return h('ul', null, this.while((l) => /^\s*[-*]\s/.test(l)).map((l) => h('li', null, inline(l.replace(/^\s*[-*]\s+/, '')))));
		const words = this.while((l) => l.trim() && !/^(?:#{1,6}\s|\||```|\s*[-*]\s)/.test(l));
		return h('p', {class: /^_To be filled in/.test(words[0] ?? '') ? 'blank' : null}, inline((words.length ? words : [this.lines[this.at++]]).join(' ')));
	}

	all() {
		const out = [];
		for (;;) {
			this.while((l) => !l.trim());
			if (this.at >= this.lines.length || out.length >= MOST_BLOCKS)
				return out;
			out.push(this.block());
		}
	}
}

export function markdown(source) {
	return new Reader(source).all();
}

/* The first table of a text, under that caption; null: it has none. */
export function firstTable(source, caption) {
	const lines = source.split(/\r?\n/), at = lines.findIndex((l, i) => l.startsWith('|') && isRule(lines[i + 1]));
	if (at < 0)
		return null;
	const end = lines.findIndex((l, i) => i > at && !l.startsWith('|'));
	const [top, , ...rows] = lines.slice(at, end < 0 ? lines.length : end);
	return drawn(caption, cells(top), rows.map(cells));
}
