/* Who allowed the run: in every report for people, and in report.json and junit.xml. */
#include "reports/write/policy.h"

#include <jansson.h>
#include <string.h>

#include "reports/member.h"
#include "reports/write/json.h"
#include "reports/write/text.h"

#define TEXT_MAX 2048

const struct ord_event *ord_policy_next(const struct ord_timeline *t, size_t *i)
{
	while (*i < t->n_events)
		if (t->events[(*i)++].kind == ORD_EVENT_POLICY)
			return &t->events[*i - 1];
	return NULL;
}

char *ord_policy_words(const struct ord_event *e, char out[static ORD_POLICY_WORDS])
{
	const json_t *rules = json_object_get(e->json, "rules"), *rule;
	const char *sum = ord_member_text(e->json, "sha256", ""),
		   *id = ord_member_text(e->json, "decision_id", "");
	size_t n, i;

	n = (size_t)snprintf(out, ORD_POLICY_WORDS, "%s by policy %.100s (%.20s; %.300s",
			     ord_member_true(e->json, "allow") ? "allowed" : "refused",
			     ord_member_text(e->json, "policy", "?"),
			     ord_member_text(e->json, "by", "?"),
			     ord_member_text(e->json, "source", "?"));
	if (*sum)
		n += (size_t)snprintf(out + n, ORD_POLICY_WORDS - n, ", SHA-256 %.16s", sum);
	if (*id)
		n += (size_t)snprintf(out + n, ORD_POLICY_WORDS - n, ", decision %.128s", id);
	json_array_foreach (rules, i, rule)
		if (n + 80 < ORD_POLICY_WORDS)
			n += (size_t)snprintf(out + n, ORD_POLICY_WORDS - n, "%s%.63s",
					      i ? ", " : "; rules ",
					      json_is_string(rule) ? json_string_value(rule) : "?");
	(void)snprintf(out + n, ORD_POLICY_WORDS - n, ")");
	ord_text_clean(out);
	return out;
}

static json_t *rules_of(const struct ord_event *e)
{
	const json_t *rule;
	json_t *out = json_array();
	size_t i;

	json_array_foreach (json_object_get(e->json, "rules"), i, rule)
		(void)json_array_append_new(
			out, ord_json_clean(json_is_string(rule) ? json_string_value(rule) : "",
					    TEXT_MAX));
	return out;
}

json_t *ord_json_policies(const struct ord_analysis *a)
{
	static const char *const texts[] = {"policy", "by",	"kind",
					    "source", "sha256", "decision_id"};
	const struct ord_event *e;
	json_t *list = NULL;
	size_t i = 0;

	while ((e = ord_policy_next(a->t, &i))) {
		json_t *one =
			json_pack("{s:b, s:i, s:o}", "allow", ord_member_true(e->json, "allow"),
				  "line", (int)e->line, "rules", rules_of(e));

		for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
			const char *text = ord_member_text(e->json, texts[k], NULL);

			if (text)
				(void)json_object_set_new(one, texts[k],
							  ord_json_clean(text, TEXT_MAX));
		}
		list = list ? list : json_array();
		(void)json_array_append_new(list, one);
	}
	return list;
}

void ord_md_policies(const struct ord_analysis *a, FILE *out)
{
	const struct ord_event *e;
	char words[ORD_POLICY_WORDS];
	size_t i = 0;

	while ((e = ord_policy_next(a->t, &i))) {
		(void)fputs("- This run was ", out);
		ord_md_text(out, ord_policy_words(e, words));
		(void)fputs(".\n", out);
	}
}

void ord_html_policies(const struct ord_analysis *a, FILE *out)
{
	const struct ord_event *e;
	char words[ORD_POLICY_WORDS];
	size_t i = 0;

	while ((e = ord_policy_next(a->t, &i))) {
		(void)fputs("<li>This run was ", out);
		ord_xml_text(out, ord_policy_words(e, words));
		(void)fputs(".</li>\n", out);
	}
}
