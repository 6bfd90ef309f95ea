/* What is asked for: the target of a request line, taken apart. Outside bytes: strict and bounded.
 */
#ifndef ORDEAL_SERVE_API_TARGET_H
#define ORDEAL_SERVE_API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#define API_TARGET_MAX	 2048 /* bytes of it, as sent */
#define API_SEGMENTS_MAX 6
#define API_ARGS_MAX	 24

struct api_target {
	/* All of these point into `text`, decoded. */
	const char *segments[API_SEGMENTS_MAX]; /* "/" has none */
	size_t n_segments;
	struct {
		const char *name, *value;
	} args[API_ARGS_MAX];
	size_t n_args;
	char text[API_TARGET_MAX + 2];
};

/*
 * False, with the reason, where it is no path (an absolute URI, an empty segment, "." or ".."), has
 * a bad escape, a control character or what is no UTF-8, or is larger than the above.
 */
bool api_target_parse(const char *raw, struct api_target *ret, const char **ret_why);

/* The first of that name, or NULL. */
const char *api_target_arg(const struct api_target *t, const char *name);
/* The first argument that is not among "a|b|c"; NULL: all are. */
const char *api_target_unknown(const struct api_target *t, const char *known);

#endif
