/*
 * timeline-make SAMPLES: a run.jsonl as the writer writes it, of one user probe at 50,000 slots a
 * second: latencies spread over a decade, samples in the order of `done`, one fault in the middle
 * third with a burst of bad answers at its beginning. The same bytes on every machine.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY  20000
#define FLIGHT 4096 /* more than are ever in flight */

struct slot {
	uint64_t n, sent, first, done;
	int bad;
};

static uint64_t seed = 88172645463325252u;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Digits by hand: printf would be most of the time. */
static char *number(char *p, uint64_t v)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*p++ = digits[--n];
	return p;
}

static char *text(char *p, const char *s)
{
	while (*s)
		*p++ = *s++;
	return p;
}

static void write_slot(const struct slot *s, FILE *out)
{
	char line[400], *p = line;

	p = number(text(p, "{\"t\":"), s->done + 2000);
	p = number(text(p, ",\"e\":\"sample\",\"rep\":1,\"p\":\"orders\",\"n\":"), s->n);
	p = number(text(p, ",\"due\":"), s->n * EVERY);
	p = number(text(p, ",\"sent\":"), s->sent);
	p = number(text(p, ",\"first\":"), s->first);
	p = number(text(p, ",\"done\":"), s->done);
	p = text(p, s->bad ? ",\"o\":\"wrong\",\"good\":false,\"status\":503,\"why\":\"status 503, "
			     "expected 200\"}\n"
			   : ",\"o\":\"ok\",\"good\":true,\"status\":200}\n");
	(void)fwrite(line, 1, (size_t)(p - line), out);
}

static void fault(FILE *out, uint64_t at, const char *state, const char *more)
{
	(void)fprintf(out,
		      "{\"t\":%" PRIu64
		      ",\"e\":\"fault\",\"rep\":1,\"fault\":\"f\",\"state\":\"%s\"%s}\n",
		      at, state, more);
}

static int by_done(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->done > y->done) - (x->done < y->done);
}

static struct slot fly(uint64_t n, uint64_t total)
{
	uint64_t due = n * EVERY, scale = (uint64_t)1 << draw() % 4;
	struct slot s = {.n = n, .sent = due + 3000 + draw() % 40000};

	s.bad = n > total / 3 && n < total / 3 + total / 200 && n % 3 == 0;
	s.first = s.sent + 300000 * scale + draw() % (400000 * scale);
	s.done = s.first + 1000 + draw() % 20000;
	return s;
}

int main(int argc, char **argv)
{
	static struct slot flying[2 * FLIGHT];
	uint64_t total = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, n = 0;
	size_t waiting = 0;

	(void)fputs("{\"t\":0,\"e\":\"run\",\"version\":1,\"run\":\"bench\",\"wall_ns\":1,\"plan\":"
		    "{\"name\":\"bench\",\"probes\":[{\"name\":\"orders\",\"role\":\"user\","
		    "\"every_ns\":20000,\"timeout_ns\":1000000000}],\"objectives\":[{\"text\":"
		    "\"recover(self) within 9s\",\"kind\":\"recover\",\"mode\":\"self\","
		    "\"within_ns\":9000000000,\"hold_ns\":3000000000}],\"faults\":[{\"name\":\"f\","
		    "\"fault\":\"net.loss\",\"class\":\"kernel\"}]}}\n",
		    stdout);
	while (n < total || waiting) {
		size_t out;

		while (waiting < 2 * FLIGHT && n < total) {
			if (n == total / 3) {
				fault(stdout, n * EVERY, "requested", "");
				fault(stdout, n * EVERY, "injected", "");
			} else if (n == total / 3 * 2) {
				fault(stdout, n * EVERY, "reverting", "");
				fault(stdout, n * EVERY, "reverted", ",\"residue\":0");
			}
			flying[waiting++] = fly(n++, total);
		}
		qsort(flying, waiting, sizeof *flying, by_done);
		out = n < total ? FLIGHT : waiting;
		for (size_t i = 0; i < out; i++)
			write_slot(&flying[i], stdout);
		memmove(flying, flying + out, (waiting - out) * sizeof *flying);
		waiting -= out;
	}
	(void)printf("{\"t\":%" PRIu64 ",\"e\":\"end\",\"cause\":\"complete\"}\n",
		     total * EVERY + 50000000);
	return fflush(stdout) || ferror(stdout);
}
