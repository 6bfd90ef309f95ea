/* What a name server sends: whatever it is, it is judged without harm, and every judgement that is
 * not good says why. The first two bytes choose the probe. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/probe/dns_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "orders.example", address[] = "10.0.0.7", nxdomain[] = "NXDOMAIN";
	struct ord_dns_probe dns = {.name = name};
	unsigned char query[DNS_QUERY_MAX];
	char why[ORD_WHY_MAX] = "";
	enum dns_verdict v;
	size_t n;

	if (size < 2)
		return 0;
	dns.type = (enum ord_dns_type)(data[0] % 8);
	if (data[1] & 1) {
		dns.addresses[0] = address;
		dns.n_addresses = 1;
	}
	if (data[1] & 2)
		dns.rcode = nxdomain;
	if (data[1] & 4) {
		dns.has_answers = true;
		dns.answers_op = (enum ord_op)(data[1] >> 5 & 3);
		dns.answers = data[1] >> 3 & 3;
	}
	if (dns_query(&dns, 0x4f52, query, &n, NULL))
		abort();
	v = dns_judge(&dns, query, n, data + 2, size - 2, why);
	if ((v == DNS_WRONG && !*why) || !memchr(why, '\0', sizeof why))
		abort();
	return 0;
}
