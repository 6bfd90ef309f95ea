/* Messages of the domain name system, as a probe sends and judges them. Pure. */
#ifndef ORDEAL_PROBE_DNS_PACKET_H
#define ORDEAL_PROBE_DNS_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/probe.h"

#define DNS_QUERY_MAX 512 /* a name of 255 bytes, and 16 more */

enum dns_verdict {
	DNS_NOT_OURS,  /* no answer to this question: whoever sent it, it is not looked at */
	DNS_TRUNCATED, /* it does not fit: to be asked over TCP */
	DNS_WRONG,     /* an answer, but not the one that was expected */
	DNS_GOOD,
};

/* The question, recursion desired. Fills out; *ret_size is its length. ORD_USAGE: this is no name.
 */
int dns_query(const struct ord_dns_probe *dns, uint16_t id, unsigned char out[static DNS_QUERY_MAX],
	      size_t *ret_size, struct ord_err *err);

/* What a message is to the question that was sent; why: of DNS_WRONG, what was seen. */
enum dns_verdict dns_judge(const struct ord_dns_probe *dns, const unsigned char *query,
			   size_t query_size, const unsigned char *message, size_t size,
			   char why[static ORD_WHY_MAX]);

#endif
