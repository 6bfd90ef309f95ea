/* One decision while it is made: what is judged (subject.c), by what (asks.c), and what was found
 * (decide.c). */
#ifndef ORDEAL_POLICY_JUDGING_H
#define ORDEAL_POLICY_JUDGING_H

#include "scheduler/policy/rules/rules.h"

#define WORDS_MAX 240

struct judging {
	const struct rules *rules;
	const char *file;
	const json_t *question, *plan;
	uint64_t now_ns, longest_ns;
	bool hours_alone;
	json_t *reasons, *spoken; /* owned: lists */
	size_t more;		  /* reasons beyond those kept */
	bool no_memory;
};

/* One fault in one namespace, or in none. All borrowed from the question. */
struct subject {
	const json_t *fault, *target, *resolved; /* resolved: NULL where it was not found */
	const char *name, *what;		 /* "kill", "pod.delete" */
	unsigned class;				 /* enum target_class */
	const char *ns; /* NULL: none; may be a pattern, whose names are not known yet */
	bool in[RULES_ENVIRONMENTS_MAX];
};

/* Why not, at that line. */
void judge_refuse(struct judging *j, unsigned line, const struct rule *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Calls for each subject of the question. -1: it is none, or out of memory. */
int subjects_each(struct judging *j, void (*each)(struct judging *j, const struct subject *s),
		  struct ord_err *err);
/* "environment staging", "no environment (host 'a')". Returns out. */
char *subject_where(const struct judging *j, const struct subject *s, char out[static WORDS_MAX]);

/* What a rule that speaks of the subject asks of it. */
void asks_judge(struct judging *j, const struct rule *rule, const struct subject *s);

/* "a, b and c", as far as there is room. Returns out. */
char *patterns_words(const struct patterns *p, char out[static WORDS_MAX]);

#endif
