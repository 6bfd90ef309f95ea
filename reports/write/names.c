/* The names that every format shows. */
#include "reports/analysis.h"

const char *ord_tl_outcome_name(enum ord_tl_outcome o)
{
	static const char *const names[] = {"ok",      "wrong",	  "refused",	"reset",
					    "timeout", "skipped", "local-error"};

	return names[o];
}

const char *ord_result_name(enum ord_result r)
{
	static const char *const names[] = {
		[ORD_RESULT_MET] = "met",
		[ORD_RESULT_MISSED] = "missed",
		[ORD_RESULT_INCONCLUSIVE] = "inconclusive",
		[ORD_RESULT_NOT_APPLICABLE] = "not applicable",
		[ORD_RESULT_NOT_MEASURED] = "not measured",
	};

	return names[r];
}

const char *ord_rep_state_name(enum ord_rep_state s)
{
	static const char *const names[] = {
		[ORD_REP_ABSENT] = "not run",
		[ORD_REP_MEASURED] = "measured",
		[ORD_REP_INVALID] = "invalid",
		[ORD_REP_NO_TRAFFIC] = "no traffic matched",
		[ORD_REP_NO_STEADY] = "no steady state",
		[ORD_REP_FAULT] = "fault failed",
		[ORD_REP_TAKEN_BACK] = "taken back",
		[ORD_REP_UNFELT] = "effect not observed",
		[ORD_REP_ABORTED] = "aborted",
		[ORD_REP_LOST_PROBE] = "probe lost",
		[ORD_REP_CUT] = "cut off",
	};

	return names[s];
}

const char *ord_onset_name(enum ord_onset o)
{
	static const char *const names[] = {
		[ORD_ONSET_NOT_COMPARED] = "not compared",
		[ORD_ONSET_NEITHER] = "neither",
		[ORD_ONSET_AGREES] = "agrees",
		[ORD_ONSET_DIFFERS] = "differs",
		[ORD_ONSET_ONLY_RULE] = "only by rule",
		[ORD_ONSET_ONLY_SEGMENTS] = "only by segments",
	};

	return names[o];
}

const char *ord_slo_method_name(enum ord_slo_method m)
{
	static const char *const names[] = {[ORD_SLO_OCCURRENCES] = "Occurrences",
					    [ORD_SLO_TIMESLICES] = "Timeslices",
					    [ORD_SLO_RATIO_TIMESLICES] = "RatioTimeslices"};

	return names[m];
}

const char *ord_stage_name(enum ord_stage s)
{
	static const char *const names[] = {
		[ORD_STAGE_SCRAPED] = "scraped",   [ORD_STAGE_PENDING] = "pending",
		[ORD_STAGE_FIRING] = "firing",	   [ORD_STAGE_RECEIVED] = "received",
		[ORD_STAGE_NOTIFIED] = "notified",
	};

	return names[s];
}

const char *ord_leg_name(enum ord_leg l)
{
	static const char *const names[] = {
		[ORD_LEG_SCRAPE] = "scrape",
		[ORD_LEG_EVALUATE] = "evaluate",
		[ORD_LEG_FOR] = "for",
		[ORD_LEG_DELIVER] = "deliver",
		[ORD_LEG_GROUP_WAIT] = "group wait",
		[ORD_LEG_NOTIFY] = "notify",
	};

	return names[l];
}
