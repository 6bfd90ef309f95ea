/* What was kept is put back. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "keep.h"

#define PATIENCE_NS (3 * ORD_S) /* duplicate detection of an address takes one or two */
#define FOREVER	    UINT32_MAX

struct kept {
	const struct keep_kind *kind;
	uint32_t valid, preferred;
	size_t n;
	uint8_t bytes[KEEP_BYTES] __attribute__((aligned(4)));
};

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(const char *text, size_t n, struct kept *k)
{
	if (n % 8 || n / 2 > sizeof k->bytes || n / 2 < k->kind->header)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		if (digit(text[i]) < 0 || digit(text[i + 1]) < 0)
			return false;
		k->bytes[i / 2] = (uint8_t)(digit(text[i]) << 4 | digit(text[i + 1]));
	}
	k->n = n / 2;
	return true;
}

static bool seconds(const json_t *v, uint32_t *ret)
{
	const json_int_t s = json_is_integer(v) ? json_integer_value(v) : -2;

	*ret = s < 0 ? FOREVER : (uint32_t)s;
	return s >= -1 && s < FOREVER;
}

static bool read_one(const json_t *one, struct kept *ret)
{
	const json_t *text = json_array_get(one, 1);

	if (json_array_size(one) != 4 || !json_is_integer(json_array_get(one, 0)))
		return false;
	ret->kind = keep_kind_of((int)json_integer_value(json_array_get(one, 0)));
	return ret->kind && json_is_string(text) &&
	       unhex(json_string_value(text), json_string_length(text), ret) &&
	       seconds(json_array_get(one, 2), &ret->valid) &&
	       seconds(json_array_get(one, 3), &ret->preferred);
}

static struct nlattr *attribute(const struct kept *k, int type)
{
	return nla_find((struct nlattr *)(void *)(uintptr_t)(k->bytes + k->kind->header),
			(int)(k->n - k->kind->header), type);
}

/* Whole attributes, and none but those that keep_read takes. */
static bool well_formed(const struct kept *k)
{
	const struct nlattr *a = (const void *)(k->bytes + k->kind->header);
	int left = (int)(k->n - k->kind->header);

	for (; nla_ok(a, left); a = nla_next(a, &left))
		if (nla_type(a) >= 64 || !(k->kind->keeps & 1ull << nla_type(a)))
			return false;
	return left == 0;
}

static bool way_over(const struct nlattr *ways, int index)
{
	const struct rtnexthop *w = nla_data(ways);
	int left = nla_len(ways);

	for (; left >= (int)sizeof *w && w->rtnh_len >= sizeof *w && w->rtnh_len <= left;
	     left -= (int)RTNH_ALIGN(w->rtnh_len), w = RTNH_NEXT(w))
		if (w->rtnh_ifindex == index)
			return true;
	return false;
}

static bool of_device(const struct kept *k, int index)
{
	const struct nlattr *a;

	if (k->kind->type == RTM_NEWADDR)
		return ((const struct ifaddrmsg *)(const void *)k->bytes)->ifa_index ==
		       (unsigned)index;
	if (k->kind->type == RTM_NEWNEIGH)
		return ((const struct ndmsg *)(const void *)k->bytes)->ndm_ifindex == index;
	a = attribute(k, RTA_OIF);
	if (a)
		return nla_len(a) == sizeof index && (int)nla_get_u32(a) == index;
	a = attribute(k, RTA_MULTIPATH);
	return a && way_over(a, index);
}

int keep_validate(const json_t *list, int index, struct ord_err *err)
{
	const json_t *one;
	struct kept k;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > KEEP_MAX)
		return ord_fail(err, ORD_USAGE, "kept: a list of at most %d", KEEP_MAX);
	json_array_foreach (list, i, one)
		if (!read_one(one, &k) || !well_formed(&k) || !of_device(&k, index))
			return ord_fail(err, ORD_USAGE,
					"kept[%zu] is no address, route or neighbour of the device",
					i);
	return 0;
}

/* ---- put back ---- */

static uint32_t remaining(uint32_t seconds, uint64_t after)
{
	if (seconds == FOREVER)
		return FOREVER;
	return seconds > after ? (uint32_t)(seconds - after) : 0;
}

static struct nl_msg *message(const struct kept *k, uint64_t after)
{
	/* As the kernel listed them: equals in their order. */
	const int flags = k->kind->type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_APPEND
							: NLM_F_CREATE | NLM_F_EXCL;
	const uint32_t valid = remaining(k->valid, after);
	const struct ifa_cacheinfo life = {.ifa_valid = valid,
					   .ifa_prefered = remaining(k->preferred, after)};
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(KEEP_BYTES + 256);

	if (!msg || !nlmsg_put(msg, 0, 0, k->kind->type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(msg, (void *)(uintptr_t)k->bytes, k->n, NLMSG_ALIGNTO) < 0)
		return NULL;
	if (k->kind->type == RTM_NEWADDR && (valid != FOREVER || life.ifa_prefered != FOREVER) &&
	    nla_put(msg, IFA_CACHEINFO, sizeof life, &life) < 0)
		return NULL;
	if (k->kind->type == RTM_NEWROUTE && valid != FOREVER &&
	    nla_put_u32(msg, RTA_EXPIRES, valid) < 0)
		return NULL;
	return ord_steal_ptr(msg);
}

static void name_of(const struct kept *k, char out[static 80])
{
	const int type = k->kind->type;
	const struct nlattr *a = attribute(k, RTA_DST); /* IFA_ADDRESS, NDA_DST: all are 1 */
	char text[INET6_ADDRSTRLEN] = "default";

	if (a && (nla_len(a) == 4 || nla_len(a) == 16))
		(void)inet_ntop(nla_len(a) == 4 ? AF_INET : AF_INET6, nla_data(a), text,
				sizeof text);
	(void)snprintf(out, 80, "%s %s",
		       type == RTM_NEWADDR    ? "address"
		       : type == RTM_NEWROUTE ? "route to"
					      : "neighbour",
		       text);
}

/* What is there already is as good. */
static int put_one(struct nl_talk *t, const json_t *one, uint64_t after, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = NULL;
	struct kept k;
	char name[80];

	if (!read_one(one, &k))
		return ord_fail(err, ORD_USAGE, "what was kept cannot be read");
	if (remaining(k.valid, after) == 0)
		return 0;
	msg = message(&k, after);
	if (!msg)
		return ord_fail_nomem(err);
	if (talk_ask(t, msg, NULL, NULL, err) == 0 || err->sys_errno == EEXIST)
		return 0;
	name_of(&k, name);
	return ord_wrap(err, "put back %s", name);
}

static bool is_address(const json_t *one)
{
	return json_integer_value(json_array_get(one, 0)) == RTM_NEWADDR;
}

int keep_put_back(struct nl_talk *t, const json_t *list, uint64_t after_s, void (*beat)(void),
		  struct ord_err *err)
{
	const uint64_t limit = ord_now_ns() + PATIENCE_NS;
	const size_t n = json_array_size(list);
	bool done[KEEP_MAX] = {false};
	size_t failed, put;

	/* The kernel lists the newest first. */
	for (size_t i = n; i-- > 0;) {
		done[i] = is_address(json_array_get(list, i));
		if (done[i] && put_one(t, json_array_get(list, i), after_s, err) < 0)
			return -1;
	}
	for (;;) {
		failed = put = 0;
		for (size_t i = 0; i < n; i++) {
			if (done[i])
				continue;
			done[i] = put_one(t, json_array_get(list, i), after_s, err) == 0;
			put += done[i];
			failed += !done[i];
		}
		if (failed == 0)
			return 0;
		/* A route may need another, or an address that is still tentative. */
		if (put == 0 && ord_now_ns() > limit)
			return -1;
		beat();
		if (put == 0)
			(void)poll(NULL, 0, 50);
	}
}

int keep_missing(struct nl_talk *t, int index, const json_t *list, uint64_t after_s,
		 json_t *missing, struct ord_err *err)
{
	json_t *now = json_array(), *one, *other;
	struct keep_left left;
	struct kept k;
	size_t i, j;
	char name[80];
	int rc = now ? keep_read(t, index, false, now, &left, err) : ord_fail_nomem(err);

	json_array_foreach (list, i, one) {
		bool there = rc < 0 || !read_one(one, &k) || remaining(k.valid, after_s) == 0;

		json_array_foreach (now, j, other)
			there = there ||
				(json_equal(json_array_get(one, 0), json_array_get(other, 0)) &&
				 json_equal(json_array_get(one, 1), json_array_get(other, 1)));
		if (there)
			continue;
		name_of(&k, name);
		if (json_array_append_new(missing, json_sprintf("%s is missing", name)) < 0)
			rc = ord_fail_nomem(err);
	}
	json_decref(now);
	return rc;
}
