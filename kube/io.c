/* One exchange: what libcurl is told of it, and what comes back. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/client.h"

#define CONNECT_MS 10000L

#define io_oom(io) ord_fail(&(io)->err, ORD_NOMEM, "out of memory")

void kube_io_init(struct kube_io *io, struct kube *k)
{
	memset(io, 0, sizeof *io);
	kube_ring_init(&io->ring);
	io->k = k;
}

/* --- what comes ------------------------------------------------------------------------------ */

static bool keep(struct kube_io *io, const char *data, size_t size)
{
	bool good = io->status >= 200 && io->status < 300;
	size_t max = good ? KUBE_BODY_MAX : KUBE_STATUS_MAX;

	if (size > max - io->text_size) {
		if (good) {
			(void)ord_fail(&io->err, ORD_SYS, "an answer of more than %u MiB",
				       KUBE_BODY_MAX >> 20);
			return false;
		}
		size = max - io->text_size; /* enough of an error */
	}
	if (io->text_size + size >= io->text_room) {
		size_t room = io->text_size + size + 1 > 4096 ? (io->text_size + size) * 2 : 4096;
		char *grown = realloc(io->text, room);

		if (!grown) {
			(void)io_oom(io);
			return false;
		}
		io->text = grown;
		io->text_room = room;
	}
	memcpy(io->text + io->text_size, data, size);
	io->text_size += size;
	io->text[io->text_size] = '\0';
	return true;
}

static void tell_head(struct kube_io *io)
{
	if (io->headed || !io->on_head || io->status < 200 || io->status >= 300)
		return;
	io->headed = true;
	io->on_head(io);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct kube_io *io = arg;

	io->k->byte_ns = ord_now_ns();
	tell_head(io);
	if (io->stop)
		return 0;
	if (io->on_data && io->status >= 200 && io->status < 300)
		return io->on_data(io, data, size * n) ? 0 : size * n;
	return keep(io, data, size * n) ? size * n : 0;
}

/* The value of a header of that name, or NULL. */
static const char *header_value(const char *line, size_t size, const char *name, char *out,
				size_t room)
{
	size_t n = strlen(name), end = size;

	if (size <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	for (n++; n < end && (line[n] == ' ' || line[n] == '\t');)
		n++;
	while (end > n && strchr(" \t\r\n", line[end - 1]))
		end--;
	(void)snprintf(out, room, "%.*s", (int)(end - n), line + n);
	return out;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct kube_io *io = arg;
	size_t all = size * n;
	char text[64];
	long status;

	io->k->byte_ns = ord_now_ns();
	if (all > 5 && !strncmp(data, "HTTP/", 5)) {
		io->first_ns = io->k->byte_ns;
		(void)curl_easy_getinfo(io->easy, CURLINFO_RESPONSE_CODE, &status);
		io->status = (int)status;
		io->text_size = 0;
		io->retry_after_ns = 0;
		io->protobuf = false;
	} else if (header_value(data, all, "date", text, sizeof text)) {
		kube_clock_seen(&io->k->clock, text, io->sent_wall_ns, (int64_t)ord_wall_ns(),
				io->first_ns);
	} else if (header_value(data, all, "retry-after", text, sizeof text)) {
		long s = strtol(text, NULL, 10); /* a date is not what an API server writes */

		if (s > 0)
			io->retry_after_ns =
				(uint64_t)(s < KUBE_RETRY_S ? s : KUBE_RETRY_S) * ORD_S;
	} else if (header_value(data, all, "content-type", text, sizeof text)) {
		io->protobuf = !strncasecmp(text, "application/vnd.kubernetes.protobuf", 35);
	} else if (all <= 2) { /* the empty line */
		tell_head(io);
	}
	return io->stop ? 0 : all;
}

/* --- what libcurl is told -------------------------------------------------------------------- */

/* A peer that went without a word is noticed within 15 s. */
static int on_socket_opened(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const int one = 1, idle = 5, every = 3, count = 3;
	const unsigned ms = 15000;

	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	return CURL_SOCKOPT_OK;
}

static bool add_header(struct kube_io *io, const char *name, const char *value)
{
	struct curl_slist *list;
	ord_autofree char *line = NULL;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	list = curl_slist_append(io->headers, line);
	explicit_bzero(line, strlen(line));
	if (list)
		io->headers = list;
	return list;
}

static void drop_headers(struct kube_io *io)
{
	for (struct curl_slist *h = io->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(io->headers);
	io->headers = NULL;
}

static int set_headers(struct kube_io *io, bool other_host)
{
	const struct kube *k = io->k;
	const char *authorization = NULL;
	bool ok;

	if (kube_config_authorization(k->config, &authorization, &io->err))
		return -1;
	if (authorization && !k->https && !k->loopback)
		return ord_fail(&io->err, ORD_GUARD,
				"%s: credentials are not sent without TLS to another machine",
				k->server);
	ok = add_header(io, "Accept", io->accept ? io->accept : "application/json");
	if (io->body)
		ok = ok && add_header(io, "Content-Type",
				      io->content_type ? io->content_type : "application/json");
	if (authorization)
		ok = ok && add_header(io, "Authorization", authorization);
	if (other_host)
		ok = ok && add_header(io, "Host", k->host_port);
	ok = ok && add_header(io, "Expect", "");
	if (!ok)
		return io_oom(io);
	(void)curl_easy_setopt(io->easy, CURLOPT_HTTPHEADER, io->headers);
	return 0;
}

static CURLcode set_blob(CURL *c, CURLoption option, const char *data, size_t size)
{
	struct curl_blob blob = {.len = size, .flags = CURL_BLOB_COPY};
	union {
		const char *in;
		void *out;
	} u = {.in = data};

	blob.data = u.out;
	return curl_easy_setopt(c, option, &blob);
}

static int set_tls(struct kube_io *io, const struct kube_tls *tls)
{
	CURLcode bad = CURLE_OK;
	CURL *c = io->easy;

	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, tls->insecure ? 0L : 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L);
	(void)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls->ca) {
		/* This authority alone, not those of the machine besides. */
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
		(void)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
		bad = set_blob(c, CURLOPT_CAINFO_BLOB, tls->ca, tls->ca_size);
	}
	if (!bad && tls->cert)
		bad = set_blob(c, CURLOPT_SSLCERT_BLOB, tls->cert, tls->cert_size);
	if (!bad && tls->key)
		bad = set_blob(c, CURLOPT_SSLKEY_BLOB, tls->key, tls->key_size);
	if (bad == CURLE_OUT_OF_MEMORY)
		return io_oom(io);
	if (bad)
		return ord_fail(&io->err, ORD_SYS, "libcurl takes no certificates from memory: %s",
				curl_easy_strerror(bad));
	return 0;
}

/* tls-server-name: libcurl asks for, and checks, the name in the URL; so that name goes there, and
 * where to connect to is said apart. */
static int set_url(struct kube_io *io, const char *server_name)
{
	const struct kube *k = io->k;
	ord_autofree char *url = NULL, *to = NULL;
	struct curl_slist *list = NULL;
	const char *rest = strchr(k->server + 8, '/');

	if (!server_name) {
		if (asprintf(&url, "%s%s", k->server, io->path) < 0)
			return io_oom(io);
		(void)curl_easy_setopt(io->easy, CURLOPT_URL, url);
		return 0;
	}
	if (asprintf(&url, "https://%s:%s%s%s", server_name, k->port, rest ? rest : "", io->path) <
		    0 ||
	    asprintf(&to, "%s:%s:%s:%s", server_name, k->port, k->host, k->port) < 0 ||
	    !(list = curl_slist_append(NULL, to)))
		return io_oom(io);
	(void)curl_easy_setopt(io->easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(io->easy, CURLOPT_CONNECT_TO, list);
	io->connect_to = list;
	return 0;
}

static void set_request(struct kube_io *io)
{
	CURL *c = io->easy;

	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, io);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, io->error);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Nobody waits longer for a name than for the call itself. */
	(void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "ordeal/" ORDEAL_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket_opened);
	(void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, io);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, io);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, io->method);
	if (io->body) {
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(io->body));
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, io->body);
	}
}

/* One that the kubeconfig names is the way, whatever NO_PROXY says. None: what the environment says
 * (HTTPS_PROXY, NO_PROXY), and never one to this machine. All as kubectl does. */
static void set_proxy(struct kube_io *io, const char *url)
{
	if (url && *url) {
		(void)curl_easy_setopt(io->easy, CURLOPT_PROXY, url);
		(void)curl_easy_setopt(io->easy, CURLOPT_NOPROXY, "");
	} else if (io->k->loopback) {
		(void)curl_easy_setopt(io->easy, CURLOPT_PROXY, "");
	}
}

static int set_all(struct kube_io *io)
{
	struct kube_tls tls = {.ca = NULL};
	const struct kube *k = io->k;
	bool named;

	if (kube_config_tls(k->config, &tls, &io->err))
		return -1;
	named = k->https && tls.server_name && *tls.server_name &&
		strcmp(tls.server_name, k->host) != 0;
	set_request(io);
	if (!io->stream && !tls.uncompressed)
		(void)curl_easy_setopt(io->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	set_proxy(io, tls.proxy_url);
	if (k->https && set_tls(io, &tls))
		return -1;
	if (set_url(io, named ? tls.server_name : NULL))
		return -1;
	if (set_headers(io, named))
		return -1;
	io->credentials = kube_config_generation(k->config);
	return 0;
}

/* --- on and off the wire --------------------------------------------------------------------- */

static void forget(struct kube_io *io)
{
	struct kube *k = io->k;

	drop_headers(io);
	if (io->easy && k->n_spare < ORD_COUNT(k->spare)) {
		curl_easy_reset(io->easy);
		k->spare[k->n_spare++] = io->easy;
	} else if (io->easy) {
		curl_easy_cleanup(io->easy);
	}
	io->easy = NULL;
	curl_slist_free_all(io->connect_to);
	io->connect_to = NULL;
}

void kube_io_spare_drop(struct kube *k)
{
	while (k->n_spare)
		curl_easy_cleanup(k->spare[--k->n_spare]);
}

int kube_io_wire(struct kube_io *io)
{
	struct kube *k = io->k;

	kube_ring_remove(&io->ring);
	io->state = KUBE_IO_IDLE;
	io->easy = k->n_spare ? k->spare[--k->n_spare] : curl_easy_init();
	io->sent_ns = ord_now_ns();
	io->sent_wall_ns = (int64_t)ord_wall_ns();
	if (!io->easy || !k->multi)
		(void)io_oom(io);
	else if (!set_all(io) && curl_multi_add_handle(k->multi, io->easy) != CURLM_OK)
		(void)ord_fail(&io->err, ORD_SYS, "libcurl takes no more requests");
	if (io->err.code != ORD_OK) {
		forget(io);
		io->done_ns = ord_now_ns();
		return -1;
	}
	io->state = KUBE_IO_WIRED;
	kube_ring_append(&k->wired, &io->ring);
	k->n_wired += !io->stream;
	kube_alive_watch(k);
	return 0;
}

void kube_io_unwire(struct kube_io *io)
{
	struct kube *k = io->k;
	long sent = 0, proxy = 0;

	if (io->state != KUBE_IO_WIRED)
		return;
	(void)curl_easy_getinfo(io->easy, CURLINFO_REQUEST_SIZE, &sent);
	io->sent = sent > 0;
	(void)curl_easy_getinfo(io->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	io->proxy_status = (int)proxy;
	if (k->multi)
		(void)curl_multi_remove_handle(k->multi, io->easy);
	k->n_wired -= !io->stream;
	kube_ring_remove(&io->ring);
	io->state = KUBE_IO_IDLE;
	forget(io);
}

void kube_io_start(struct kube_io *io)
{
	struct kube *k = io->k;

	io->status = io->proxy_status = 0;
	io->code = CURLE_OK;
	io->err.code = ORD_OK;
	io->error[0] = '\0';
	io->text_size = 0;
	io->first_ns = io->done_ns = io->retry_after_ns = 0;
	io->stop = io->headed = io->sent = false;
	io->state = KUBE_IO_QUEUED;
	kube_ring_append(&k->queue, &io->ring);
	kube_wake(k);
}

void kube_io_stop(struct kube_io *io)
{
	if (io->state == KUBE_IO_WIRED && io->k->in_curl) {
		io->stop = io->k->sweep = true;
		return;
	}
	kube_io_unwire(io);
	kube_ring_remove(&io->ring);
	io->state = KUBE_IO_IDLE;
}

void kube_io_done(struct kube_io *io)
{
	free(io->path);
	free(io->body);
	free(io->text);
	io->path = io->body = io->text = NULL;
	io->text_size = io->text_room = 0;
}
