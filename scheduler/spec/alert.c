/* "prometheus:SlowOrders{severity="page"}/firing": what an alert is called as a channel. */
#include "ordeal/alert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/fault.h"

#define ALERT_FORM                                                              \
	"it as in 'prometheus:SlowOrders', 'prometheus:SlowOrders/pending' or " \
	"'alertmanager:SlowOrders{severity=\"page\"}/notified'"

static const char prometheus[] = "prometheus:", alertmanager[] = "alertmanager:";

static const char *const stages[] = {
	[ORD_ALERT_PENDING] = "pending",   [ORD_ALERT_FIRING] = "firing",
	[ORD_ALERT_RECEIVED] = "received", [ORD_ALERT_ACTIVE] = "active",
	[ORD_ALERT_NOTIFIED] = "notified",
};

const char *ord_alert_stage_name(enum ord_alert_stage stage)
{
	return stages[stage];
}

/* What needs no quotes in a name. */
static bool plain(char c)
{
	return c && !isspace((unsigned char)c) && (unsigned char)c > 0x20 && c != 0x7f &&
	       !strchr("{}()/\"\\,=", c);
}

size_t ord_alert_length(const char *text)
{
	bool quoted = false;
	size_t n = 0;

	for (; text[n]; n++) {
		if (quoted && text[n] == '\\' && text[n + 1])
			n++;
		else if (text[n] == '"')
			quoted = !quoted;
		else if (!quoted && (text[n] == ')' || isspace((unsigned char)text[n])))
			break;
	}
	return n;
}

/* "text" with \" and \\ in it, from *p on, which then stands behind it. */
static int quoted(const char *text, const char **p, char *out, size_t size,
		  struct ord_that_mistake *m)
{
	const char *from = (*p)++;
	size_t n = 0;

	for (; **p && **p != '"'; (*p)++) {
		if (**p == '\\' && !strchr("\"\\", (*p)[1]))
			return ord_that_wrong(m, (size_t)(*p - text),
					      "a '\\' stands before '\"' or '\\'");
		*p += **p == '\\';
		if (!**p || (unsigned char)**p < 0x20)
			break;
		if (n + 1 >= size)
			return ord_that_wrong(m, (size_t)(from - text),
					      "a text of more than %zu bytes", size - 1);
		out[n++] = **p;
	}
	if (**p != '"')
		return ord_that_wrong(m, (size_t)(from - text), "the closing '\"' is missing");
	(*p)++;
	out[n] = '\0';
	return 0;
}

static int name_part(const char *text, const char **p, struct ord_alert *a,
		     struct ord_that_mistake *m)
{
	const char *from = *p;
	size_t n = 0;

	if (*from == '"') {
		if (quoted(text, p, a->name, sizeof a->name, m))
			return -1;
		return *a->name ? 0
				: ord_that_wrong(m, (size_t)(from - text),
						 "the alert's name is missing; write " ALERT_FORM);
	}
	while (plain(from[n]))
		n++;
	if (!n)
		return ord_that_wrong(m, (size_t)(from - text),
				      "the alert's name is missing; write " ALERT_FORM);
	if (n >= sizeof a->name)
		return ord_that_wrong(m, (size_t)(from - text),
				      "an alert's name of more than %zu bytes", sizeof a->name - 1);
	(void)snprintf(a->name, sizeof a->name, "%.*s", (int)n, from);
	*p = from + n;
	return 0;
}

/* NAME="VALUE" */
static int matcher(const char *text, const char **p, struct ord_alert *a,
		   struct ord_that_mistake *m)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *from = *p;
	size_t n = strspn(from, letters), i = a->n_labels;

	if (i == ORD_MATCHERS_MAX)
		return ord_that_wrong(m, (size_t)(from - text), "more than %d labels",
				      ORD_MATCHERS_MAX);
	if (!n || n >= sizeof a->labels[i].name || isdigit((unsigned char)*from))
		return ord_that_wrong(m, (size_t)(from - text),
				      "a label's name is wanted, as in '{severity=\"page\"}'");
	if (from[n] != '=' || from[n + 1] != '"')
		return ord_that_wrong(m, (size_t)(from - text) + n,
				      "a label is equal to a text, as in '%.*s=\"page\"'", (int)n,
				      from);
	(void)snprintf(a->labels[i].name, sizeof a->labels[i].name, "%.*s", (int)n, from);
	for (size_t j = 0; j < i; j++)
		if (!strcmp(a->labels[i].name, a->labels[j].name))
			return ord_that_wrong(m, (size_t)(from - text),
					      "the label '%s' stands there twice",
					      a->labels[i].name);
	*p = from + n + 1;
	a->n_labels++;
	return quoted(text, p, a->labels[i].value, sizeof a->labels[i].value, m);
}

static int labels_part(const char *text, const char **p, struct ord_alert *a,
		       struct ord_that_mistake *m)
{
	if (**p != '{')
		return 0;
	do {
		(*p)++;
		if (matcher(text, p, a, m))
			return -1;
	} while (**p == ',');
	if (**p != '}')
		return ord_that_wrong(m, (size_t)(*p - text),
				      "'}' is wanted here; write " ALERT_FORM);
	(*p)++;
	return 0;
}

static int stage_part(const char *text, const char *p, struct ord_alert *a,
		      struct ord_that_mistake *m)
{
	static const char *const of_prometheus[] = {"pending", "firing"};
	static const char *const of_alertmanager[] = {"received", "active", "notified"};
	const char *const *words = a->alertmanager ? of_alertmanager : of_prometheus, *near;
	size_t n = a->alertmanager ? ORD_COUNT(of_alertmanager) : ORD_COUNT(of_prometheus);

	a->stage = a->alertmanager ? ORD_ALERT_ACTIVE : ORD_ALERT_FIRING;
	if (!*p)
		return 0;
	if (*p != '/')
		return ord_that_wrong(m, (size_t)(p - text),
				      "a '/' and a stage may follow here; write " ALERT_FORM);
	for (size_t i = 0; i < ORD_COUNT(stages); i++)
		if (!strcmp(p + 1, stages[i]) && (i >= ORD_ALERT_RECEIVED) == a->alertmanager) {
			a->stage = (enum ord_alert_stage)i;
			return 0;
		}
	near = ord_nearest(p + 1, words, n);
	return ord_that_wrong(m, (size_t)(p - text) + 1,
			      "unknown stage '%.40s' of an alert of %s; %s%s%s", p + 1,
			      a->alertmanager ? "Alertmanager" : "Prometheus",
			      near ? "did you mean '" : "there are ",
			      near		? near
			      : a->alertmanager ? "received, active and notified"
						: "pending and firing",
			      near ? "'?" : "");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b); /* the name is the first member */
}

int ord_alert_parse(const char *text, struct ord_alert *ret, struct ord_that_mistake *mistake)
{
	struct ord_alert a = {0};
	const char *p = text;

	if (!strncmp(text, prometheus, sizeof prometheus - 1))
		p += sizeof prometheus - 1;
	else if (!strncmp(text, alertmanager, sizeof alertmanager - 1))
		p += sizeof alertmanager - 1;
	else
		return ord_that_wrong(mistake, 0, "'%.60s' is no alert; write " ALERT_FORM, text);
	a.alertmanager = *text == 'a';
	if (name_part(text, &p, &a, mistake) || labels_part(text, &p, &a, mistake) ||
	    stage_part(text, p, &a, mistake))
		return -1;
	qsort(a.labels, a.n_labels, sizeof a.labels[0], by_name);
	*ret = a;
	return 0;
}

static void put_quoted(FILE *f, const char *text)
{
	(void)fputc('"', f);
	for (; *text; text++)
		(void)fprintf(f, strchr("\"\\", *text) ? "\\%c" : "%c", *text);
	(void)fputc('"', f);
}

int ord_alert_text(const struct ord_alert *alert, char out[static ORD_CHANNEL_MAX])
{
	FILE *f = fmemopen(out, ORD_CHANNEL_MAX, "w");
	bool bare = true, full;

	if (!f)
		return -1;
	for (const char *p = alert->name; *p; p++)
		bare = bare && plain(*p);
	(void)fputs(alert->alertmanager ? alertmanager : prometheus, f);
	if (bare)
		(void)fputs(alert->name, f);
	else
		put_quoted(f, alert->name);
	for (size_t i = 0; i < alert->n_labels; i++) {
		(void)fprintf(f, "%s%s=", i ? "," : "{", alert->labels[i].name);
		put_quoted(f, alert->labels[i].value);
	}
	(void)fprintf(f, "%s/%s", alert->n_labels ? "}" : "", stages[alert->stage]);
	full = fflush(f) || ftell(f) >= ORD_CHANNEL_MAX;
	return fclose(f) || full ? -1 : 0;
}
