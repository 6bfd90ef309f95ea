/* Any bytes as a baseline file or a report.json: refused with a reason, or read, written, read back
 * the same, and compared with itself. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "reports/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ord_comparisons *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct ord_comparison *v = &c->v[i];

		if (v->tested && (!(v->p >= 0 && v->p <= 1) || !(v->p_holm >= v->p_margin - 1e-12)))
			abort();
		/* Nothing is worse, or better, than itself. */
		if (v->verdict != ORD_COMPARED_INCONCLUSIVE || v->gate == ORD_GATE_FAIL)
			abort();
	}
}

static void compare(const json_t *json)
{
	static const struct ord_compare_options o = {.margin_ppm = 100000, .alpha = 0.05};
	struct ord_compare_report *r;
	struct ord_err err = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (ord_compare_runs(json, json, &o, &r, &err))
		return;
	check(&r->c);
	out = open_memstream(&text, &size);
	if (!out || ord_compare_write(r, "text", out, &err) ||
	    ord_compare_write(r, "md", out, &err) || ord_compare_write(r, "json", out, &err) ||
	    fclose(out))
		abort();
	free(text);
	ord_compare_report_free(r);
}

static void write_and_read(const json_t *json)
{
	struct ord_err err = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct ord_figures one, two;
	json_t *again;

	if (!out || ord_figures_write(json, out, &err) || fclose(out))
		abort();
	again = json_loads(text, JSON_ALLOW_NUL, NULL);
	if (!again || ord_figures_read(json_deep_copy(json), &one, &err) ||
	    ord_figures_read(again, &two, &err))
		abort();
	if (one.n != two.n || one.n_runs != two.n_runs || one.measured != two.measured)
		abort();
	ord_figures_done(&one);
	ord_figures_done(&two);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ord_json_limits limits = {.size = 65536, .depth = 64};
	struct ord_err err = {0};
	json_t *json, *baseline = NULL;
	struct ord_figures f;

	if (ord_json_parse((const char *)data, size, &limits, &json, &err))
		return 0;
	if (json_object_get(json, "schema") && ord_figures_of_report(json, &baseline, &err) &&
	    !*err.msg)
		abort();
	if (!baseline && !json_object_get(json, "schema"))
		baseline = json_incref(json);
	json_decref(json);
	if (!baseline)
		return 0;
	if (ord_figures_read(json_deep_copy(baseline), &f, &err)) {
		if (err.code == ORD_OK || !*err.msg)
			abort();
	} else {
		size_t n = 0;

		for (size_t i = 0; i < f.n; i++)
			n = f.v[i].n > n ? f.v[i].n : n;
		ord_figures_done(&f);
		write_and_read(baseline);
		if (n <= 8) /* many relabellings only make it slow */
			compare(baseline);
	}
	json_decref(baseline);
	return 0;
}
