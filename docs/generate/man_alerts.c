/* Of ordeal-spec(5): detection by alerts. */
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"

void part_alerts(FILE *out)
{
	roff_section(out, "ALERTS");
	roff_text(
		out,
		"prometheus:NAME and alertmanager:NAME, with labels in braces that must all be "
		"equal, are channels of detect(), and of abort conditions. Stages of Prometheus: "
		"pending (the expression is true; firing is pending too) and firing, the default. "
		"Of Alertmanager: received (it has the alert), active (and neither silences nor "
		"inhibits it), the default, and notified (it has told ordeal's own webhook).\n"
		"\n"
		"What counts is when the server itself says that it became so, corrected by its "
		"clock's offset, which is measured; every says how often it is looked at, and so "
		"how "
		"soon an abort acts. An alert that is so when a repetition begins is no detection. "
		"A "
		"server that cannot be asked leaves its channels unknown.\n"
		"\n"
		"Before the first fault the rules are read. With scrapes every S, evaluations "
		"every "
		"E and `for` F, a fault of length D makes an alert fire for sure where "
		"D >= S + E + ceil(F/E) * E, and cannot where D < ceil(F/E) * E - S. Of rules that "
		"look back over a window, as rate(x[5m]) or the burn rates of an error budget, "
		"only "
		"the `for` is judged. ordeal plan and ordeal validate --now show the same.\n"
		"\n"
		"The webhook listens on loopback or a unix socket (mode 0660), while a run lasts, "
		"and takes Alertmanager's payload of version 4 of at most 1 MiB. Name it as one "
		"more "
		"webhook_configs entry of the receiver that pages people:\n"
		"\n"
		"  webhook_configs:\n"
		"    - {url: \"http://127.0.0.1:9199/\", send_resolved: true}\n"
		"\n"
		"A notification of the end is up to a group_interval late and never a recovery.");
	roff_section(out, "PROM PROBES");
	roff_text(
		out,
		"The query is an instant query. A scalar is compared as it is; of a vector every "
		"element must satisfy value, and the one that is told is the first that does not, "
		"else the first. Elements that are NaN are left out; where none is left, empty "
		"says "
		"what that is. The age is that of the oldest sample that the query's selectors "
		"read "
		"now; beyond staleness the sample is unknown. So it is where Prometheus does not "
		"answer: that says nothing about the system.");
}
