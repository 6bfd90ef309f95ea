/* Endpoints, lists of CPUs, signals: what is printed of what was read must read back as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "catalog/names.h"
#include "ordeal/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void endpoint(const char *text)
{
	struct ord_endpoint e, again;
	char out[ORD_ENDPOINT_TEXT];
	struct ord_err err;

	if (ord_endpoint_parse(text, &e, &err))
		return;
	if (ord_endpoint_parse(ord_endpoint_format(&e, out), &again, &err) ||
	    memcmp(&e, &again, sizeof e) != 0)
		abort();
}

static void cpus(const char *text)
{
	char out[8192]; /* 512 lone CPUs */
	cpu_set_t set, again;
	struct ord_err err;

	if (ord_cpus_parse(text, &set, &err))
		return;
	if (ord_cpus_parse(ord_cpus_format(&set, out, sizeof out), &again, &err) ||
	    !CPU_EQUAL(&set, &again))
		abort();
}

static void signal_name(const char *text)
{
	struct ord_err err;
	int sig, again;
	char out[16];

	if (ord_signal_parse(text, &sig, &err))
		return;
	if (ord_signal_parse(ord_signal_format(sig, out), &again, &err) || sig != again)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256];

	if (size >= sizeof text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	endpoint(text);
	cpus(text);
	signal_name(text);
	return 0;
}
