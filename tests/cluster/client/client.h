/* What the tests of the client against a real API server share: a client, and a namespace of this
 * program. */
#ifndef ORDEAL_TEST_CLIENT_H
#define ORDEAL_TEST_CLIENT_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/kube.h"

#define MAP_KIND                                      \
	{                                             \
		"v1", "ConfigMap", "configmaps", true \
	}

extern struct kube_config *config;
extern struct kube *k;
extern char our_ns[64];
extern struct ord_err err;
extern const struct kube_kind map_kind;

#define must(call)                                          \
	do {                                                \
		if (call)                                   \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

uint64_t soon(void);
struct ord_object named(const char *api_version, const char *kind, const char *name);
/* Of its metadata; "" where there is none. */
const char *meta(const json_t *object, const char *key);
/* Owned by the caller, as is what make and make_map made. */
json_t *read_json(const char *text);
json_t *make(const struct kube_kind *kind, const char *text);
json_t *make_map(const char *name);

int client_begin(void **state);
int client_end(void **state);

#endif
