/* The strips of a run on canvases: the marks and colours of the reports' charts (reports/write/chart_strip.c). */

const STRIP_PX = {probe: 46, fault: 16, phase: 14, axis: 18};
const MARKS_PX = 14;    /* outcomes; the latency is below them */
const LATENCY_PX = [20, 45];
const LATENCY_MS = [1, 10000];
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

let colours = null;
for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
	matchMedia(query).addEventListener('change', () => { colours = null; });

function palette() {
	if (!colours) {
		const css = getComputedStyle(document.documentElement);
		colours = Object.fromEntries(['good', 'bad', 'bad2', 'dim', 'fault', 'fault2', 'sig', 'lat', 'line', 'soft', 'card']
			.map((name) => [name, css.getPropertyValue(`--${name}`).trim()]));
		colours.hatch = hatch(colours.fault2, colours.fault);
		colours.wrong = hatch(colours.bad2, colours.bad);
		colours.font = css.fontFamily || 'sans-serif';
	}
	return colours;
}

function hatch(ground, stripe) {
	const tile = document.createElement('canvas'), side = 6, g = tile.getContext('2d');
	tile.width = tile.height = side;
	g.fillStyle = ground;
	g.fillRect(0, 0, side, side);
	g.strokeStyle = stripe;
	g.lineWidth = 2;
	for (const x of [-side, 0, side]) {
		g.beginPath();
		g.moveTo(x - 1, side + 1);
		g.lineTo(x + side + 1, -1);
		g.stroke();
	}
	return g.createPattern(tile, 'repeat');
}

/* Ready to be drawn on in CSS pixels, or null where nobody sees it. */
function begin(canvas, height) {
	const width = canvas.clientWidth, scale = Math.min(3, devicePixelRatio || 1);
	if (!width)
		return null;
	if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
		canvas.width = Math.round(width * scale);
		canvas.height = Math.round(height * scale);
	}
	const g = canvas.getContext('2d');
	g.setTransform(scale, 0, 0, scale, 0, 0);
	g.clearRect(0, 0, width, height);
	return {g, width};
}

/* Where a second of the run is. What is drawn: {series, now, least}, the last being how many seconds a strip shows at least. */
function scale({series, now, least}, width) {
	const from = series.from ?? now, span = Math.max(least, now - from);
	return {from, span, x: (t) => (t - from) / span * width};
}

/* [from, to, what] of each stretch of a list of changes. */
function* stretches(list, now) {
	for (let i = 0; i < list.length; i++)
		yield [list[i].t, list[i + 1]?.t ?? now, list[i].what];
}

function inForce(g, series, now, x, height, colour) {
	g.fillStyle = colour;
	g.globalAlpha = 0.5;
	for (const list of series.faults.values())
		for (const [a, b, what] of stretches(list, now))
			if (what === 'injected')
				g.fillRect(x(a), 0, Math.max(1, x(b) - x(a)), height);
	g.globalAlpha = 1;
}

function latencyY(ms) {
	const [low, high] = LATENCY_MS.map(Math.log10), [top, bottom] = LATENCY_PX;
	return bottom - (Math.min(Math.max(Math.log10(ms), low), high) - low) / (high - low) * (bottom - top);
}

/* Good is low and thin, what is not is high: the shape tells them apart without the colour. */
function mark(g, x, width, kind, c) {
	if (kind === 'bad' || kind === 'on') {
		g.fillStyle = kind === 'bad' ? c.wrong : c.sig;
		g.fillRect(x, 0, width, MARKS_PX);
	} else if (kind === 'unknown') {
		g.strokeStyle = c.dim;
		g.strokeRect(x + 0.5, MARKS_PX / 2 - 3.5, Math.max(1, width - 1), 7);
	} else {
		g.fillStyle = kind === 'off' ? c.dim : c.good;
		g.fillRect(x, MARKS_PX / 2 - 2, width, 4);
	}
}

function kindOf(row, i, signal) {
	if (row.bad[i])
		return signal ? (row.good[i] ? 'on' : 'off') : 'bad';
	if (row.good[i])
		return signal ? 'on' : 'good';
	return row.unknown[i] ? 'unknown' : '';
}

/* The server tells four times a second, now a little early and now late: a bucket or two without a sample are no gap. */
function reach(row, i, n) {
	for (let k = 1; k <= 3 && i + k < n; k++)
		if (row.good[i + k] || row.bad[i + k] || row.unknown[i + k])
			return k;
	return 1;
}

export function drawProbe(canvas, drawn, name, signal) {
	const {series, now} = drawn, on = begin(canvas, STRIP_PX.probe), row = series.rows.get(name);
	if (!on)
		return;
	const {g, width} = on, c = palette(), {x} = scale(drawn, width);
	inForce(g, series, now, x, STRIP_PX.probe, c.fault2);
	g.fillStyle = c.line;
	for (const ms of [10, 100, 1000])
		g.fillRect(0, Math.round(latencyY(ms)), width, 1);
	const wide = x((series.from ?? 0) + series.grain);
	for (let i = 0, n = row ? series.filled : 0; i < n; i++) {
		const kind = kindOf(row, i, signal), left = i * wide;
		if (kind)
			mark(g, left, Math.max(1.2, wide * reach(row, i, n)), kind, c);
		if (row.latency[i] > 0) {
			g.fillStyle = kind === 'bad' ? c.bad : c.lat;
			g.fillRect(left, latencyY(row.latency[i]) - 1.25, Math.max(2, Math.min(wide, 3)), 2.5);
		}
	}
}

export function drawFault(canvas, drawn, name) {
	const {series, now} = drawn, on = begin(canvas, STRIP_PX.fault);
	if (!on)
		return;
	const {g, width} = on, c = palette(), {x} = scale(drawn, width);
	g.fillStyle = c.line;
	g.fillRect(0, STRIP_PX.fault / 2, width, 1);
	for (const [a, b, what] of stretches(series.faults.get(name) ?? [], now)) {
		if (what !== 'injected' && what !== 'failed')
			continue;
		g.fillStyle = what === 'failed' ? c.wrong : c.hatch;
		g.fillRect(x(a), 1, Math.max(2, x(b) - x(a)), STRIP_PX.fault - 2);
	}
}

export function drawPhases(canvas, drawn) {
	const {series, now} = drawn, on = begin(canvas, STRIP_PX.phase);
	if (!on)
		return;
	const {g, width} = on, c = palette(), {x} = scale(drawn, width);
	let odd = false;
	g.font = `10px ${c.font}`;
	g.textBaseline = 'middle';
	for (const [a, b, what] of stretches(series.phases, now)) {
		const left = Math.max(0, x(a)), wide = x(b) - left;
		g.fillStyle = (odd = !odd) ? c.soft : c.line;
		g.fillRect(left, 0, wide, STRIP_PX.phase);
		g.fillStyle = c.dim;
		if (g.measureText(what).width + 8 < wide)
			g.fillText(what, left + 4, STRIP_PX.phase / 2 + 0.5);
	}
}

function label(t, step) {
	const two = (n) => String(Math.floor(n)).padStart(2, '0');
	return step >= 3600 || t >= 3600 ? `${Math.floor(t / 3600)}:${two(t % 3600 / 60)}:${two(t % 60)}` : `${Math.floor(t / 60)}:${two(t % 60)}`;
}

export function drawAxis(canvas, drawn) {
	const on = begin(canvas, STRIP_PX.axis);
	if (!on)
		return;
	const {g, width} = on, c = palette(), {from, span, x} = scale(drawn, width);
	const step = STEPS_S.find((s) => span / s * 64 < width) ?? STEPS_S.at(-1);
	g.font = `10.5px ${c.font}`;
	g.textBaseline = 'bottom';
	g.fillStyle = c.dim;
	g.fillRect(0, 0, width, 1);
	for (let t = Math.ceil(from / step) * step; t <= from + span; t += step) {
		const words = label(t, step), wide = g.measureText(words).width;
		g.fillRect(x(t), 0, 1, 4);
		g.fillText(words, Math.min(Math.max(0, x(t) - wide / 2), width - wide), STRIP_PX.axis);
	}
}
