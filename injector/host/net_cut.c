#include "net_cut.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/units.h"
#include "engines/nft_can.h"
#include "engines/nft_read.h"

#define NO_EGRESS                                                                               \
	"this kernel has no hook where packets leave a device (CONFIG_NETFILTER_EGRESS, Linux " \
	"5.16): take engine inet"
#define NO_FWD                                                                                     \
	"this kernel cannot forward packets between devices in nftables (CONFIG_NFT_FWD_NETDEV): " \
	"take engine inet"

struct state {
	struct nl_talk nft;
	struct nft_batch batch, marks; /* marks: by the sender, where that is asked for */
	struct sender sender;
	struct links links;
	enum cut_way way;
	char table[NFT_NAME];
};

/* A first guess by version, for the plan; the kernel's own answer comes with inject. */
static bool has_egress(void)
{
	struct utsname u;
	int major, minor;

	return uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2 || major > 5 ||
	       (major == 5 && minor >= 16);
}

static int choose_way(const struct inj_step *step, bool reject, enum cut_way *ret, json_t *report,
		      struct ord_err *err)
{
	const struct match m = net_match(step);

	if (reject) {
		if (strcmp(step->engine, "netdev") == 0)
			return ord_fail(err, ORD_USAGE,
					"engine netdev cannot reject, only drop: take engine inet");
		*ret = CUT_REJECT;
		return net_tell(report, "notes", err,
				"a local sender of anything but TCP sees \"operation not "
				"permitted\" besides the ICMP answer");
	}
	*ret = CUT_NETDEV;
	if (strcmp(step->engine, "inet") == 0 ||
	    (!step->engine[0] && match_egress(&m) && !has_egress()))
		*ret = CUT_INET;
	if (*ret == CUT_INET)
		return net_tell(report, "notes", err,
				"engine inet: a local sender sees \"operation not permitted\" "
				"where a packet is lost");
	return 0;
}

/* A frame of up to 64 KiB is one packet here, and is lost as one. */
static int note_offload(uint32_t ppm, json_t *report, struct ord_err *err)
{
	if (ppm == ORD_PPM)
		return 0;
	return net_tell(report, "notes", err,
			"a packet is what the kernel hands to the device: with segmentation "
			"offload up to 64 KiB of TCP "
			"at once");
}

static int describe(const struct inj_step *step, const struct state *s, uint32_t ppm,
		    json_t *report, struct ord_err *err)
{
	char where[LINKS_MAX * (IFNAMSIZ + 2)] = "";

	for (size_t i = 0; i < s->links.n; i++)
		(void)snprintf(where + strlen(where), sizeof where - strlen(where), "%s%s",
			       i ? ", " : "", s->links.v[i].name);
	(void)step;
	if (json_object_set_new(report, "engine",
				json_string(s->way == CUT_NETDEV ? "netdev" : "inet")) < 0)
		return ord_fail_nomem(err);
	if (net_tell(report, "objects", err,
		     "nftables table %s %s on %s; the kernel removes it with the process",
		     s->way == CUT_NETDEV ? "netdev" : "inet", s->table, where) < 0)
		return -1;
	return note_offload(ppm, report, err);
}

/* At a device the sender is not known: another table marks what is meant before. */
static bool by_mark(const struct state *s)
{
	return sender_asked(&s->sender) && s->way == CUT_NETDEV;
}

/* And the filter at the device asks for the mark alone. */
static int mark(struct state *s, const char *comment, struct match *match, struct ord_err *err)
{
	if (sender_sit(&s->sender, err) < 0)
		return -1;
	sender_build(&s->marks, s->table, comment, &s->sender, match);
	for (size_t i = 0; i < s->links.n; i++)
		sender_at(&s->marks, &s->sender, &s->links.v[i]);
	*match = sender_match(match, &s->sender);
	if (nft_batch_end(&s->marks, err) < 0)
		return -1;
	return nft_make_room(&s->marks, &s->nft, err);
}

static int prepare(struct inj_step *step, struct state *s, uint32_t ppm, bool reject,
		   json_t *report, struct ord_err *err)
{
	struct match match = net_match(step);
	struct nl_talk route = {.fd = -1};
	char comment[128];
	int rc;

	if (choose_way(step, reject, &s->way, report, err) < 0 ||
	    net_sender(step, &s->sender, report, err) < 0 ||
	    talk_open(&route, NETLINK_ROUTE, err) < 0)
		return -1;
	rc = net_devices(step, &route, s->way == CUT_NETDEV ? LINKS_BOTTOM : LINKS_TOP, &s->links,
			 report, err);
	talk_close(&route);
	if (rc < 0 || talk_open(&s->nft, NETLINK_NETFILTER, err) < 0)
		return -1;
	(void)snprintf(s->table, sizeof s->table, "ordeal-%s", step->lease);
	net_comment(step, comment);
	if (sender_asked(&s->sender) && nft_can_cgroup(&s->nft, err) < 0)
		return -1;
	if (by_mark(s) && mark(s, comment, &match, err) < 0)
		return -1;
	cut_build(&s->batch,
		  &(struct cut){.way = s->way,
				.ppm = ppm,
				.table = s->table,
				.comment = comment,
				.match = &match,
				.links = &s->links,
				.group = sender_asked(&s->sender) ? s->sender.path : NULL});
	if (nft_can_load(&s->batch, &s->nft, err) < 0 || nft_batch_end(&s->batch, err) < 0)
		return -1;
	return nft_make_room(&s->batch, &s->nft, err);
}

int net_cut_check(struct inj_step *step, uint32_t ppm, bool reject, json_t *undo, json_t *report,
		  struct ord_err *err)
{
	struct state *s;

	if (net_enter(step, ppm >= ORD_PPM / 2, err) < 0)
		return -1;
	s = calloc(1, sizeof *s);
	if (!s)
		return ord_fail_nomem(err);
	s->nft.fd = s->sender.seat = s->sender.events = -1;
	step->state = s;
	net_first_in_line(false);
	if (prepare(step, s, ppm, reject, report, err) < 0 || net_undo(undo, step, err) < 0 ||
	    net_undo_table(undo, cut_family(s->way), s->table, err) < 0 ||
	    (by_mark(s) && net_undo_table(undo, NFPROTO_INET, s->table, err) < 0))
		return -1;
	return describe(step, s, ppm, report, err);
}

/* What an errno of nftables means for these tables. */
static int explain(const struct state *s, struct ord_err *err)
{
	switch (err->sys_errno) {
	case EOPNOTSUPP:
		return s->way == CUT_NETDEV ? ord_fail(err, ORD_SKIP, NO_EGRESS) : -1;
	case ENOENT:
		if (s->way == CUT_NETDEV && strstr(err->msg, "rule of chain"))
			return ord_fail(err, ORD_SKIP, NO_FWD);
		return -1;
	case EPERM:
		return ord_fail(err, ORD_SKIP,
				"needs CAP_NET_ADMIN in the target's network namespace");
	default:
		return net_sender_explain(&s->sender, err);
	}
}

int net_cut_inject(struct inj_step *step, struct ord_err *err)
{
	struct state *s = step->state;

	if (nft_send(&s->batch, &s->nft, err) < 0)
		return explain(s, err);
	if (nft_prove(&s->nft, &s->batch, err) < 0)
		return -1;
	if (!by_mark(s))
		return 0;
	if (nft_send(&s->marks, &s->nft, err) < 0)
		return net_sender_explain(&s->sender, err);
	return nft_prove(&s->nft, &s->marks, err);
}

int net_cut_change(struct inj_step *step, struct ord_err *err)
{
	struct state *s = step->state;
	const struct match m = net_match(step);
	struct nft_batch b = {0};
	int r;

	if (net_change_fits(step, &s->links, err) < 0)
		return -1;
	nft_in_table(&b, by_mark(s) ? NFPROTO_INET : cut_family(s->way), s->table);
	match_change(&b, &m);
	r = nft_send(&b, &s->nft, err);
	nft_batch_done(&b);
	return r;
}

void net_cut_figures(struct inj_step *step, json_t *figures)
{
	const struct state *s = step->state;
	struct nft_count count[CUT_COUNTERS] = {0};
	struct nl_talk t = s->nft;
	struct ord_err err;

	if (nft_read_counters(&t, cut_family(s->way), s->table, MATCH_HIT, count, CUT_COUNTERS,
			      &err) < 0)
		return;
	net_figure(figures, "matched_packets", count[CUT_MATCHED].packets);
	net_figure(figures, "matched_bytes", count[CUT_MATCHED].bytes);
	net_figure(figures, "dropped_packets", count[CUT_LOST].packets);
	net_figure(figures, "dropped_bytes", count[CUT_LOST].bytes);
	if (sender_gone(&s->sender))
		net_figure(figures, "cgroup_gone", 1);
}

int net_cut_end(struct inj_step *step, struct ord_err *err)
{
	struct state *s = step->state;

	(void)err;
	talk_close(&s->nft);
	return 0;
}

void net_cut_done(struct inj_step *step)
{
	struct state *s = step->state;

	if (!s)
		return;
	talk_close(&s->nft);
	sender_close(&s->sender);
	nft_batch_done(&s->batch);
	nft_batch_done(&s->marks);
	free(s);
	step->state = NULL;
}

static int try_way(enum cut_way way, struct ord_err *err)
{
	const struct ord_endpoints none = {0};
	const struct match match = {.to = &none, .exclude = &none, .direction = MATCH_BOTH};
	/* As if it were a real device, so that its egress is tried too. */
	const struct links links = {.n = 1, .v = {{.index = 1, .name = "lo"}}};
	struct state s = {.nft = {.fd = -1}, .way = way, .sender = {.seat = -1, .events = -1}};
	int rc;

	cut_build(&s.batch, &(struct cut){.way = way,
					  .ppm = ORD_PPM / 2,
					  .table = "ordeal-trial",
					  .comment = "trial",
					  .match = &match,
					  .links = &links});
	rc = talk_open(&s.nft, NETLINK_NETFILTER, err);
	if (rc == 0 && nft_send(&s.batch, &s.nft, err) < 0)
		rc = explain(&s, err);
	talk_close(&s.nft);
	nft_batch_done(&s.batch);
	return rc;
}

static int try_netdev(struct ord_err *err)
{
	return try_way(CUT_NETDEV, err);
}

static int try_inet(struct ord_err *err)
{
	return try_way(CUT_INET, err);
}

int net_cut_available(const char **ret_engine, struct ord_err *err)
{
	if (net_capable(err) < 0)
		return -1;
	*ret_engine = "netdev";
	if (net_trial(try_netdev, err) == 0)
		return 0;
	if (err->code == ORD_GUARD) {
		*ret_engine = "netdev (not tried: that takes CAP_SYS_ADMIN)";
		return 0;
	}
	if (net_trial(try_inet, err) < 0)
		return -1;
	*ret_engine = "inet";
	return 0;
}
