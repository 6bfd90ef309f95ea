/* What of an alert is arithmetic: durations as Prometheus writes them, and whether a fault can make
 * it fire. Pure. */
#ifndef ORDEAL_MONITOR_NEEDS_H
#define ORDEAL_MONITOR_NEEDS_H

#include <stdbool.h>
#include <stdint.h>

struct ord_plan;

/* "15s", "1m30s", "1h". -1: it is none. */
int mon_duration(const char *text, uint64_t *ret_ns);
/* Seconds, as the rules API gives them. */
uint64_t mon_seconds(double s);

struct mon_needs {
	uint64_t guaranteed_ns; /* a fault of this length makes it fire, whatever the phases */
	uint64_t impossible_ns; /* a shorter one cannot */
};

/*
 * A rule with `for: for_ns`, evaluated every evaluation_ns, on samples that come every scrape_ns:
 * it is seen at the next scrape, found at the next evaluation, and fires at the first evaluation
 * that is for_ns after.
 */
struct mon_needs mon_needs_of(uint64_t scrape_ns, uint64_t evaluation_ns, uint64_t for_ns);

enum mon_can { MON_CAN_YES, MON_CAN_PERHAPS, MON_CAN_NO };
enum mon_can mon_can_fire(const struct mon_needs *needs, uint64_t fault_ns);
const char *mon_can_name(enum mon_can can);

/* From the first fault's beginning to the last one's end. */
uint64_t mon_fault_length(const struct ord_plan *plan);

/*
 * A clock against the run's: what all answers have in common, which a drift of 100 ppm widens as
 * time passes.
 */
struct mon_clock {
	bool known;
	int64_t lo_ns, hi_ns; /* the other's wall clock less ours */
	uint64_t at_ns;	      /* CLOCK_MONOTONIC of the last answer */
	uint64_t rtt_ns;      /* the shortest so far */
};
/* The other one said a time within [said_lo, said_hi] at some instant of [sent, done] (ours, wall
 * clock and monotonic alike). True: it does not fit what was known, somebody stepped a clock. */
bool mon_clock_seen(struct mon_clock *c, int64_t said_lo, int64_t said_hi, uint64_t sent_ns,
		    uint64_t done_ns, int64_t anchor_ns);

#endif
