/*
 * The daemon's clock, as the Date of its answers tells it: a countdown, or an age, must be right on a telephone whose clock is not.
 * Each answer says in which second it was given, so it bounds the difference from both sides; together they bound it ever closer.
 */
const NEAR_MS = 2000;  /* what cannot be told from a clock that is right */
const FRESH_MS = 5000; /* an answer that took longer bounds nothing */

let least = -Infinity, most = Infinity, skew = 0;

/* date: the header; sent: Date.now() before the request. */
export function heard(date, sent) {
	const told = Date.parse(date ?? ''), now = Date.now();
	if (!Number.isFinite(told) || now < sent || now - sent > FRESH_MS)
		return;
	const from = told - now, to = told + 1000 - sent;
	least = Math.max(least, from);
	most = Math.min(most, to);
	if (least > most) { /* one of the two clocks was set */
		least = from;
		most = to;
	}
	skew = least - NEAR_MS < 0 && most + NEAR_MS > 0 ? 0 : Math.round((least + most) / 2);
}

/* The instant that it is there, ms. */
export const now = () => Date.now() + skew;

/* How far this device's clock is behind it, ms; negative: ahead. 0 where they agree. */
export const behind = () => skew;
