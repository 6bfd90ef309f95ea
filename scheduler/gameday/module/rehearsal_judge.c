/* What a look means: go, or no go, and why. */
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "base/units.h"
#include "scheduler/gameday/module/rehearsal.h"

#define ROOM_LEAST	 (256ull << 20)
#define CLOCK_OFF_MOST	 ORD_S
#define CLOCK_ERROR_MOST 100000 /* us */

/* Why it came to no answer. */
static const char *reason(const struct rehearsal_seen *seen, const char *said)
{
	if (*seen->why)
		return seen->why;
	return said && *said ? said : "the look did not come so far";
}

/* A rehearsal is aborted by the opposite of a condition: it is told the right way round. */
static void not_held(const struct rehearsal_seen *seen, const struct ord_spec *spec,
		     const char *said, char text[static REHEARSAL_TEXT_MAX])
{
	char opposite[ORD_SENTENCE_MAX];
	size_t n;

	for (size_t i = 0; i < spec->n_steady; i++) {
		rehearsal_against(&spec->steady[i], opposite);
		n = strlen(opposite);
		if (n && !strncmp(seen->why, opposite, n)) {
			(void)snprintf(text, REHEARSAL_TEXT_MAX, "did not hold: %.300s%.100s",
				       spec->steady[i].text, seen->why + n);
			return;
		}
	}
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "did not hold: %.400s",
		       *seen->not_met ? seen->not_met : reason(seen, said));
}

enum day_result rehearsal_steady(const struct rehearsal_seen *seen, const struct ord_spec *spec,
				 const char *said, char text[static REHEARSAL_TEXT_MAX])
{
	if (!spec->n_steady) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX, "the experiment has no steadyState");
		return DAY_CANNOT;
	}
	if (!seen->before || !seen->after || !strcmp(seen->cause, "aborted")) {
		not_held(seen, spec, said, text);
		return DAY_FAIL;
	}
	if (seen->before < 0 || seen->after < 0) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX, "%.*s", REHEARSAL_TEXT_MAX - 1,
			       reason(seen, said));
		return DAY_CANNOT;
	}
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "holds: %zu condition%s, before and after",
		       spec->n_steady, spec->n_steady == 1 ? "" : "s");
	return DAY_PASS;
}

/* To a tenth of a millisecond, upwards. */
static int64_t rounded(int64_t ns)
{
	const int64_t unit = (int64_t)ORD_MS / 10;

	return (ns + unit - 1) / unit * unit;
}

enum day_result rehearsal_rollback(const struct rehearsal_seen *seen, const char *said,
				   char text[static REHEARSAL_TEXT_MAX])
{
	char took[32];

	if (seen->reverted && !seen->left_behind) {
		(void)snprintf(
			text, REHEARSAL_TEXT_MAX,
			"noop was injected in the place of the faults, and taken back in %s",
			ord_format_duration(rounded(seen->reverted_t - seen->reverting_t), took));
		return DAY_PASS;
	}
	if (!seen->injected && (!seen->before || !strcmp(seen->cause, "aborted"))) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX,
			       "was not rehearsed: the steady state did not hold");
		return DAY_CANNOT;
	}
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "%s: %.400s",
		       seen->injected ? "what was injected was not taken back"
				      : "nothing could be injected",
		       reason(seen, said));
	return DAY_FAIL;
}

enum day_result rehearsal_alerts(const struct rehearsal_seen *seen, const struct ord_spec *spec,
				 char text[static REHEARSAL_TEXT_MAX])
{
	if (!spec->detection.prometheus.url && !spec->detection.alertmanager.url) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX,
			       "the experiment names neither Prometheus nor Alertmanager");
		return DAY_CANNOT;
	}
	if (*seen->firing) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX, "fires: %.400s", seen->firing);
		return DAY_FAIL;
	}
	if (*seen->unasked || seen->before < 0) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX, "nobody could be asked%s%.400s",
			       *seen->unasked ? ": " : "", seen->unasked);
		return DAY_CANNOT;
	}
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "none that the experiment names fires");
	return DAY_PASS;
}

enum day_result rehearsal_clock(const struct rehearsal_seen *seen,
				char text[static REHEARSAL_TEXT_MAX])
{
	struct timex now = {.modes = 0};
	char off[32];
	int state = adjtimex(&now);

	if (seen->clock_off_ns > (int64_t)CLOCK_OFF_MOST) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX,
			       "a server that is asked has a clock that is %s off",
			       ord_format_duration(seen->clock_off_ns, off));
		return DAY_FAIL;
	}
	if (state < 0 || state == TIME_ERROR || now.status & STA_UNSYNC) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX,
			       "the kernel knows of nobody who keeps this machine's clock in time");
		return DAY_CANNOT;
	}
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "this machine's is right to %s",
		       ord_format_duration(rounded(now.maxerror * (int64_t)ORD_US), off));
	return now.maxerror > CLOCK_ERROR_MOST ? DAY_FAIL : DAY_PASS;
}

enum day_result rehearsal_disk(const char *path, char text[static REHEARSAL_TEXT_MAX])
{
	struct statvfs fs;
	uint64_t room, unit;
	char size[32];

	if (statvfs(path, &fs)) {
		(void)snprintf(text, REHEARSAL_TEXT_MAX, "'%.400s' cannot be looked at", path);
		return DAY_CANNOT;
	}
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	unit = room >> 30 ? 1ull << 30 : 1ull << 20;
	(void)snprintf(text, REHEARSAL_TEXT_MAX, "%s free for what is recorded",
		       ord_format_size((int64_t)(room / unit * unit), size));
	return room < ROOM_LEAST ? DAY_FAIL : DAY_PASS;
}
