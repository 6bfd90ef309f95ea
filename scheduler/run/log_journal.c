/* A unit's lines in the journal, with journald's own instant of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/run/log_source.h"

#define LOOK_NS	 (2 * ORD_MS)
#define AGAIN_NS ORD_S

struct log_journal {
	const char *unit; /* borrowed */
	sd_journal *journal;
	sd_id128_t boot;
	uint64_t began_ns, tried_ns;
	char why[ORD_WHY_MAX];
};

/* sd_journal_open() leaves out what it may not read without a word, so this is asked beside it. */
static const char *refusal(void)
{
	static const char *const roots[] = {"/run/log/journal", "/var/log/journal"};
	char id[SD_ID128_STRING_MAX], path[128];
	sd_id128_t machine;
	bool there = false;

	if (sd_id128_get_machine(&machine) < 0)
		return "this machine has no id, and so no journal";
	for (size_t i = 0; i < ORD_COUNT(roots); i++) {
		(void)snprintf(path, sizeof path, "%s/%s/system.journal", roots[i],
			       sd_id128_to_string(machine, id));
		if (access(path, R_OK) == 0)
			return NULL;
		there |= access(path, F_OK) == 0;
		path[strlen(path) - strlen("/system.journal")] = '\0';
		there |= access(path, F_OK) == 0 && access(path, X_OK) < 0;
	}
	return there ? "the journal may not be read by this user; the group systemd-journal may"
		     : "there is no journal on this machine";
}

/* What the unit says itself, and what systemd says of it. */
static int choose(sd_journal *j, const char *unit)
{
	char match[300];
	int e;

	(void)snprintf(match, sizeof match, "_SYSTEMD_UNIT=%s", unit);
	e = sd_journal_add_match(j, match, 0);
	if (e >= 0)
		e = sd_journal_add_disjunction(j);
	(void)snprintf(match, sizeof match, "UNIT=%s", unit);
	if (e >= 0)
		e = sd_journal_add_match(j, match, 0);
	return e >= 0 ? sd_journal_add_match(j, "_PID=1", 0) : e;
}

static int open_now(struct log_journal *j, struct log_look *look)
{
	const char *why = refusal();
	sd_journal *journal = NULL;
	int e = why ? 0 : sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);

	if (!why && e >= 0)
		e = choose(journal, j->unit);
	if (!why && e >= 0)
		e = sd_journal_get_fd(journal); /* from here on it is told of what is appended */
	if (!why && e >= 0)
		e = sd_journal_seek_tail(journal);
	if (!why && e >= 0)
		e = sd_journal_previous(journal);
	if (why || e < 0) {
		sd_journal_close(journal);
		(void)snprintf(look->why, sizeof look->why, "%s: %s", j->unit,
			       why ? why : strerror(-e));
		return -1;
	}
	j->journal = journal;
	return 0;
}

struct log_journal *log_journal_open(const char *unit, uint64_t now_ns)
{
	struct log_journal *j = calloc(1, sizeof *j);

	if (!j || sd_id128_get_boot(&j->boot) < 0) {
		free(j);
		return NULL;
	}
	j->unit = unit;
	j->began_ns = now_ns;
	return j;
}

static void stamp_of(sd_journal *journal, char *out, size_t size)
{
	uint64_t usec;
	struct tm tm;
	time_t s;

	*out = '\0';
	if (sd_journal_get_realtime_usec(journal, &usec) < 0)
		return;
	s = (time_t)(usec / 1000000);
	if (gmtime_r(&s, &tm))
		(void)snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900,
			       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			       (unsigned)(usec % 1000000));
}

static void tell(struct log_journal *j, struct log_look *look)
{
	static const char field[] = "MESSAGE=";
	char text[LOG_LINE_MAX + 1], stamp[64];
	const void *data;
	sd_id128_t boot;
	uint64_t usec;
	size_t n;

	/* Only what came after the run began: by the one clock that no step moves. */
	if (sd_journal_get_monotonic_usec(j->journal, &usec, &boot) < 0 ||
	    !sd_id128_equal(boot, j->boot) || usec * ORD_US < j->began_ns)
		return;
	if (sd_journal_get_data(j->journal, "MESSAGE", &data, &n) < 0 || n < sizeof field - 1)
		return;
	n -= sizeof field - 1;
	n = n < LOG_LINE_MAX ? n : LOG_LINE_MAX;
	memcpy(text, (const char *)data + sizeof field - 1, n);
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	text[n] = '\0';
	stamp_of(j->journal, stamp, sizeof stamp);
	look->line(look->arg, text, usec * ORD_US, usec * ORD_US, stamp);
}

int log_journal_look(struct log_journal *j, struct log_look *look)
{
	int e;

	if (!j->journal) {
		if (j->tried_ns && look->now_ns - j->tried_ns < AGAIN_NS) {
			(void)snprintf(look->why, sizeof look->why, "%s", j->why);
			return -1;
		}
		j->tried_ns = look->now_ns;
		if (open_now(j, look)) {
			(void)snprintf(j->why, sizeof j->why, "%s", look->why);
			return -1;
		}
	}
	(void)sd_journal_process(j->journal);
	do {
		e = sd_journal_next(j->journal);
		if (e > 0)
			tell(j, look);
	} while (e > 0 && ord_now_ns() - look->now_ns < LOOK_NS);
	if (e >= 0)
		return 0;
	(void)snprintf(look->why, sizeof look->why, "%s: %s", j->unit, strerror(-e));
	sd_journal_close(j->journal);
	j->journal = NULL;
	return -1;
}

void log_journal_close(struct log_journal *j)
{
	if (!j)
		return;
	sd_journal_close(j->journal);
	free(j);
}
