/* What the users lost: degradation area, availability, error budget, and whether burn rates would
 * have paged (docs/formats/verdicts.md). */
#ifndef ORDEAL_REPORTS_LOSS_H
#define ORDEAL_REPORTS_LOSS_H

#include "reports/instant.h"

/* OpenSLO's names. */
enum ord_slo_method { ORD_SLO_OCCURRENCES, ORD_SLO_TIMESLICES, ORD_SLO_RATIO_TIMESLICES };

struct ord_slo {
	int64_t target_ppm, window;
	enum ord_slo_method method;
	int64_t slice_target_ppm, slice; /* of the two with slices */
};

/* One pair of windows: both must burn that much. */
struct ord_page {
	const char *name; /* "1h/5m 14.4x" */
	bool ticket;	  /* else it pages */
	int64_t long_ns, short_ns, burn_milli;
	int64_t needs_ns;      /* of full outage, to fire at all */
	struct ord_instant at; /* unknown: it would not have */
};
#define ORD_PAGES 3

struct ord_budget {
	bool known; /* there is an SLO, and samples */
	struct ord_slo slo;
	int64_t bad_ppm, total, unknown; /* events or slices; bad in millionths of one */
	int64_t burnt_ppm;    /* of the window's budget; samples that are unknown counted as good */
	int64_t burnt_hi_ppm; /* and as bad */
	struct ord_page pages[ORD_PAGES];
};

/* What all repetitions together burnt of the one budget that they share; of Occurrences alone. */
struct ord_budget_total {
	size_t n; /* repetitions; 0: not told */
	int64_t burnt_ppm, burnt_hi_ppm;
};

/* From the fault's request to the end of the repetition, over all user probes. */
struct ord_loss {
	bool known;
	int64_t window;		     /* ns */
	int64_t area_ns, area_hi_ns; /* seconds of full outage; hi: unknown slots counted as lost */
	size_t good, bad, unknown;   /* background failures that are excused count as unknown */
	int64_t ok_ppm;		     /* good of decided; -1: none was decided */
	int64_t bad_time_ns; /* in which some user probe's slot was bad; -1: too many flaps */
	int64_t time_ok_ppm; /* 1 - that part of the window; -1: not known */
};

const char *ord_slo_method_name(enum ord_slo_method m); /* "Occurrences" */

#endif
