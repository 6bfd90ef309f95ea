/* How an exchange ended: whether asking again makes sense, and what is said of it. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "kube/client.h"

/* The server does not take our certificate, and says so in an alert (RFC 8446, 6.2), which in
 * TLS 1.3 comes after the request was sent and before it was read. Of one of them libcurl makes a
 * failed verification, and has nothing to say of the server's certificate then. */
static bool is_alert(const struct kube_io *io)
{
	static const char *const alerts[] = {"alert certificate", "alert bad certificate",
					     "alert unknown ca", "alert access denied",
					     "alert unsupported certificate"};

	if (io->code == CURLE_PEER_FAILED_VERIFICATION)
		return !strcmp(io->error, "SSL certificate verification failed");
	for (size_t i = 0; io->code != CURLE_OK && i < ORD_COUNT(alerts); i++)
		if (strstr(io->error, alerts[i]))
			return true;
	return io->code == CURLE_SSL_CLIENTCERT;
}

/* That, or it is no pair with its key, as between the two halves of a rotation. */
static bool is_unwelcome(const struct kube_io *io)
{
	return io->code == CURLE_SSL_CERTPROBLEM || is_alert(io);
}

/* OpenSSL's word for an answer that is no TLS record. */
static bool is_plain(const struct kube_io *io)
{
	return io->code == CURLE_SSL_CONNECT_ERROR && strstr(io->error, "wrong version number");
}

/* By a proxy that wants a password, or forbids the way. */
static bool is_barred(const struct kube_io *io)
{
	return io->proxy_status >= 400 && io->proxy_status < 500 && io->proxy_status != 429;
}

enum kube_io_end kube_io_end(const struct kube_io *io)
{
	if (io->err.code != ORD_OK || is_unwelcome(io) || is_plain(io) || is_barred(io))
		return KUBE_IO_HOPELESS;
	switch ((int)io->code) {
	case CURLE_OK:
		return io->status ? KUBE_IO_OK : KUBE_IO_CUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_OUT_OF_MEMORY:
		return KUBE_IO_HOPELESS;
	case CURLE_SSL_CONNECT_ERROR:
		return KUBE_IO_UNSENT;
	default:
		/* What a proxy has refused the way was sent to the proxy alone. */
		return io->sent && io->proxy_status < 300 ? KUBE_IO_CUT : KUBE_IO_UNSENT;
	}
}

int kube_io_fail(const struct kube_io *io, struct ord_err *err)
{
	const char *text = *io->error ? io->error : curl_easy_strerror(io->code);

	if (io->err.code != ORD_OK) {
		*err = io->err;
		return -1;
	}
	if (is_plain(io))
		return ord_fail(err, ORD_SYS, "%s: what listens there does not speak TLS",
				io->k->server);
	if (is_unwelcome(io))
		return ord_fail(err, ORD_SYS, "%s: the client certificate %s: %.300s",
				io->k->server, is_alert(io) ? "is refused" : "cannot be used",
				text);
	if (is_barred(io))
		return ord_fail(err, ORD_SYS, "%s: the proxy refuses: %.300s", io->k->server, text);
	return ord_fail(err, ORD_SYS, "%s: %.300s", io->k->server, text);
}

static bool is_refused(const struct kube_io *io)
{
	return io->status == 401 || is_unwelcome(io);
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
