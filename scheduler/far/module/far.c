/* Who is at the other end of a command: an injector of this version, or not. */
#include "scheduler/far/module/far.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/holder/holder.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

#define FIRST_NS  (20 * ORD_S) /* to connect, to log in, to answer */
#define ANSWER_NS (10 * ORD_S)
#define TRIPS	  8 /* the narrowest of so many bounds the clock's offset */

bool far_stopped(const atomic_bool *stop, struct ord_err *err)
{
	if (!stop || !atomic_load(stop))
		return false;
	(void)ord_fail(err, ORD_GUARD, "it was given up");
	return true;
}

static int silent(const struct ord_holder *h, uint64_t limit_ns, struct ord_err *err)
{
	char words[160];

	holder_words(h, 2, sizeof words, words);
	return ord_fail(err, ORD_SYS, "'%.100s' said nothing for %d s%s%.80s", h->path,
			(int)(limit_ns / ORD_S), *words ? ": " : "", words);
}

/* The next event. */
static int hear(struct ord_holder *h, uint64_t limit_ns, const atomic_bool *stop, json_t **ret,
		struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + limit_ns;

	for (*ret = NULL; !*ret;) {
		struct pollfd p = {.fd = ord_holder_fd(h), .events = POLLIN};

		if (far_stopped(stop, err) || ord_holder_next(h, ret, err) < 0)
			return -1;
		if (!*ret && ord_now_ns() >= limit)
			return silent(h, limit_ns, err);
		if (!*ret)
			(void)poll(&p, 1, 50);
	}
	return 0;
}

int ord_far_ask(struct ord_holder *h, struct json_t *request, uint64_t limit_ns,
		struct json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *owned = request, *event = NULL;
	const char *message;

	if (!request)
		return ord_fail_nomem(err);
	if (ord_holder_send(h, request, err) < 0 || hear(h, limit_ns, NULL, &event, err) < 0)
		return -1;
	if (strcmp(json_string_value(json_object_get(event, "event")), "failed") != 0) {
		*ret = ord_steal_ptr(event);
		return 0;
	}
	message = json_string_value(json_object_get(event, "message"));
	return ord_fail(err, ord_code_parse(json_string_value(json_object_get(event, "code"))),
			"%s%s", h->is_far ? "on the other machine: " : "",
			message ? message : "no answer");
}

/* What both ends compiled is one catalogue: another version may mean another thing by a request. */
static int same(struct ord_holder *h, const json_t *event, struct ord_err *err)
{
	const char *version = json_string_value(json_object_get(event, "version"));
	const char *program = json_string_value(json_object_get(event, "program"));

	const char *message = json_string_value(json_object_get(event, "message"));
	bool hello = !strcmp(json_string_value(json_object_get(event, "event")), "hello");

	/* One that knows the request refuses it for another reason: a door's. */
	if (!hello && message && strncmp(message, "op:", 3) != 0)
		return ord_fail(err, ORD_GUARD, "on the other machine: %s", message);
	if (!hello)
		return ord_fail(err, ORD_GUARD,
				"the injector behind '%.100s' is older than %s, this ordeal's "
				"version: it does not know hello",
				h->path, ORDEAL_VERSION);
	if (!version || strcmp(version, ORDEAL_VERSION) != 0)
		return ord_fail(err, ORD_GUARD,
				"the injector behind '%.100s' is version %.20s, this ordeal is %s: "
				"install the same",
				h->path, version ? version : "unknown", ORDEAL_VERSION);
	if (!program || strcmp(program, "ordeal-injector") != 0)
		return ord_fail(err, ORD_USAGE, "'%.100s' is %.40s: ordeal-injector is needed",
				h->path, program ? program : "no injector");
	return 0;
}

static int greet(struct ord_holder *h, const atomic_bool *stop, struct ord_err *err)
{
	ord_auto(json) json_t *request = json_pack("{s:i, s:s}", "protocol", 1, "op", "hello");

	if (!request)
		return ord_fail_nomem(err);
	for (int i = 0; i < TRIPS; i++) {
		ord_auto(json) json_t *event = NULL;

		h->far.asked = true;
		h->far.asked_ns = ord_now_ns();
		if (ord_holder_send(h, request, err) < 0 ||
		    hear(h, i ? ANSWER_NS : FIRST_NS, stop, &event, err) < 0 ||
		    (!i && same(h, event, err) < 0))
			return -1;
		/* The first has the login in it, and bounds from one side only. */
		(void)ord_far_heard(h, event);
	}
	return 0;
}

int ord_far_open(const struct ord_via *via, const atomic_bool *stop, struct ord_holder **ret,
		 struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;

	if ((via->copy && far_copy(via, stop, err) < 0) || ord_far_spawn(via, &h, err) < 0)
		return -1;
	if (greet(h, stop, err) < 0) {
		far_hint(h, via, err);
		return -1;
	}
	*ret = ord_steal_ptr(h);
	return 0;
}

static int addresses_from_json(struct ord_addresses *ret, const json_t *event, struct ord_err *err)
{
	struct ord_addresses a = {0};
	struct in6_addr addr;
	json_t *list, *v;
	size_t i;

	if (ord_json_array(event, "addresses", ORD_ADDRESSES_MAX, &list, err) < 0)
		return -1;
	json_array_foreach (list, i, v) {
		const char *text = json_string_value(v);

		if (!text || strlen(text) >= sizeof a.v[0] ||
		    (inet_pton(AF_INET, text, &addr) != 1 && inet_pton(AF_INET6, text, &addr) != 1))
			return ord_fail(err, ORD_USAGE, "addresses[%zu] is none", i);
		(void)snprintf(a.v[a.n++], sizeof a.v[0], "%s", text);
	}
	*ret = a;
	return 0;
}

int ord_far_addresses(struct ord_holder *h, const struct ord_target *target, uint64_t seed,
		      struct ord_place *ret, struct ord_addresses *ret_addresses,
		      struct ord_err *err)
{
	ord_auto(json) json_t *event = NULL;
	json_t *place;

	if (ord_far_ask(h,
			json_pack("{s:i, s:s, s:o, s:I, s:b}", "protocol", 1, "op", "resolve",
				  "target", ord_target_to_json(target), "seed",
				  (json_int_t)(seed & INT64_MAX), "addresses",
				  ret_addresses != NULL),
			ANSWER_NS, &event, err) < 0 ||
	    ord_json_object(event, "place", &place, err) < 0 ||
	    (ret_addresses && addresses_from_json(ret_addresses, event, err) < 0))
		return -1;
	return ord_place_from_json(ret, place, err);
}

int ord_far_resolve(struct ord_holder *h, const struct ord_target *target, uint64_t seed,
		    struct ord_place *ret, struct ord_err *err)
{
	return ord_far_addresses(h, target, seed, ret, NULL, err);
}
