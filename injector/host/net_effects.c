#include "net_effects.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/units.h"

#define TABLE_BYTES (256 * 1024)

static uint32_t ppm(const struct ord_args *args, const char *name, uint32_t otherwise)
{
	return ord_arg_set(args, name) ? (uint32_t)ord_arg_int(args, name) : otherwise;
}

static uint64_t number(const struct ord_args *args, const char *name)
{
	return (uint64_t)ord_arg_int(args, name);
}

void net_effect_delay(const struct ord_args *args, const char *correlation, struct fate_params *ret)
{
	ret->delay_ns = number(args, "delay");
	ret->jitter_ns = number(args, "jitter");
	ret->delay_correlation_ppm = ppm(args, correlation, 0);
	ret->distribution = (enum fate_distribution)ord_arg_int(args, "distribution");
	ret->slot_min_ns = number(args, "slot-min");
	ret->slot_max_ns =
		ord_arg_set(args, "slot-max") ? number(args, "slot-max") : ret->slot_min_ns;
	ret->slot_delay_ns = number(args, "slot-delay");
	ret->slot_jitter_ns = number(args, "slot-jitter");
	ret->slot_distribution = (enum fate_distribution)ord_arg_int(args, "slot-distribution");
	ret->slot_packets = (uint32_t)number(args, "slot-packets");
	ret->slot_bytes = (uint32_t)number(args, "slot-bytes");
}

void net_effect_share(const struct ord_args *args, const char *share, const char *correlation,
		      struct fate_share *ret)
{
	*ret = (struct fate_share){ppm(args, share, 0), ppm(args, correlation, 0)};
}

/* What is not set is as in tc-netem(8). */
void net_effect_loss(const struct ord_args *args, const char *share, const char *correlation,
		     const char *model, struct fate_params *ret)
{
	const int64_t which = ord_arg_int(args, model);

	ret->ecn = ord_arg_int(args, "ecn");
	ret->loss = which || ord_arg_set(args, share) ? (enum fate_loss)(FATE_LOSS_RANDOM + which)
						      : FATE_LOSS_NONE;
	if (ret->loss == FATE_LOSS_RANDOM)
		net_effect_share(args, share, correlation, &ret->random_loss);
	if (ret->loss == FATE_LOSS_MARKOV) {
		ret->p13 = ppm(args, "p13", 0);
		ret->p31 = ppm(args, "p31", ORD_PPM - ret->p13);
		ret->p32 = ppm(args, "p32", 0);
		ret->p23 = ppm(args, "p23", ORD_PPM);
		ret->p14 = ppm(args, "p14", 0);
	}
	if (ret->loss == FATE_LOSS_GILBERT) {
		ret->p = ppm(args, "p", 0);
		ret->r = ppm(args, "r", ORD_PPM - ret->p);
		ret->one_minus_h = ppm(args, "1-h", ORD_PPM);
		ret->one_minus_k = ppm(args, "1-k", 0);
	}
}

void net_effect_rate(const struct ord_args *args, struct fate_params *ret)
{
	ret->rate = number(args, "rate");
	ret->burst = number(args, "burst");
	ret->packet_overhead = (int32_t)ord_arg_int(args, "packet-overhead");
	ret->cell_size = (uint32_t)number(args, "cell-size");
	ret->cell_overhead = (int32_t)ord_arg_int(args, "cell-overhead");
}

/* Of two states, the share of the one that p leads to and r out of. */
static double share(double p, double r)
{
	return p + r > 0 ? p / (p + r) : 0;
}

bool net_effect_cuts(const struct fate_params *p)
{
	double lost = p->random_loss.ppm, bad;

	if (p->loss == FATE_LOSS_GILBERT) {
		bad = share(p->p, p->r);
		lost = bad * p->one_minus_h + (1 - bad) * p->one_minus_k;
	}
	if (p->loss == FATE_LOSS_MARKOV) /* gaps within a run are taken for losses */
		lost = ORD_PPM * share(p->p13, p->p31) + p->p14;
	return lost >= ORD_PPM / 2. || p->corrupt.ppm >= ORD_PPM / 2;
}

int net_effect_table(const struct ord_args *args, const char *name,
		     int16_t ret[static FATE_TABLE_MAX], size_t *ret_n, struct ord_err *err)
{
	const char *path = ord_arg_text(args, name);
	ord_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ord_autofree char *text = malloc(TABLE_BYTES);
	struct stat st;
	ssize_t n;

	if (!text)
		return ord_fail_nomem(err);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH) ||
	    st.st_size > TABLE_BYTES)
		return ord_fail(err, ORD_USAGE,
				"%s: '%s' must be a file of at most %d bytes that everybody may "
				"read",
				name, path, TABLE_BYTES);
	n = pread(fd, text, TABLE_BYTES, 0);
	if (n < 0)
		return ord_fail_sys(err, "read '%s'", path);
	/* Not what is wrong with it: that would tell of a file in a folder that is closed to
	 * others. */
	if (fate_table_read(text, (size_t)n, ret, ret_n, err) < 0)
		return ord_fail(err, ORD_USAGE,
				"%s: '%s' is no list of at most %d whole numbers, as tc's *.dist",
				name, path, FATE_TABLE_MAX);
	return 0;
}
