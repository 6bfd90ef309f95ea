#include "keep.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(n)	 (1ull << (n))
#define FOREVER	 UINT32_MAX
#define PROTO	 11 /* IFA_PROTO, not in the headers before 5.18 */
#define PROTO_RA 3  /* IFAPROT_KERNEL_RA */

/* What a user may set of an IPv6 address (inet6_rtm_newaddr() in net/ipv6/addrconf.c). */
#define ADDRESS_FLAGS                                                                   \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | \
	 IFA_F_MCAUTOJOIN)

static const struct keep_kind kinds[] = {
	{RTM_NEWADDR, sizeof(struct ifaddrmsg),
	 BIT(IFA_ADDRESS) | BIT(IFA_LOCAL) | BIT(IFA_FLAGS) | BIT(IFA_RT_PRIORITY) | BIT(PROTO),
	 BIT(IFA_CACHEINFO)},
	{RTM_NEWROUTE, sizeof(struct rtmsg),
	 BIT(RTA_DST) | BIT(RTA_SRC) | BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_PRIORITY) |
		 BIT(RTA_PREFSRC) | BIT(RTA_METRICS) | BIT(RTA_MULTIPATH) | BIT(RTA_FLOW) |
		 BIT(RTA_TABLE) | BIT(RTA_VIA) | BIT(RTA_PREF),
	 BIT(RTA_CACHEINFO)},
	{RTM_NEWNEIGH, sizeof(struct ndmsg),
	 BIT(NDA_DST) | BIT(NDA_LLADDR) | BIT(NDA_PROTOCOL) | BIT(15 /* NDA_FLAGS_EXT, 5.16 */),
	 BIT(NDA_CACHEINFO) | BIT(NDA_PROBES)},
};

const struct keep_kind *keep_kind_of(int type)
{
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

struct reader {
	int index;
	int family; /* of the routes */
	json_t *list;
	struct keep_left *left;
	bool strict; /* what is not understood is an error */
	/* Before the dump that is being read. */
	size_t list_before;
	struct keep_left left_before;
};

struct bytes {
	uint8_t v[KEEP_BYTES];
	size_t n;
};

static bool put(struct bytes *b, const void *p, size_t n)
{
	if (n > sizeof b->v - b->n)
		return false;
	memcpy(b->v + b->n, p, n);
	b->n += n;
	return true;
}

/* The header and those attributes that say what it is. *ret_odd: the first that is not known. */
static bool words_of(struct nlmsghdr *h, const struct keep_kind *kind, struct bytes *ret,
		     int *ret_odd)
{
	struct nlattr *a;
	int left;

	*ret_odd = 0;
	if (!put(ret, nlmsg_data(h), kind->header))
		return false;
	nla_for_each_attr(a, nlmsg_attrdata(h, (int)kind->header),
			  nlmsg_attrlen(h, (int)kind->header), left)
	{
		const int type = nla_type(a);

		if (type < 64 && kind->drops & BIT(type))
			continue;
		if (type >= 64 || !(kind->keeps & BIT(type))) {
			*ret_odd = type;
			return false;
		}
		if (!put(ret, a, (size_t)NLA_ALIGN(a->nla_len)))
			return false;
	}
	return true;
}

static json_t *hex_of(const struct bytes *b)
{
	char text[2 * KEEP_BYTES + 1];

	for (size_t i = 0; i < b->n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", b->v[i]);
	return json_stringn(text, 2 * b->n);
}

static json_t *seconds(uint32_t s)
{
	return json_integer(s == FOREVER ? -1 : (json_int_t)s);
}

static int add(struct reader *r, int type, const struct bytes *b, uint32_t valid,
	       uint32_t preferred, struct ord_err *err)
{
	if (json_array_size(r->list) >= KEEP_MAX)
		return ord_fail(err, ORD_SKIP,
				"more than %d addresses, routes and neighbours would have to be "
				"put back",
				KEEP_MAX);
	if (json_array_append_new(r->list, json_pack("[i o o o]", type, hex_of(b), seconds(valid),
						     seconds(preferred))) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int cannot(const struct reader *r, const char *what, struct nlattr *address, int odd,
		  struct ord_err *err)
{
	char text[INET6_ADDRSTRLEN] = "default";

	if (!r->strict)
		return 0;
	if (address)
		(void)inet_ntop(nla_len(address) == 4 ? AF_INET : AF_INET6, nla_data(address), text,
				sizeof text);
	if (odd == RTA_NH_ID && *what == 'r')
		return ord_fail(err, ORD_SKIP,
				"the route to %s goes by a nexthop object (ip nexthop), which "
				"would go with the device",
				text);
	return ord_fail(err, ORD_SKIP,
			"the %s %s could not be put back exactly: it %s (attribute %d)", what, text,
			odd ? "has what is not understood here" : "is too long", odd);
}

/* ---- addresses ---- */

static int on_address(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct keep_kind *kind = &kinds[0];
	struct reader *r = arg;
	struct ifaddrmsg *m = nlmsg_data(h);
	struct nlattr *tb[IFA_MAX + 8] = {0};
	struct ifa_cacheinfo life = {.ifa_valid = FOREVER, .ifa_prefered = FOREVER};
	struct bytes b = {.n = 0};
	uint32_t flags;
	int odd;

	if (h->nlmsg_type != RTM_NEWADDR || m->ifa_index != (unsigned)r->index ||
	    m->ifa_family != AF_INET6)
		return 0;
	if (nlmsg_parse(h, sizeof *m, tb, IFA_MAX + 7, NULL) < 0)
		return ord_fail(err, ORD_SYS, "an address that cannot be read");
	flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : m->ifa_flags;
	if (flags & IFA_F_TEMPORARY) {
		r->left->temporary++;
		return 0;
	}
	/* Made of the prefix and a secret again; of the link itself at once. */
	if (flags & IFA_F_STABLE_PRIVACY || (tb[PROTO] && nla_get_u8(tb[PROTO]) == PROTO_RA)) {
		r->left->learned += m->ifa_scope != RT_SCOPE_LINK;
		return 0;
	}
	if (tb[IFA_CACHEINFO] && nla_len(tb[IFA_CACHEINFO]) >= (int)sizeof life)
		memcpy(&life, nla_data(tb[IFA_CACHEINFO]), sizeof life);
	m->ifa_flags &= (uint8_t)ADDRESS_FLAGS;
	if (tb[IFA_FLAGS]) {
		flags &= ADDRESS_FLAGS;
		memcpy(nla_data(tb[IFA_FLAGS]), &flags, sizeof flags);
	}
	if (!words_of(h, kind, &b, &odd))
		return cannot(r, "address", tb[IFA_ADDRESS], odd, err);
	return add(r, RTM_NEWADDR, &b, life.ifa_valid, life.ifa_prefered, err);
}

/* ---- routes ---- */

/* Whether a way goes over the device; flags that the kernel sets by itself are taken off. *ret_odd:
 * an attribute that is not known. */
static bool ways_over(struct nlattr *ways, int index, int *ret_odd)
{
	struct rtnexthop *w = nla_data(ways);
	int left = nla_len(ways);
	bool over = false;

	for (; left >= (int)sizeof *w && w->rtnh_len >= sizeof *w && w->rtnh_len <= left;
	     left -= (int)RTNH_ALIGN(w->rtnh_len), w = RTNH_NEXT(w)) {
		const struct nlattr *a = (const void *)(w + 1);
		int rest = (int)(w->rtnh_len - sizeof *w);

		over |= w->rtnh_ifindex == index;
		w->rtnh_flags &= RTNH_F_ONLINK;
		for (; nla_ok(a, rest); a = nla_next(a, &rest))
			if (nla_type(a) != RTA_GATEWAY && nla_type(a) != RTA_VIA &&
			    nla_type(a) != RTA_FLOW)
				*ret_odd = nla_type(a);
	}
	return over;
}

static uint32_t expires(struct nlattr *cache)
{
	struct rta_cacheinfo c;

	if (!cache || nla_len(cache) < (int)sizeof c)
		return FOREVER;
	memcpy(&c, nla_data(cache), sizeof c);
	return c.rta_expires > 0 ? (uint32_t)(c.rta_expires / sysconf(_SC_CLK_TCK)) : FOREVER;
}

static int on_route(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct keep_kind *kind = &kinds[1];
	struct reader *r = arg;
	struct rtmsg *m = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1] = {0};
	struct bytes b = {.n = 0};
	int odd = 0, odd_way = 0;
	bool over = false;

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_family != r->family ||
	    m->rtm_flags & RTM_F_CLONED)
		return 0;
	if (nlmsg_parse(h, sizeof *m, tb, RTA_MAX, NULL) < 0)
		return ord_fail(err, ORD_SYS, "a route that cannot be read");
	if (tb[RTA_OIF])
		over = (int)nla_get_u32(tb[RTA_OIF]) == r->index;
	if (tb[RTA_MULTIPATH])
		over |= ways_over(tb[RTA_MULTIPATH], r->index, &odd_way);
	if (!over || m->rtm_protocol == RTPROT_KERNEL || m->rtm_protocol == RTPROT_REDIRECT)
		return 0;
	if (m->rtm_protocol == RTPROT_RA) {
		r->left->learned++;
		return 0;
	}
	m->rtm_flags &= RTNH_F_ONLINK;
	if (!words_of(h, kind, &b, &odd) || odd_way)
		return cannot(r, "route to", tb[RTA_DST], odd_way ? odd_way : odd, err);
	return add(r, RTM_NEWROUTE, &b, expires(tb[RTA_CACHEINFO]), FOREVER, err);
}

/* ---- neighbours ---- */

static int on_neighbour(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	const struct keep_kind *kind = &kinds[2];
	struct reader *r = arg;
	struct ndmsg *m = nlmsg_data(h);
	struct bytes b = {.n = 0};
	int odd;

	if (h->nlmsg_type != RTM_NEWNEIGH || m->ndm_ifindex != r->index ||
	    (m->ndm_family != AF_INET && m->ndm_family != AF_INET6))
		return 0;
	if (!(m->ndm_state & NUD_PERMANENT) && !(m->ndm_flags & NTF_PROXY)) {
		r->left->external += (m->ndm_flags & NTF_EXT_LEARNED) != 0;
		return 0;
	}
	m->ndm_state &= NUD_PERMANENT;
	if (!words_of(h, kind, &b, &odd))
		return cannot(r, "neighbour", nlmsg_find_attr(h, sizeof *m, NDA_DST), odd, err);
	return add(r, RTM_NEWNEIGH, &b, FOREVER, FOREVER, err);
}

static void forget(void *arg)
{
	const struct reader *r = arg;

	while (json_array_size(r->list) > r->list_before)
		(void)json_array_remove(r->list, json_array_size(r->list) - 1);
	*r->left = r->left_before;
}

static int dump(struct nl_talk *t, int type, const void *header, size_t n, talk_each *each,
		struct reader *r, struct ord_err *err)
{
	ord_auto(msg) struct nl_msg *msg = nlmsg_alloc_size(256);

	if (!msg || !nlmsg_put(msg, 0, 0, type, 0, NLM_F_REQUEST | NLM_F_DUMP) ||
	    nlmsg_append(msg, (void *)(uintptr_t)header, n, NLMSG_ALIGNTO) < 0)
		return ord_fail_nomem(err);
	r->list_before = json_array_size(r->list);
	r->left_before = *r->left;
	return talk_dump(t, msg, each, forget, r, err);
}

int keep_read(struct nl_talk *t, int index, bool strict, json_t *list, struct keep_left *ret_left,
	      struct ord_err *err)
{
	const struct ifaddrmsg address = {.ifa_family = AF_INET6};
	const struct rtmsg route4 = {.rtm_family = AF_INET}, route6 = {.rtm_family = AF_INET6};
	const struct ndmsg neighbour = {.ndm_family = AF_UNSPEC}, proxy = {.ndm_flags = NTF_PROXY};
	struct keep_left left = {0};
	struct reader r = {
		.index = index, .family = AF_INET, .list = list, .left = &left, .strict = strict};

	/* A kernel without IPv6 answers with the other families: what they are is looked at. */
	if (dump(t, RTM_GETADDR, &address, sizeof address, on_address, &r, err) < 0 ||
	    dump(t, RTM_GETROUTE, &route4, sizeof route4, on_route, &r, err) < 0)
		return -1;
	r.family = AF_INET6;
	if (dump(t, RTM_GETROUTE, &route6, sizeof route6, on_route, &r, err) < 0 ||
	    dump(t, RTM_GETNEIGH, &neighbour, sizeof neighbour, on_neighbour, &r, err) < 0 ||
	    dump(t, RTM_GETNEIGH, &proxy, sizeof proxy, on_neighbour, &r, err) < 0)
		return -1;
	*ret_left = left;
	return 0;
}

unsigned keep_count(const json_t *list, int type)
{
	unsigned n = 0;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		n += json_integer_value(json_array_get(one, 0)) == type;
	return n;
}
