/*
 * net_fate SENDER RECEIVER ADDRESS PORT N GAP_NS [EFFECT]...: sends N numbered UDP packets from one
 * network namespace to another (names of /run/netns), and compares what became of each with what
 * engines/fate says of it, without any engine. EFFECT: seed=, delay= (ns), loss=, duplicate=,
 * corrupt=, reorder= (ppm, ppm of correlation, gap), markov=, gilbert= (ppm, ...).
 *
 * One JSON line: how many were lost, changed, came twice, overtook; how many of them differ from
 * what was said (0: exit status 0), and a hash over the whole trace, the same where the same became
 * of the same packets. "lost" and "corrupted" are judged together where the checksum drops what was
 * corrupted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "injector/host/engines/frame.h"
#include "net_way.h"
#include "reports/stats/interval.h"

#define WORDS	 16 /* of a payload, each the packet's number */
#define UDP_SIZE 8

struct seen {
	uint32_t times;
	bool overtook; /* one that was sent before came after it */
};

static struct fate_params params;
static struct fate_of of[WAY_MAX];
static struct seen seen[WAY_MAX];
static size_t packets;

/* ---- what is asked for ---- */

static void numbers(const char *text, uint32_t *const *into, size_t n)
{
	char *end;

	for (size_t i = 0; i < n && *text; i++) {
		*into[i] = (uint32_t)strtoul(text, &end, 10);
		text = *end == ',' ? end + 1 : end;
	}
}

static void effect(const char *text)
{
	struct fate_params *p = &params;
	const struct {
		const char *name;
		enum fate_loss loss;
		uint32_t *into[5];
	} effects[] = {
		{"loss=", FATE_LOSS_RANDOM, {&p->random_loss.ppm, &p->random_loss.correlation_ppm}},
		{"markov=", FATE_LOSS_MARKOV, {&p->p13, &p->p31, &p->p32, &p->p23, &p->p14}},
		{"gilbert=", FATE_LOSS_GILBERT, {&p->p, &p->r, &p->one_minus_h, &p->one_minus_k}},
		{"duplicate=", 0, {&p->duplicate.ppm, &p->duplicate.correlation_ppm}},
		{"corrupt=", 0, {&p->corrupt.ppm, &p->corrupt.correlation_ppm}},
		{"reorder=", 0, {&p->reorder.ppm, &p->reorder.correlation_ppm, &p->reorder_gap}},
	};
	const char *value = strchr(text, '=');

	way_must(value != NULL, text);
	if (strncmp(text, "seed=", 5) == 0)
		p->seed = strtoull(value + 1, NULL, 10);
	if (strncmp(text, "delay=", 6) == 0)
		p->delay_ns = strtoull(value + 1, NULL, 10);
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
		size_t n = 0;

		if (strncmp(text, effects[i].name, strlen(effects[i].name)) != 0)
			continue;
		while (n < 5 && effects[i].into[n])
			n++;
		numbers(value + 1, effects[i].into, n);
		p->loss = effects[i].loss ? effects[i].loss : p->loss;
	}
}

/* How often packet k is to arrive. */
static uint32_t copies(size_t k)
{
	return of[k].lost || of[k].corrupted ? 0 : 1u + of[k].duplicated;
}

/* ---- judgement ---- */

/* The bit that is flipped lies before the UDP header: whether the receiver's kernel drops such a
 * packet depends on which one it is. */
static bool in_ip_header(uint32_t draw)
{
	const uint32_t ip = way_to.ss_family == AF_INET ? 20 : 40;
	uint8_t bytes[40 + UDP_SIZE + WORDS * 4] = {0}, before[sizeof bytes];
	struct frame f = {.data = bytes, .len = ip + UDP_SIZE + WORDS * 4};
	uint32_t i = 0;

	bytes[0] = way_to.ss_family == AF_INET ? 0x45 : 0x60;
	bytes[way_to.ss_family == AF_INET ? 3 : 5] =
		(uint8_t)(way_to.ss_family == AF_INET ? f.len : f.len - ip);
	memcpy(before, bytes, sizeof before);
	frame_corrupt(&f, draw);
	while (i < f.len && bytes[i] == before[i])
		i++;
	return i < ip;
}

static void note_arrivals(void)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = way_arrived; i-- > 0;) {
		struct seen *s = &seen[way_order[i]];

		s->times++;
		/* The last copy counts: the first may have come before it. */
		s->overtook = s->overtook || (s->times == 1 && least < way_order[i]);
		least = way_order[i] < least ? way_order[i] : least;
	}
}

/* Packets before it that are not reordered were under way when it was sent, so that it can
 * overtake: a sender that was held up for longer than the delay sends to an empty way. */
static bool can_overtake(size_t k)
{
	for (size_t j = k; j-- > 0 && way_sent_ns[k] - way_sent_ns[j] < params.delay_ns / 2;)
		if (copies(j) && !of[j].reordered)
			return true;
	return false;
}

/* Whether it came as often, and as early, as was said. */
static bool as_said(size_t k)
{
	if (seen[k].times != copies(k))
		return false;
	if (!copies(k) || seen[k].overtook == of[k].reordered)
		return true;
	return of[k].reordered && !can_overtake(k);
}

static int judge(void)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t lost = 0, twice = 0, overtook = 0, wrong = 0, undecided = 0;
	struct ord_share missing, doubled;

	for (size_t k = 0; k < packets; k++) {
		const struct seen *s = &seen[k];
		bool reordered;
		if (of[k].corrupted && in_ip_header(of[k].corrupt_draw)) {
			undecided++;
			continue;
		}
		lost += s->times == 0;
		twice += s->times == 2;
		overtook += s->overtook;
		if (!as_said(k) && wrong++ < 5)
			(void)fprintf(stderr, "packet %zu: came %u times%s; it should be %u%s\n", k,
				      s->times, s->overtook ? ", overtook" : "", copies(k),
				      of[k].reordered ? ", overtaking" : "");
		if (of[k].corrupted)
			continue;
		/* Who could not overtake counts as if it had: the next trace may let it. */
		reordered = s->overtook || (of[k].reordered && !can_overtake(k));
		hash = (hash ^ (s->times * 2u + reordered)) * 0x100000001b3ull;
	}
	missing = ord_clopper_pearson(lost, packets, .999);
	doubled = ord_clopper_pearson(twice, packets, .999);
	(void)printf("{\"sent\":%zu,\"missing\":%zu,\"missing_low\":%.6f,\"missing_high\":%.6f,"
		     "\"twice\":%zu,\"twice_low\":%.6f,\"twice_high\":%.6f,\"overtook\":%zu,"
		     "\"undecided\":%zu,\"wrong\":%zu,\"trace\":\"%016llx\"}\n",
		     packets, lost, missing.lo, missing.hi, twice, doubled.lo, doubled.hi, overtook,
		     undecided, wrong, (unsigned long long)hash);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct way way = {.size = WORDS * sizeof(uint32_t), .copies = copies, .most = 2 * WAY_MAX};
	struct ord_err err;
	struct fate fate;

	if (argc < 7)
		return 2;
	for (int i = 7; i < argc; i++)
		effect(argv[i]);
	way.packets = packets = strtoull(argv[5], NULL, 10);
	if (packets > WAY_MAX || fate_init(&fate, &params, 0, &err) < 0)
		return 2;
	for (size_t k = 0; k < packets; k++)
		fate_draw(&fate, false, &of[k]);
	way.sender = argv[1];
	way.receiver = argv[2];
	way.address = argv[3];
	way.port = (uint16_t)strtoul(argv[4], NULL, 10);
	way.gap_ns = strtoull(argv[6], NULL, 10);
	way.patience_ns = params.delay_ns + 300 * ORD_MS;
	way_run(&way);
	note_arrivals();
	return judge();
}
