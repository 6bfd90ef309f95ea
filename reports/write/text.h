/*
 * Text for people and for formats. Integers only, so that no locale has a say; every function that
 * fills `out` returns it. `out` of ORD_TEXT bytes.
 */
#ifndef ORDEAL_REPORTS_WRITE_TEXT_H
#define ORDEAL_REPORTS_WRITE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ORD_TEXT 96

struct ord_span;
struct ord_instant;

/* "12.03 s", "98.4 ms", "310 us": two decimals of a second, three digits below. */
char *ord_text_duration(int64_t ns, char out[static ORD_TEXT]);
/* "12.03 s [11.93, 12.03]", ">= 20.0 s", "-". */
char *ord_text_span(const struct ord_span *s, char out[static ORD_TEXT]);
/* Seconds since `zero` with a sign: "+1.203 s". */
char *ord_text_relative(int64_t t, int64_t zero, char out[static ORD_TEXT]);
/* The same of an instant; "not seen". */
char *ord_text_instant(const struct ord_instant *in, int64_t zero, char out[static ORD_TEXT]);
/* Parts of a whole as "99.87 %"; "-" of nothing. Never rounds up to 100 %, nor down to 0 %. */
char *ord_text_share(size_t part, size_t whole, char out[static ORD_TEXT]);
/* Parts per million as "0.4642 %": as many decimals as it has, none of a whole number. */
char *ord_text_ppm(int64_t ppm, char out[static ORD_TEXT]);
/* A number with `decimals` decimals from thousandths: "1.203". */
char *ord_text_milli(int64_t milli, unsigned decimals, char out[static ORD_TEXT]);

/* Drops what is no UTF-8 or no character of text, also a character cut in half at the end. In
 * place. */
void ord_text_clean(char *text);
/* Text inside XML or HTML: entities for the five, control characters that XML 1.0 forbids and
 * broken UTF-8 left out. */
void ord_xml_text(FILE *out, const char *text);
/* The same, at most max bytes of input, cut between characters. */
void ord_xml_text_n(FILE *out, const char *text, size_t max);
/* The first len bytes of a text. */
void ord_xml_text_piece(FILE *out, const char *text, size_t len);
/* Text inside a Markdown table cell or line: nothing in it is markup. */
void ord_md_text(FILE *out, const char *text);
/* The same as code, in a line; backquotes are left out. */
void ord_md_code(FILE *out, const char *text);
/* A cell of a table, with the bar behind it. */
void ord_md_cell(FILE *out, const char *text);
/* The length of the UTF-8 character at p that XML allows and that turns no direction, 0: none. */
size_t ord_utf8_len(const unsigned char *p);

#endif
