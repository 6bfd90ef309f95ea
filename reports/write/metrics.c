#include "reports/write/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "reports/write/text.h"

#define VALUE_MAX 200 /* bytes of a label's value; Prometheus keeps each of them in memory */

char *ord_metric_seconds(int64_t ns, char out[static 32])
{
	uint64_t mag = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	int n = snprintf(out, 32, "%s%llu.%09llu", ns < 0 ? "-" : "", mag / ORD_S, mag % ORD_S);

	while (n > 2 && out[n - 1] == '0' && out[n - 2] != '.')
		out[--n] = '\0';
	return out;
}

/* One character that a label's value can hold; 0: what stands there is none. */
static size_t character(const unsigned char *p)
{
	size_t n = ord_utf8_len(p);

	return n == 1 && *p < ' ' && *p != '\n' ? 0 : n;
}

/*
 * Escaped, and bounded. What had to be changed gets a mark made from the whole, so that two values
 * which differed still do: equal ones would be the same metric twice.
 */
static void label_value(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char hash[ORD_SHA256_HEX];
	bool changed = false;

	for (size_t used = 0; *p && used < VALUE_MAX;) {
		size_t n = character(p);

		if (*p == '\n')
			(void)fputs("\\n", out);
		else if (*p == '"' || *p == '\\')
			(void)fprintf(out, "\\%c", *p);
		else
			(void)fwrite(p, 1, n, out);
		changed |= !n;
		p += n ? n : 1;
		used += n;
	}
	if (changed || *p)
		(void)fprintf(out, "~%.8s", ord_sha256(text, strlen(text), hash));
}

static const char *type_name(const struct ord_metrics *m, const struct ord_family *f)
{
	static const char *const names[] = {"gauge", "counter", "histogram", "info", "stateset"};

	/* The older format has neither; both are gauges of 0 and 1 to it. */
	if (m->dialect == ORD_DIALECT_TEXTFILE && f->type >= ORD_METRIC_INFO)
		return "gauge";
	return names[f->type];
}

/* To OpenMetrics a family is what stands before the suffix, to the older format each counter and
 * info is one of its own. */
static const char *family_suffix(const struct ord_metrics *m, const struct ord_family *f)
{
	if (m->dialect != ORD_DIALECT_TEXTFILE)
		return "";
	return f->type == ORD_METRIC_COUNTER ? "_total" : f->type == ORD_METRIC_INFO ? "_info" : "";
}

static void metadata(struct ord_metrics *m, const struct ord_family *f)
{
	const char *suffix = family_suffix(m, f);

	if (m->begun == f)
		return;
	m->begun = f;
	(void)fprintf(m->out, "# TYPE %s%s %s\n", f->name, suffix, type_name(m, f));
	if (f->unit && m->dialect != ORD_DIALECT_TEXTFILE)
		(void)fprintf(m->out, "# UNIT %s %s\n", f->name, f->unit);
	(void)fprintf(m->out, "# HELP %s%s %s\n", f->name, suffix, f->help);
}

static void label(FILE *out, const struct ord_label *l)
{
	(void)fprintf(out, ",%s=\"", l->name);
	label_value(out, l->value);
	(void)fputc('"', out);
}

/* NAME{experiment="...",...} and the space before the value. last: one more label, or NULL. */
static void name(struct ord_metrics *m, const struct ord_family *f, const char *suffix,
		 const struct ord_label *labels, const struct ord_label *last)
{
	metadata(m, f);
	(void)fprintf(m->out, "%s%s{experiment=\"", f->name, suffix);
	label_value(m->out, m->a->t->name);
	(void)fputc('"', m->out);
	for (; labels && labels->name; labels++)
		label(m->out, labels);
	if (last)
		label(m->out, last);
	(void)fputs("} ", m->out);
}

/* The end of a sample: its timestamp where the dialect has one. */
static void stamp(struct ord_metrics *m)
{
	char text[32];

	if (m->dialect == ORD_DIALECT_HISTORY)
		(void)fprintf(m->out, " %s", ord_metric_seconds(m->a->t->wall_ns + m->at, text));
}

void ord_metric_ns(struct ord_metrics *m, const struct ord_family *f,
		   const struct ord_label *labels, int64_t ns)
{
	char text[32];

	name(m, f, "", labels, NULL);
	(void)fputs(ord_metric_seconds(ns, text), m->out);
	stamp(m);
	(void)fputc('\n', m->out);
}

static void whole(struct ord_metrics *m, uint64_t n)
{
	(void)fprintf(m->out, "%" PRIu64, n);
	stamp(m);
}

void ord_metric_count(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, uint64_t n)
{
	name(m, f, "", labels, NULL);
	whole(m, n);
	(void)fputc('\n', m->out);
}

void ord_metric_ratio(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, uint64_t part, uint64_t all)
{
	__extension__ typedef unsigned __int128 wide;

	/* A billionth is to a ratio what a nanosecond is to a second. */
	if (all)
		ord_metric_ns(m, f, labels, (int64_t)((wide)part * ORD_S / all));
}

void ord_metric_counter(struct ord_metrics *m, const struct ord_family *f,
			const struct ord_label *labels, uint64_t n, const struct ord_label *span)
{
	name(m, f, "_total", labels, NULL);
	whole(m, n);
	if (span && n && m->dialect != ORD_DIALECT_TEXTFILE)
		(void)fprintf(m->out, " # {%s=\"%s\",%s=\"%s\"} 1.0", span[0].name, span[0].value,
			      span[1].name, span[1].value);
	(void)fputc('\n', m->out);
}

void ord_metric_info(struct ord_metrics *m, const struct ord_family *f,
		     const struct ord_label *labels)
{
	name(m, f, "_info", labels, NULL);
	whole(m, 1);
	(void)fputc('\n', m->out);
}

void ord_metric_state(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, const char *const *states, size_t n,
		      size_t is)
{
	for (size_t i = 0; i < n; i++) {
		name(m, f, "", labels, &(struct ord_label){f->name, states[i]});
		whole(m, i == is);
		(void)fputc('\n', m->out);
	}
}

void ord_metric_histogram(struct ord_metrics *m, const struct ord_family *f,
			  const struct ord_label *labels, const int64_t *bounds, size_t n_bounds,
			  const uint64_t *counts, int64_t sum)
{
	uint64_t n = 0;
	char text[32];

	for (size_t i = 0; i <= n_bounds; i++) {
		struct ord_label le = {"le", "+Inf"};

		if (i < n_bounds)
			le.value = ord_metric_seconds(bounds[i], text);
		n += counts[i];
		name(m, f, "_bucket", labels, &le);
		whole(m, n);
		(void)fputc('\n', m->out);
	}
	name(m, f, "_count", labels, NULL);
	whole(m, n);
	(void)fputc('\n', m->out);
	name(m, f, "_sum", labels, NULL);
	(void)fputs(ord_metric_seconds(sum, text), m->out);
	stamp(m);
	(void)fputc('\n', m->out);
}

void ord_metrics_end(struct ord_metrics *m)
{
	if (m->dialect != ORD_DIALECT_TEXTFILE)
		(void)fputs("# EOF\n", m->out);
}
