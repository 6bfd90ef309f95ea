/* Shares with correlation, and the models of losses. */
#include "fate_draw.h"

enum { BEGIN, OFF, ON };

/*
 * A chain of two states: who was among the share is followed by another with the chance
 * p + c (1 - p), who was not with p (1 - c). Its share is p and its correlation c^n over n packets,
 * exactly, from the first packet on.
 */
bool fate_share(struct fate *f, const struct fate_share *s, uint8_t *state, enum fate_effect e,
		uint64_t k)
{
	const double p = fate_chance(s->ppm), c = fate_chance(s->correlation_ppm);
	double chance = p;

	if (!s->ppm)
		return false;
	if (s->correlation_ppm && *state != BEGIN)
		chance = *state == ON ? p + c * (1 - p) : p * (1 - c);
	*state = fate_unit(fate_number(f, e, k)) < chance ? ON : OFF;
	return *state == ON;
}

/*
 * The four states of tc-netem(8): 1 passed, 2 passed within a burst, 3 lost in a burst, 4 lost
 * alone. It begins before the first packet, in 1.
 */
static bool markov(struct fate *f, double u)
{
	const struct fate_params *p = &f->p;

	switch (f->state) {
	case 2:
		f->state = u < fate_chance(p->p23) ? 3 : 2;
		break;
	case 3:
		if (u < fate_chance(p->p32))
			f->state = 2;
		else if (u < fate_chance(p->p32 + p->p31))
			f->state = 1;
		break;
	case 4:
		f->state = 1;
		break;
	default:
		if (u < fate_chance(p->p14))
			f->state = 4;
		else
			f->state = u < fate_chance(p->p14 + p->p13) ? 3 : 1;
		break;
	}
	return f->state >= 3;
}

/* Good and bad, each with its own chance of a loss; it begins in good. */
static bool gilbert(struct fate *f, uint64_t k)
{
	const struct fate_params *p = &f->p;
	const bool bad = f->state == ON;
	const double u = fate_unit(fate_number(f, FATE_BY_STATE, k));

	if (u < fate_chance(bad ? p->r : p->p))
		f->state = bad ? OFF : ON;
	return fate_unit(fate_number(f, FATE_BY_LOSS, k)) <
	       fate_chance(bad ? p->one_minus_h : p->one_minus_k);
}

bool fate_lost(struct fate *f, uint64_t k)
{
	switch (f->p.loss) {
	case FATE_LOSS_RANDOM:
		return fate_share(f, &f->p.random_loss, &f->lost, FATE_BY_LOSS, k);
	case FATE_LOSS_MARKOV:
		return markov(f, fate_unit(fate_number(f, FATE_BY_STATE, k)));
	case FATE_LOSS_GILBERT:
		return gilbert(f, k);
	case FATE_LOSS_NONE:
		break;
	}
	return false;
}
