#include "reports/scan.h"

#include <endian.h>
#include <string.h>

#include "base/auto.h"

#define WORD(text) text, sizeof(text) - 1

/* Past a word that must stand there; NULL: it does not, or p is NULL already. */
static inline const char *skip(const char *p, const char *word, size_t n)
{
	return p && !memcmp(p, word, n) ? p + n : NULL;
}

#define DIGITS_MAX 18 /* always fits */

/* Eight decimal digits as bytes 0 to 9, the first in the lowest byte. */
static uint64_t eight(uint64_t bytes)
{
	bytes = bytes * 10 + (bytes >> 8);
	bytes = (bytes & 0x000000ff000000ff) * (100 + ((uint64_t)1000000 << 32)) +
		(bytes >> 16 & 0x000000ff000000ff) * (1 + ((uint64_t)10000 << 32));
	return bytes >> 32;
}

/* A number as JSON writes it, without a sign; NULL: none, or too long. Reads eight bytes at a time:
 * a byte is no digit where its value less '0' has a high nibble, or gets one by adding six. */
static const char *scan_int(const char *p, int64_t *ret)
{
	static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
	const char *start = p;
	uint64_t v = 0;

	for (;;) {
		uint64_t bytes, other;
		unsigned n;

		memcpy(&bytes, p, sizeof bytes);
		bytes = le64toh(bytes) ^ 0x3030303030303030;
		other = (bytes | (bytes + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0;
		if (!other) {
			v = v * 100000000 + eight(bytes);
			p += 8;
			if (p - start > DIGITS_MAX)
				return NULL;
			continue;
		}
		n = (unsigned)__builtin_ctzll(other) / 8;
		if (n)
			v = v * tens[n] + eight(bytes << (8 - n) * 8);
		p += n;
		break;
	}
	if (p == start || p - start > DIGITS_MAX || (*start == '0' && p - start > 1))
		return NULL;
	*ret = (int64_t)v;
	return p;
}

/* The rest of a plain string: printable ASCII without an escape. Returns past its closing quote. */
static const char *scan_text(const char *p)
{
	while (*p != '"') {
		if (*p < ' ' || *p > '~' || *p == '\\')
			return NULL;
		p++;
	}
	return p + 1;
}

/* A name that stands in a line as it is: no escape, and nothing that would need one. */
static bool names(const char *p, const char *name, const char **ret_end)
{
	for (; *name; name++, p++)
		if (*p != *name || *name == '"' || *name == '\\' || (unsigned char)*name < ' ')
			return false;
	*ret_end = p;
	return *p == '"';
}

static const char *scan_probe(struct ord_scan *scan, const char *p, size_t *ret)
{
	const struct ord_timeline *t = scan->t;
	const char *end;

	if (scan->probe < t->n_probes && names(p, t->probes[scan->probe].name, &end)) {
		*ret = scan->probe;
		return end + 1;
	}
	for (size_t i = 0; i < t->n_probes; i++)
		if (names(p, t->probes[i].name, &end)) {
			*ret = scan->probe = i;
			return end + 1;
		}
	return NULL;
}

static const char *scan_outcome(const char *p, uint8_t *ret)
{
	for (int i = 0; i < ORD_TL_OUTCOMES; i++) {
		const char *end;

		if (names(p, ord_tl_outcome_name((enum ord_tl_outcome)i), &end)) {
			*ret = (uint8_t)i;
			return end + 1;
		}
	}
	return NULL;
}

enum tail { TAIL_GOOD, TAIL_STATUS, TAIL_SINCE, TAIL_WHY, TAIL_TRACE };

static const struct {
	const char *word;
	size_t n;
} tails[] = {
	[TAIL_GOOD] = {WORD("good\":")},     [TAIL_STATUS] = {WORD("status\":")},
	[TAIL_SINCE] = {WORD("since\":")},   [TAIL_WHY] = {WORD("why\":\"")},
	[TAIL_TRACE] = {WORD("trace\":\"")},
};

static const char *scan_good(const char *p, struct ord_scanned *ret)
{
	bool known = ret->s.outcome != ORD_TL_SKIPPED && ret->s.outcome != ORD_TL_LOCAL_ERROR;

	if (*p == 't') {
		ret->s.state = known ? ORD_SAMPLE_GOOD : ORD_SAMPLE_UNKNOWN;
		return skip(p, WORD("true"));
	}
	ret->s.state = known ? ORD_SAMPLE_BAD : ORD_SAMPLE_UNKNOWN;
	return skip(p, WORD("false"));
}

/* What may follow the outcome, each once. */
static const char *scan_tail(const char *chunk, const char *p, struct ord_scanned *ret)
{
	unsigned had = 0;

	while (*p == ',') {
		const char *from;
		int64_t number = 0;
		unsigned k = 0;

		p = skip(p, WORD(",\""));
		while (p && k < ORD_COUNT(tails) &&
		       (*p != *tails[k].word || memcmp(p, tails[k].word, tails[k].n) != 0))
			k++;
		if (!p || k == ORD_COUNT(tails) || had & 1u << k)
			return NULL;
		had |= 1u << k;
		from = p += tails[k].n;
		if (k == TAIL_GOOD)
			p = scan_good(p, ret);
		else if (p[-1] == '"')
			p = scan_text(p);
		else
			p = scan_int(p, &number);
		if (!p)
			return NULL;
		if (k == TAIL_SINCE)
			ret->since = number;
		if (k == TAIL_TRACE && p - 1 - from == ORD_TRACE_DIGITS)
			ret->trace_at = (uint32_t)(from - chunk);
		if (k == TAIL_WHY) {
			ret->has_why = true;
			ret->why_at = (uint32_t)(from - chunk);
			ret->why_len = (uint32_t)(p - 1 - from);
		}
	}
	return p;
}

static inline const char *number(const char *p, const char *word, size_t n, int64_t *ret)
{
	p = skip(p, word, n);
	return p ? scan_int(p, ret) : NULL;
}

static const char *scan_line(struct ord_scan *scan, const char *chunk, const char *p,
			     struct ord_scanned *ret)
{
	int64_t unused, rep = 0;

	p = number(p, WORD("{\"t\":"), &unused);
	p = number(p, WORD(",\"e\":\"sample\",\"rep\":"), &rep);
	p = skip(p, WORD(",\"p\":\""));
	p = p ? scan_probe(scan, p, &ret->probe) : NULL;
	if (rep > scan->t->repetitions)
		return NULL;
	ret->rep = (uint32_t)rep;
	p = number(p, WORD(",\"n\":"), &unused);
	p = number(p, WORD(",\"due\":"), &ret->s.due);
	p = number(p, WORD(",\"sent\":"), &ret->s.sent);
	if (p && p[1] == '"' && p[2] == 'f')
		p = number(p, WORD(",\"first\":"), &unused);
	p = number(p, WORD(",\"done\":"), &ret->s.done);
	p = skip(p, WORD(",\"o\":\""));
	p = p ? scan_outcome(p, &ret->s.outcome) : NULL;
	return p ? scan_tail(chunk, p, ret) : NULL;
}

bool ord_scan_sample(struct ord_scan *scan, const char *chunk, size_t at, struct ord_scanned *ret)
{
	const char *p;

	*ret = (struct ord_scanned){.at = (uint32_t)at, .s = {.state = ORD_SAMPLE_UNKNOWN}};
	p = scan_line(scan, chunk, chunk + at, ret);
	if (!p || *p != '}' || p[1] != '\n' || ret->s.done < ret->s.due ||
	    ret->s.done < ret->s.sent)
		return false;
	ret->len = (uint32_t)(p + 1 - (chunk + at));
	ret->is_sample = true;
	return true;
}
