/* When the server refuses who we are: with a 401, or in the TLS handshake. */
#include <stdio.h>
#include <string.h>

#include "kube/client.h"

/* It does not take our certificate, and says so in an alert (RFC 8446, 6.2), which in TLS 1.3 comes
 * after the request was sent and before it was read; or the certificate and the key are not of one
 * pair, as between the two halves of a rotation. */
bool kube_io_unwelcome(const struct kube_io *io)
{
	static const char *const alerts[] = {"alert certificate", "alert bad certificate",
					     "alert unknown ca", "alert access denied",
					     "alert unsupported certificate"};

	if (io->code == CURLE_SSL_CERTPROBLEM)
		return true;
	for (size_t i = 0; io->code != CURLE_OK && i < sizeof alerts / sizeof *alerts; i++)
		if (strstr(io->error, alerts[i]))
			return true;
	return false;
}

static bool is_refused(const struct kube_io *io)
{
	return io->status == 401 || kube_io_unwelcome(io);
}

bool kube_io_renewed(const struct kube_io *io)
{
	return is_refused(io) && kube_config_refresh(io->k->config, io->credentials);
}

void kube_io_explain(const struct kube_io *io, struct ord_err *err)
{
	const char *why = kube_config_unfollowed(io->k->config);
	size_t used = strlen(err->msg);

	if (*why && is_refused(io))
		(void)snprintf(err->msg + used, sizeof err->msg - used, "; %s", why);
}
