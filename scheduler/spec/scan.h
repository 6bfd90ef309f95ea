/* How a sentence of the small language is read, word by word. */
#ifndef ORDEAL_SPEC_SCAN_H
#define ORDEAL_SPEC_SCAN_H

#include "scheduler/spec/condition.h"

struct ord_alert;

#define SCAN_WORD_MAX 96

/* The sentence as far as it was read, and the last word. */
struct scan {
	const char *text, *p;
	char word[SCAN_WORD_MAX];
	size_t at; /* of the word */
	struct language_mistake *mistake;
};

/* Sets the mistake; always -1. */
int scan_wrong(struct scan *s, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The next word: letters and the like, or operator signs, or one other sign. "" at the end. */
const char *scan_next(struct scan *s);
bool scan_in_word(char c);
/* A word that must come now; form is what would be right. */
int scan_expect(struct scan *s, const char *word, const char *form);
int scan_duration(struct scan *s, const char *what, int64_t min, int64_t max, uint64_t *ret);
/* The word before is a comparison; == and != only where they may be. */
int scan_operator(struct scan *s, bool equality, enum ord_op *ret);
int scan_no_more(struct scan *s);
/* The sentence as written, white space folded. */
int scan_fold(struct scan *s, char *out, size_t size);
/* Takes n bytes from where the last word began, as one: what holds signs that end words. */
int scan_take(struct scan *s, size_t n, char *out, size_t size, const char *what);
/* An alert from where the last word began: out is as it is called everywhere. */
int scan_alert(struct scan *s, struct ord_alert *ret, char out[static ORD_CHANNEL_MAX]);

#endif
