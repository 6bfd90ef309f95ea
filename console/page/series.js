/*
 * What the probes of one run saw, in a fixed number of buckets: when they are full, each two become one. So the whole run is
 * there, however long it lasts, and takes the memory that it took after four minutes.
 */

const BUCKETS = 960;
const GRAIN_S = 0.25;   /* as often as the server tells */
const MOST_PROBES = 32;
const MOST_CHANGES = 200;

class Row {
	constructor() {
		this.good = new Uint32Array(BUCKETS);
		this.bad = new Uint32Array(BUCKETS);
		this.unknown = new Uint32Array(BUCKETS);
		this.latency = new Float32Array(BUCKETS); /* the longest, ms; 0: none */
	}

	add(at, p) {
		this.good[at] += p.good || 0;
		this.bad[at] += p.bad || 0;
		this.unknown[at] += p.unknown || 0;
		if (p.latency_ms > this.latency[at])
			this.latency[at] = p.latency_ms;
	}

	halve() {
		for (const counts of [this.good, this.bad, this.unknown]) {
			for (let i = 0; i < BUCKETS / 2; i++)
				counts[i] = counts[2 * i] + counts[2 * i + 1];
			counts.fill(0, BUCKETS / 2);
		}
		for (let i = 0; i < BUCKETS / 2; i++)
			this.latency[i] = Math.max(this.latency[2 * i], this.latency[2 * i + 1]);
		this.latency.fill(0, BUCKETS / 2);
	}
}

export class Series {
	constructor() {
		this.rows = new Map();
		this.last = new Map(); /* of each probe what was told last */
		this.phases = [];      /* {t, what} */
		this.faults = new Map();
		this.grain = GRAIN_S;
		this.from = null;      /* the run's second at which we began to watch */
		this.to = 0;
	}

	/* t: seconds since the run began */
	add(t, probes) {
		if (!Number.isFinite(t) || t < 0)
			return;
		if (this.from === null)
			this.from = Math.floor(t / GRAIN_S) * GRAIN_S;
		this.to = Math.max(this.to, t);
		while ((t - this.from) / this.grain >= BUCKETS) {
			this.grain *= 2;
			for (const row of this.rows.values())
				row.halve();
		}
		const at = Math.max(0, Math.floor((t - this.from) / this.grain));
		for (const p of probes) {
			let row = this.rows.get(p.name);
			if (!row) {
				if (this.rows.size >= MOST_PROBES)
					continue;
				this.rows.set(p.name, row = new Row());
			}
			row.add(at, p);
			/* Where no sample ended meanwhile, what was seen last still is. */
			if (p.good || p.bad || p.unknown || !this.last.has(p.name))
				this.last.set(p.name, p);
		}
	}

	static change(list, t, what) {
		if (list.at(-1)?.what === what)
			return;
		list.push({t, what});
		if (list.length > MOST_CHANGES)
			list.shift();
	}

	phase(t, what) {
		Series.change(this.phases, t, what);
	}

	fault(t, name, what) {
		if (!this.faults.has(name)) {
			if (this.faults.size >= MOST_PROBES)
				return;
			this.faults.set(name, []);
		}
		Series.change(this.faults.get(name), t, what);
	}

	/* How many buckets are in use. */
	get filled() {
		return this.from === null ? 0 : Math.min(BUCKETS, Math.floor((this.to - this.from) / this.grain) + 1);
	}
}
