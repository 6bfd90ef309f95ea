/* A figure over the runs of an experiment: a dot a run, in the reports' marks. What was not reached is open, and points on. */
import {s, text} from './dom.js';
import {duration} from './words.js';

const HEIGHT = {small: 34, large: 132};
const MOST = 100;

/* [ns, reached] of a figure, null where the run has none. */
export function pointOf(figure) {
	if (!figure)
		return null;
	if (figure.median_ns !== null && figure.median_ns !== undefined)
		return [figure.median_ns, true];
	return figure.median_above_ns > 0 ? [figure.median_above_ns, false] : null;
}

function dot(x, y, reached, words) {
	const mark = reached ? s('circle', {class: 'd-dot', cx: x, cy: y, r: 3.2}) : s('path', {class: 'd-open', d: `M${x - 4} ${y + 3}l4 -7l4 7z`});
	mark.append(s('title', null, words));
	return mark;
}

/*
 * runs: oldest first. points: [{run, ns, reached, worst}]. The x is the run's place, so that a weekend leaves no hole; the y is from
 * zero on, so that heights can be compared.
 */
export function dots(what, runs, figureOf, large, width) {
	const last = runs.slice(-MOST), height = large ? HEIGHT.large : HEIGHT.small, foot = large ? 18 : 4, left = large ? 52 : 2;
	const points = last.map((run, i) => ({run, i, point: pointOf(figureOf(run)), figure: figureOf(run)})).filter((p) => p.point);
	if (!points.length)
		return null;
	const most = Math.max(...points.map((p) => Math.max(p.point[0], large ? p.figure.worst_known_ns ?? 0 : 0)), 1);
	const x = (i) => left + 8 + (last.length < 2 ? (width - left - 16) / 2 : i / (last.length - 1) * (width - left - 16));
	const y = (ns) => height - foot - 5 - ns / most * (height - foot - 14);
	const drawing = s('svg', {class: large ? 'trend' : 'spark', role: 'img', viewBox: `0 0 ${width} ${height}`, width, height},
		s('title', null, text(`${what}: ${points.length} runs, ${points.filter((p) => !p.point[1]).length} not reached; the last ${told(points.at(-1).point)}`, 300)));
	if (large)
		drawing.append(s('text', {class: 'tick end', x: left - 6, y: y(most) + 4}, duration(most)), s('text', {class: 'tick end', x: left - 6, y: y(0) + 4}, '0'),
			s('path', {class: 'grid', d: `M${left} ${y(most)}H${width}`}));
	drawing.append(s('path', {class: 'axis', d: `M${left} ${y(0)}H${width}`}));
	for (let i = 1; i < last.length; i++)
		if (last[i].plan_hash !== last[i - 1].plan_hash)
			drawing.append(s('path', {class: 'limit-plan', d: `M${(x(i - 1) + x(i)) / 2} 2V${height - foot}`}));
	for (const p of points) {
		if (large && p.figure.worst_known_ns > p.point[0])
			drawing.append(s('path', {class: 'd-err', d: `M${x(p.i)} ${y(p.point[0])}V${y(p.figure.worst_known_ns)}`}));
		drawing.append(dot(x(p.i), y(p.point[0]), p.point[1],
			text(`${new Date(p.run.started_ns / 1e6).toISOString().slice(0, 16).replace('T', ' ')} UTC: ${told(p.point)}, n = ${p.figure.n}`, 200)));
	}
	return {drawing, n: points.length, never: points.filter((p) => !p.point[1]).length, last: points.at(-1)};
}

export function told([ns, reached]) {
	return reached ? duration(ns) : `> ${duration(ns)}`;
}
