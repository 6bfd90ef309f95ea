/* The small language of conditions and objectives. */
#ifndef ORDEAL_SPEC_CONDITION_H
#define ORDEAL_SPEC_CONDITION_H

#include "ordeal/spec.h"

/* What is wrong, and at which byte. */
struct language_mistake {
	size_t at;
	char text[320];
};

/* Where the probe's name stands; its index is found when all probes are known. "" where the
 * sentence names none. Of a log's name the same. */
struct language_probe {
	char name[ORD_NAME_MAX];
	size_t at;
};

/* "PROBE.METRIC OP VALUE over WINDOW". -1, and *ret_mistake says what would be right. */
int condition_parse(const char *text, struct ord_condition *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake);
/* The same, or "prometheus:ALERT firing|pending", "alertmanager:ALERT firing". */
int abort_parse(const char *text, struct ord_condition *ret, struct language_probe *ret_probe,
		struct language_mistake *ret_mistake);
/* "detect(CHANNEL) within T", "recover(self|after_rollback|full) within T [hold T]", "budget(SLO,
 * WINDOW) < SHARE", "no_regression(FIGURE) margin SHARE against FILE|TAG". */
int objective_parse(const char *text, struct ord_objective *ret, struct language_probe *ret_probe,
		    struct language_mistake *ret_mistake);

#endif
