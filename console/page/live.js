/*
 * What the running step of a session shows: its run is none of the daemon's own, so it is told with the session. Counts come as they
 * are since the run began, and become those since the last time here.
 */
import {Series} from './series.js';

let run = null, before = new Map(); /* of one step at a time: there is one holder, and one page looks at one session */

/* {step, run, t, phase, faults, probes} of the session of that id; null: nothing runs. */
export function takeLive(id, live) {
	if (!live) {
		if (run?.session === id)
			run = null;
		return;
	}
	const key = `${id}/${live.step}/${live.run ?? ''}`, probes = Array.isArray(live.probes) ? live.probes : [];
	if (run?.key !== key) {
		run = {key, session: id, step: live.step, state: 'running', reason: 'game-day', series: new Series(), heard: 0, probes: probes.map(({name, role}) => ({name, role}))};
		before = new Map();
	}
	run.phase = live.phase;
	run.faults = Array.isArray(live.faults) ? live.faults : [];
	run.series.add(live.t, probes.map((p) => {
		const was = before.get(p.name) ?? p;
		return {...p, good: p.good - was.good, bad: p.bad - was.bad, unknown: p.unknown - was.unknown};
	}));
	before = new Map(probes.map((p) => [p.name, p]));
	run.heard = performance.now();
	if (run.phase)
		run.series.phase(live.t, run.phase);
	for (const f of run.faults)
		run.series.fault(live.t, f.name, f.state);
}

/* The run of that step, as a card of a run takes it. */
export function liveRun(id, step) {
	return step && run?.session === id && run.step === step.n ? Object.assign(run, {name: step.experiment ?? step.name}) : null;
}
