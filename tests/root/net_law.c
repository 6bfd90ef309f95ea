/*
 * net_law SENDER RECEIVER ADDRESS PORT N GAP_NS [KEY=VALUE]... [JUDGE]...: sends N numbered UDP
 * packets from one network namespace to another (names of /run/netns), and holds what arrives, and
 * when, against laws, which nobody told how a draw came out. Keys: size= of a payload, together= so
 * many packets a send (UDP_SEGMENT), ours=1 stamps of this program's, copies= that may come of
 * each, wait= for the last (ns), kill= a process 0.1 s after the first was sent; delay= jitter_ns=
 * base= of what is asked, base being the path's own.
 *
 * A judge accepts above alpha = 0.001. With "not-" before its name it must refuse: what would pass
 * with a wrong law proves nothing. The null hypothesis of each:
 *
 * path              none: says how long the way takes (median, ns)
 * jitter=LAW[*S]    what packets took beyond base and delay, in jitters, and S times as long, is a
 *                   sample of the law: uniform, normal, pareto, paretonormal or of a table
 *                   (/FILE). Kolmogorov and Smirnov
 * alike=LAW,RHO     besides, the normal scores of these are an autoregression of that coefficient:
 *                   what is new in each score is a sample of a normal law (Kolmogorov and Smirnov)
 *                   and has nothing to do with the one before (their products' sum, as a normal)
 * slot=LAW[*S]      the same as jitter of what lies between two arrivals, with no base
 * lost=P,C          a packet is lost with P, and after a loss with P + C (1 - P)
 * markov=, gilbert= as tc-netem(8) has them. The lengths of runs of losses, and of those between
 *                   them, are as the chain has them: chi-square on both
 * overtook=P,GAP    of those that may, this share took less than half of the delay: chi-square on
 *                   how many lie between two of them
 * twice=P           that share came twice: Clopper and Pearson
 * rate=R,SKIP,LOW,HIGH  not a test: bytes a second on the wire after the first SKIP bytes lie
 *                   within LOW and HIGH of R
 * gone=MS           not a test: until the kill no packet came directly, and the first that did so
 *                   was sent less than so long after it
 *
 * Shares are in ppm. One JSON line; exit status 0: every judge said what it was to say.
 */
#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "injector/host/engines/fate_table.h"
#include "net_way.h"
#include "tests/unit/fate_judge.h"
#include "tests/unit/fate_law.h"

#define KILL_US	  100000
#define DIRECT_NS 5e6 /* a delay is longer */
#define NUMBERS	  5
#define TAIL	  150 /* jitters: beyond them lie 3e-7 of Pareto's delays */
#define ALL_SURE  1e-9
#define WIRE_ETH  14
#define WIRE_UDP  8

struct numbers {
	char law[256];
	double scale, n[NUMBERS];
};

static struct way way = {.size = 64, .together = 1, .ahead = true};
static double delay_ns, jitter_ns, base_ns, wait_ns;
static double first_ns[WAY_MAX]; /* what each packet took; below 0: it did not come */
static uint8_t times[WAY_MAX];
static double sample[WAY_MAX];
static int16_t table[FATE_TABLE_MAX];
static size_t table_n;
static uint32_t victim;
static uint64_t killed_ns;
static uint32_t copies = 1;

/* ---- laws ---- */

/* As likely as the entries are below it; between two of them in proportion. */
static double law_table(double x)
{
	const double y = x * FATE_SCALE;
	size_t lo = 0, hi = table_n;

	while (lo < hi) {
		const size_t mid = (lo + hi) / 2;

		if (table[mid] <= y)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (double)lo / (double)table_n;
}

static void read_table(const char *path)
{
	static char text[256 * 1024];
	FILE *in = fopen(path, "re");
	struct ord_err err;
	size_t n;

	way_must(in != NULL, path);
	n = fread(text, 1, sizeof text, in);
	(void)fclose(in);
	way_must(fate_table_read(text, n, table, &table_n, &err) == 0, path);
}

static double (*law_named(const char *name))(double)
{
	static const struct {
		const char *name;
		double (*law)(double);
	} laws[] = {{"uniform", law_uniform},
		    {"normal", ord_norm_cdf},
		    {"pareto", law_pareto},
		    {"paretonormal", law_paretonormal}};

	for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
		if (strcmp(name, laws[i].name) == 0)
			return laws[i].law;
	read_table(name);
	return law_table;
}

/* "LAW*SCALE,NUMBER,...", or "NUMBER,..." alone. */
static struct numbers parse(const char *text)
{
	struct numbers r = {.scale = 1};
	char copy[256], *at = copy, *part;
	size_t n = 0;

	(void)snprintf(copy, sizeof copy, "%s", text);
	while ((part = strsep(&at, ",")) && n < NUMBERS) {
		char *star = strchr(part, '*');

		if (*part && !strchr("0123456789.", *part)) {
			if (star)
				r.scale = strtod(star + 1, NULL);
			(void)snprintf(r.law, sizeof r.law, "%.*s",
				       (int)(star ? (size_t)(star - part) : strlen(part)), part);
		} else {
			r.n[n++] = strtod(part, NULL);
		}
	}
	return r;
}

/* ---- what arrived ---- */

static void note_arrivals(void)
{
	for (size_t k = 0; k < way.packets; k++)
		first_ns[k] = -1;
	for (size_t i = 0; i < way_arrived; i++) {
		const uint32_t k = way_order[i];

		if (times[k]++ == 0)
			first_ns[k] = (double)way_came_ns[i] - (double)way_sent_ns[k];
	}
}

/* Deviations in jitters, in the order of the packets. */
static size_t deviations(double scale)
{
	size_t n = 0;

	for (size_t k = 0; k < way.packets; k++)
		if (first_ns[k] >= 0)
			sample[n++] = (first_ns[k] - base_ns - delay_ns) / jitter_ns * scale;
	return n;
}

/* ---- judges: how odd what arrived is ---- */

static double say(const char *what, double odd)
{
	(void)printf("\"%s\":%.6f,", what, odd);
	return odd;
}

static double path(const struct numbers *a)
{
	size_t n = 0;

	(void)a;
	for (size_t k = 0; k < way.packets; k++)
		if (first_ns[k] >= 0)
			sample[n++] = first_ns[k];
	qsort(sample, n, sizeof *sample, judge_ascending);
	if (n)
		(void)printf("\"median_ns\":%.0f,\"p99_ns\":%.0f,", sample[n / 2],
			     sample[n * 99 / 100]);
	return n == way.packets;
}

static double jitter(const struct numbers *a)
{
	const size_t n = deviations(a->scale);

	return n == way.packets ? say("ks", judge_ks(sample, n, law_named(a->law))) : 0;
}

static double alike(const struct numbers *a)
{
	double (*const law)(double) = law_named(a->law);
	const double rho = a->n[0];
	const size_t n = deviations(a->scale);
	double last = 0;

	if (n != way.packets)
		return 0;
	for (size_t k = 0; k < n; k++) {
		const double u = fmin(fmax(law(sample[k]), ALL_SURE), 1 - ALL_SURE),
			     z = ord_norm_quantile(u);

		sample[k] = k ? (z - rho * last) / sqrt(1 - rho * rho) : z;
		last = z;
	}
	/* Of two that have nothing to do with each other the product's mean is 0, its variance 1.
	 */
	last = 0;
	for (size_t k = 1; k < n; k++)
		last += sample[k] * sample[k - 1] / sqrt((double)n - 1);
	last = say("next", 2 * ord_norm_cdf(-fabs(last)));
	return fmin(last, say("ks", judge_ks(sample, n, ord_norm_cdf)));
}

static double slot(const struct numbers *a)
{
	size_t n = 0;

	for (size_t i = 1; i < way_arrived; i++)
		sample[n++] = ((double)(way_came_ns[i] - way_came_ns[i - 1]) - delay_ns) /
			      jitter_ns * a->scale;
	return n + 1 == way.packets ? say("ks", judge_ks(sample, n, law_named(a->law))) : 0;
}

/* Who is lost, by a chain. */
static double by_chain(const struct law_chain *c)
{
	static double law[JUDGE_RUNS];
	static struct judge_runs runs;
	double yes, no;

	memset(&runs, 0, sizeof runs);
	for (size_t k = 0; k < way.packets; k++)
		judge_runs_add(&runs, times[k] == 0);
	law_runs(c, true, law);
	yes = say("losses", judge_chi2(runs.yes, law, JUDGE_RUNS));
	law_runs(c, false, law);
	no = say("between", judge_chi2(runs.no, law, JUDGE_RUNS));
	return fmin(yes, no);
}

static double lost(const struct numbers *a)
{
	const double p = a->n[0] / 1e6, c = a->n[1] / 1e6, after = p + c * (1 - p),
		     else_ = p * (1 - c);
	const struct law_chain chain = {.step = {{1 - else_, else_}, {1 - after, after}},
					.lost = {false, true}};

	return by_chain(&chain);
}

static double markov(const struct numbers *a)
{
	const struct fate_params p = {.p13 = (uint32_t)a->n[0],
				      .p31 = (uint32_t)a->n[1],
				      .p32 = (uint32_t)a->n[2],
				      .p23 = (uint32_t)a->n[3],
				      .p14 = (uint32_t)a->n[4]};
	const struct law_chain chain = law_markov(&p);

	return by_chain(&chain);
}

static double gilbert(const struct numbers *a)
{
	const struct fate_params p = {.p = (uint32_t)a->n[0],
				      .r = (uint32_t)a->n[1],
				      .one_minus_h = (uint32_t)a->n[2],
				      .one_minus_k = (uint32_t)a->n[3]};
	const struct law_chain chain = law_gilbert(&p);

	return by_chain(&chain);
}

static double overtook(const struct numbers *a)
{
	const size_t spared = a->n[1] > 1 ? (size_t)a->n[1] - 1 : 0;
	static uint64_t seen[JUDGE_RUNS];
	static double law[JUDGE_RUNS];
	size_t between = 0;
	bool begun = false;

	memset(seen, 0, sizeof seen);
	for (size_t k = 0; k < way.packets; k++) {
		if (first_ns[k] < 0)
			return 0;
		if (first_ns[k] > delay_ns / 2) {
			between++;
			continue;
		}
		if (begun && between < spared)
			return say("too_close", 0);
		if (begun)
			seen[between - spared < JUDGE_RUNS ? between - spared : JUDGE_RUNS - 1]++;
		begun = true;
		between = 0;
	}
	judge_geometric(a->n[0] / 1e6, law);
	return begun ? say("between", judge_chi2(seen, law, JUDGE_RUNS)) : 0;
}

static double twice(const struct numbers *a)
{
	size_t n = 0;

	for (size_t k = 0; k < way.packets; k++) {
		if (times[k] != 1 && times[k] != 2)
			return 0;
		n += times[k] == 2;
	}
	return judge_share(n, way.packets, a->n[0] / 1e6);
}

/* What was sent from then on and came before it could have been delayed went directly. */
static double gone(const struct numbers *a)
{
	size_t felt = 0, k = 0;

	for (; k < way.packets && way_sent_ns[k] < killed_ns; k++)
		felt += first_ns[k] < 0 || first_ns[k] > DIRECT_NS;
	(void)printf("\"before\":%zu,\"felt\":%zu,", k, felt);
	if (!killed_ns || felt < k || k < 100)
		return 0;
	while (k < way.packets && (first_ns[k] < 0 || first_ns[k] > DIRECT_NS))
		k++;
	if (k == way.packets)
		return 0;
	(void)printf("\"gone_us\":%.0f,", (double)(way_sent_ns[k] - killed_ns) / 1e3);
	return (double)(way_sent_ns[k] - killed_ns) < a->n[0] * 1e6;
}

static double rate(const struct numbers *a)
{
	const double wire =
		way.size + WIRE_UDP + (way_to.ss_family == AF_INET ? 20 : 40) + WIRE_ETH;
	const size_t skip = (size_t)(a->n[1] / wire) + 1;
	double got;

	if (way_arrived < 2 * skip + 100)
		return 0;
	got = (double)(way_arrived - 1 - skip) * wire /
	      ((double)(way_came_ns[way_arrived - 1] - way_came_ns[skip]) / 1e9);
	(void)printf("\"rate\":%.0f,", got);
	return got >= a->n[0] * a->n[2] && got <= a->n[0] * a->n[3];
}

/* ---- ---- */

static void *kill_it(void *arg)
{
	way_come_first();
	(void)usleep(KILL_US);
	killed_ns = ord_wall_ns();
	way_must(kill((pid_t)victim, SIGKILL) == 0, "kill");
	return arg;
}

static bool says(const char *text)
{
	static const struct {
		const char *name;
		double (*judge)(const struct numbers *);
	} judges[] = {{"path", path},	      {"jitter", jitter}, {"alike", alike},
		      {"slot", slot},	      {"lost", lost},	  {"markov", markov},
		      {"gilbert", gilbert},   {"twice", twice},	  {"rate", rate},
		      {"overtook", overtook}, {"gone", gone}};
	const bool refuse = strncmp(text, "not-", 4) == 0;
	const char *name = refuse ? text + 4 : text, *value = strchr(name, '=');
	const size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct numbers a = parse(value ? value + 1 : "");

	for (size_t i = 0; i < sizeof judges / sizeof *judges; i++) {
		bool accepts;

		if (strlen(judges[i].name) != len || strncmp(name, judges[i].name, len) != 0)
			continue;
		(void)printf("\"%s\":{", text);
		accepts = judges[i].judge(&a) > JUDGE_ALPHA;
		(void)printf("\"right\":%s},", accepts != refuse ? "true" : "false");
		return accepts != refuse;
	}
	way_must(false, text);
	return false;
}

static bool is_key(const char *text)
{
	const struct {
		const char *name;
		double *into;
	} reals[] = {{"delay=", &delay_ns},
		     {"jitter_ns=", &jitter_ns},
		     {"base=", &base_ns},
		     {"wait=", &wait_ns}};
	const struct {
		const char *name;
		uint32_t *into;
	} counts[] = {{"size=", &way.size},
		      {"together=", &way.together},
		      {"copies=", &copies},
		      {"kill=", &victim}};

	for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
		if (strncmp(text, reals[i].name, strlen(reals[i].name)) == 0) {
			*reals[i].into = strtod(text + strlen(reals[i].name), NULL);
			return true;
		}
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (strncmp(text, counts[i].name, strlen(counts[i].name)) == 0) {
			*counts[i].into =
				(uint32_t)strtoul(text + strlen(counts[i].name), NULL, 10);
			return true;
		}
	way.ours = way.ours || strcmp(text, "ours=1") == 0;
	return strcmp(text, "ours=1") == 0;
}

int main(int argc, char **argv)
{
	pthread_t killer;
	bool right = true;
	int judges = 7;

	if (argc < 8)
		return 2;
	way.sender = argv[1];
	way.receiver = argv[2];
	way.address = argv[3];
	way.port = (uint16_t)strtoul(argv[4], NULL, 10);
	way.packets = strtoull(argv[5], NULL, 10);
	way.gap_ns = strtoull(argv[6], NULL, 10);
	while (judges < argc && is_key(argv[judges]))
		judges++;
	way.patience_ns = (uint64_t)(delay_ns + TAIL * jitter_ns + wait_ns) + 300 * ORD_MS;
	way.most = copies * way.packets;
	way_must(!victim || pthread_create(&killer, NULL, kill_it, NULL) == 0, "thread");
	way_run(&way);
	if (victim)
		(void)pthread_join(killer, NULL);
	note_arrivals();
	(void)printf("{\"sent\":%zu,\"arrived\":%zu,", way.packets, (size_t)way_arrived);
	for (int i = judges; i < argc; i++)
		right = says(argv[i]) && right;
	(void)printf("\"right\":%s}\n", right ? "true" : "false");
	return right ? 0 : 1;
}
