/*
 * The quick way for sample lines, which are nearly all of a timeline: one flat object of plain
 * texts, integers and booleans. Whatever looks otherwise (an escape, a nested value, a missing key)
 * is left to the JSON parser, so that there is one judge of what is wrong with a line.
 */
#include "reports/timeline.h"

#include <string.h>

struct text {
	const char *s;
	size_t n;
};

struct fields {
	struct text e, p, o, why;
	int64_t rep, due, sent, done, since;
	unsigned have; /* bits of enum field */
	bool good;
};

enum field {
	F_E = 1,
	F_P = 2,
	F_O = 4,
	F_WHY = 8,
	F_REP = 16,
	F_DUE = 32,
	F_SENT = 64,
	F_DONE = 128,
	F_GOOD = 256,
	F_SINCE = 512
};

static bool is(const struct text *t, const char *word)
{
	return strlen(word) == t->n && !memcmp(t->s, word, t->n);
}

/* A plain string: printable ASCII without an escape. Returns past its closing quote, NULL
 * otherwise. */
static const char *scan_text(const char *p, const char *end, struct text *ret)
{
	if (p == end || *p++ != '"')
		return NULL;
	ret->s = p;
	while (p < end && *p != '"') {
		if (*p < ' ' || *p > '~' || *p == '\\')
			return NULL;
		p++;
	}
	if (p == end)
		return NULL;
	ret->n = (size_t)(p - ret->s);
	return p + 1;
}

static const char *scan_int(const char *p, const char *end, int64_t *ret)
{
	int64_t v = 0;
	const char *start = p;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (p - start > 17)
			return NULL;
		v = v * 10 + (*p - '0');
	}
	if (p == start || (*start == '0' && p - start > 1))
		return NULL;
	*ret = v;
	return p;
}

static const char *scan_bool(const char *p, const char *end, bool *ret)
{
	*ret = *p == 't';
	if (end - p >= 4 && !memcmp(p, "true", 4))
		return p + 4;
	return end - p >= 5 && !memcmp(p, "false", 5) ? p + 5 : NULL;
}

static unsigned field_of(const struct text *key)
{
	static const struct {
		const char *key;
		unsigned bit;
	} table[] = {{"e", F_E},       {"p", F_P},	  {"o", F_O},	    {"why", F_WHY},
		     {"rep", F_REP},   {"due", F_DUE},	  {"sent", F_SENT}, {"done", F_DONE},
		     {"good", F_GOOD}, {"since", F_SINCE}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (is(key, table[i].key))
			return table[i].bit;
	return 0;
}

static void keep(struct fields *f, unsigned bit, const struct text *text, int64_t number,
		 bool truth)
{
	struct text *const texts[] = {
		[F_E] = &f->e, [F_P] = &f->p, [F_O] = &f->o, [F_WHY] = &f->why};

	f->have |= bit;
	if (bit == F_REP)
		f->rep = number;
	else if (bit == F_DUE)
		f->due = number;
	else if (bit == F_SENT)
		f->sent = number;
	else if (bit == F_DONE)
		f->done = number;
	else if (bit == F_SINCE)
		f->since = number;
	else if (bit == F_GOOD)
		f->good = truth;
	else if (bit)
		*texts[bit] = *text;
}

/* One "key":value; NULL where it is not of the plain shape. */
static const char *scan_member(const char *p, const char *end, struct fields *f)
{
	static const unsigned text_bits = F_E | F_P | F_O | F_WHY,
			      int_bits = F_REP | F_DUE | F_SENT | F_DONE | F_SINCE;
	struct text key, text = {0};
	int64_t number = 0;
	bool truth = false;
	unsigned bit, got;

	p = scan_text(p, end, &key);
	if (!p || p == end || *p++ != ':' || p == end)
		return NULL;
	bit = field_of(&key);
	if (*p == '"') {
		p = scan_text(p, end, &text);
		got = text_bits;
	} else if (*p == 't' || *p == 'f') {
		p = scan_bool(p, end, &truth);
		got = F_GOOD;
	} else {
		p = scan_int(p, end, &number);
		got = int_bits;
	}
	if (!p || (bit && !(bit & got)) || (bit & f->have))
		return NULL;
	keep(f, bit, &text, number, truth);
	return p;
}

static bool scan_object(const char *p, const char *end, struct fields *f)
{
	if (p == end || *p++ != '{')
		return false;
	for (;;) {
		p = scan_member(p, end, f);
		if (!p || p == end)
			return false;
		if (*p == '}')
			return p + 1 == end;
		if (*p++ != ',')
			return false;
	}
}

bool ord_timeline_scan(struct ord_timeline *t, const char *line, size_t len, int *ret_error)
{
	static const unsigned need = F_E | F_P | F_O | F_REP | F_DUE;
	struct fields f = {0};
	struct ord_sample s = {.line = t->lines};
	size_t probe;
	int outcome;

	if (!scan_object(line, line + len, &f) || (f.have & need) != need || !is(&f.e, "sample"))
		return false;
	probe = ord_timeline_probe(t, f.p.s, f.p.n);
	if (probe < t->n_probes && t->probes[probe].has_values)
		return false;
	outcome = ord_tl_outcome_parse(f.o.s, f.o.n);
	s.due = f.due;
	s.sent = f.have & F_SENT ? f.sent : s.due;
	s.done = f.have & F_DONE ? f.done : s.sent;
	if (probe == t->n_probes || outcome < 0 || f.rep > t->repetitions || s.done < s.due ||
	    s.done < s.sent)
		return false;
	s.outcome = (uint8_t)outcome;
	s.state = !(f.have & F_GOOD) || outcome == ORD_TL_SKIPPED || outcome == ORD_TL_LOCAL_ERROR
			  ? ORD_SAMPLE_UNKNOWN
		  : f.good ? ORD_SAMPLE_GOOD
			   : ORD_SAMPLE_BAD;
	s.why = f.have & F_WHY ? ord_timeline_why(t, f.why.s, f.why.n) : 0;
	*ret_error = ord_timeline_add(t, (uint32_t)f.rep, probe, &s, f.since);
	return true;
}
