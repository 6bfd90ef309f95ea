/* One client and its server, for tests of single calls. */
#ifndef ORDEAL_TEST_KUBE_ONE_CALL_H
#define ORDEAL_TEST_KUBE_ONE_CALL_H

#include <string.h>

#include "base/clock.h"
#include "tests/kube/server.h"

struct world {
	struct bad_server s;
	struct kube_config *config;
	struct kube *k;
	struct kube_answer a;
	struct ord_err err;
	uint64_t began_ns;
};

static inline void begin(struct world *w, bad_serve *serve)
{
	memset(w, 0, sizeof *w);
	bad_server_start(&w->s, serve);
	w->k = bad_server_client(&w->s, &w->config);
}

static inline void end(struct world *w)
{
	kube_answer_done(&w->a);
	kube_close(w->k);
	kube_config_free(w->config);
	bad_server_stop(&w->s);
}

static inline int call(struct world *w, const char *method, uint64_t ms, bool once, bool no_429)
{
	const struct kube_request req = {.method = method,
					 .path = "/api/v1/namespaces/x/pods/p",
					 .deadline_ns = ord_now_ns() + ms * ORD_MS,
					 .once = once,
					 .no_429 = no_429};

	kube_answer_done(&w->a);
	w->err = (struct ord_err){.code = ORD_OK};
	w->began_ns = ord_now_ns();
	return kube_call(w->k, &req, &w->a, &w->err);
}

static inline uint64_t took_ms(const struct world *w)
{
	return (ord_now_ns() - w->began_ns) / ORD_MS;
}

/* Most tests: the first answer is what is tried, those after it are good. */
static inline bool good(const struct bad_request *r)
{
	return bad_answer(r, 200, "", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}");
}

#endif
