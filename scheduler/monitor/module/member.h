/* Members of JSON objects that may be absent. */
#ifndef ORDEAL_MONITOR_MEMBER_H
#define ORDEAL_MONITOR_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const char *mon_text_at(const json_t *object, const char *key); /* "": no text; borrowed */
uint64_t mon_ns_at(const json_t *object, const char *key);	/* 0: none */
bool mon_true_at(const json_t *object, const char *key);
void mon_set_ns(json_t *object, const char *key, uint64_t ns);
/* Sets it where it is longer than what is there. */
void mon_lengthen(json_t *object, const char *key, uint64_t ns);

#endif
