/* The probes of a plan, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/sha256.h"
#include "scheduler/plan/parts.h"

/* "Deployment/orders in shop: available >= 3" */
static json_t *kube_what(const struct ord_kube_watch *w)
{
	return json_sprintf("%s%s%s%s%s%s%s%s%s: %s", w->kind, *w->name ? "/" : "", w->name,
			    *w->ns ? " in " : "", w->ns, w->selector ? " with " : "",
			    w->selector ? w->selector : "", w->field_selector ? " where " : "",
			    w->field_selector ? w->field_selector : "", w->that.text);
}

/* What the probe asks, in a line; header values may be secrets and stay out. */
static json_t *probe_what(const struct ord_probe_spec *p)
{
	json_t *out;
	size_t used = 0, size = 1;
	ord_autofree char *line = NULL;

	switch (p->kind) {
	case ORD_PROBE_HTTP:
		return json_sprintf("%s %s", p->method, p->url);
	case ORD_PROBE_TCP:
		return json_sprintf(strchr(p->host, ':') ? "[%s]:%u" : "%s:%u", p->host, p->port);
	case ORD_PROBE_KUBE:
		return kube_what(p->kube);
	case ORD_PROBE_PROM:
		return json_sprintf("%s %s", p->prom.query, p->prom.value_text);
	case ORD_PROBE_DNS:
		return json_sprintf("%s %s%s%s%s", ord_dns_type_name(p->dns.type), p->dns.name,
				    p->dns.server ? " of " : "", p->dns.server ? p->dns.server : "",
				    p->dns.tcp ? " over TCP" : "");
	case ORD_PROBE_EXEC:
		break;
	}
	for (size_t i = 0; p->argv[i]; i++)
		size += strlen(p->argv[i]) + 1;
	line = malloc(size);
	if (!line)
		return NULL;
	*line = '\0';
	for (size_t i = 0; p->argv[i]; i++)
		used += (size_t)snprintf(line + used, size - used, "%s%s", i ? " " : "",
					 p->argv[i]);
	out = json_string(line);
	return out;
}

static void expect_dns(const struct ord_dns_probe *d, json_t *out)
{
	json_t *list = json_array();

	(void)json_object_set_new(out, "rcode", json_string(d->rcode ? d->rcode : "NOERROR"));
	if (d->has_answers)
		(void)json_object_set_new(out, "answers", json_string(d->answers_text));
	for (size_t i = 0; i < d->n_addresses; i++)
		(void)json_array_append_new(list, json_string(d->addresses[i]));
	if (d->n_addresses)
		(void)json_object_set(out, "address", list);
	json_decref(list);
}

static json_t *expect(const struct ord_probe_spec *p)
{
	const struct ord_expect *e = &p->expect;
	json_t *out = json_object();

	if (!out)
		return NULL;
	if (e->status_lo)
		(void)json_object_set_new(out, "status",
					  json_pack("[i, i]", e->status_lo, e->status_hi));
	if (p->kind == ORD_PROBE_EXEC)
		(void)json_object_set_new(out, "exit", json_integer(e->exit_status));
	if (e->body)
		(void)json_object_set_new(out, "body", json_string(e->body));
	if (e->header_name)
		(void)json_object_set_new(out, "header",
					  json_pack("{s:s}", e->header_name, e->header));
	if (e->json_path)
		(void)json_object_set_new(out, "json",
					  json_pack("{s:s}", e->json_path, e->json_value));
	if (p->kind == ORD_PROBE_DNS)
		expect_dns(&p->dns, out);
	if (e->within_ns)
		(void)json_object_set_new(out, "within_ns", json_integer((json_int_t)e->within_ns));
	return out;
}

/* Everything that decides what is sent is in the hash; what may be secret, as a digest. */
json_t *plan_request_digest(const char *const *headers, size_t n, const char *body)
{
	char hash[ORD_SHA256_HEX];
	ord_autofree char *all = NULL;
	size_t size = 0;
	FILE *f;

	if (!n && !body)
		return NULL;
	f = open_memstream(&all, &size);
	if (!f)
		return NULL;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, "%s\n", headers[i]);
	(void)fprintf(f, "\n%s", body ? body : "");
	if (fclose(f))
		return NULL;
	return json_string(ord_sha256(all, size, hash));
}

static json_t *kube_watch(const struct ord_kube_watch *w)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s}", "api_version", w->api_version,
			 "kind", w->kind, "namespace", w->ns, "name", w->name, "selector",
			 w->selector, "field_selector", w->field_selector, "that", w->that.text);
}

static json_t *prom(const struct ord_prom_probe *p)
{
	static const char *const empties[] = {
		[ORD_PROM_UNKNOWN] = "unknown", [ORD_PROM_BAD] = "bad", [ORD_PROM_GOOD] = "good"};

	return json_pack("{s:s, s:s*, s:s, s:I, s:s}", "query", p->query, "url", p->url, "value",
			 p->value_text, "staleness_ns", (json_int_t)p->staleness_ns, "empty",
			 empties[p->empty]);
}

static json_t *dns(const struct ord_dns_probe *d)
{
	return json_pack("{s:s, s:s, s:s*, s:b}", "name", d->name, "type",
			 ord_dns_type_name(d->type), "server", d->server, "tcp", d->tcp);
}

static json_t *probe(const struct ord_probe_spec *p)
{
	static const char *const kinds[] = {
		[ORD_PROBE_HTTP] = "http", [ORD_PROBE_TCP] = "tcp",   [ORD_PROBE_EXEC] = "exec",
		[ORD_PROBE_KUBE] = "kube", [ORD_PROBE_PROM] = "prom", [ORD_PROBE_DNS] = "dns"};
	json_t *out =
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "name", p->name, "role",
			  p->role == ORD_ROLE_SIGNAL ? "signal" : "user", "kind", kinds[p->kind],
			  "every_ns", (json_int_t)p->every_ns, "timeout_ns",
			  (json_int_t)p->timeout_ns, "what", probe_what(p), "expect", expect(p));

	if (out && p->kind == ORD_PROBE_KUBE)
		(void)json_object_set_new(out, "watch", kube_watch(p->kube));
	if (out && p->kind == ORD_PROBE_PROM)
		(void)json_object_set_new(out, "prom", prom(&p->prom));
	if (out && p->kind == ORD_PROBE_DNS)
		(void)json_object_set_new(out, "dns", dns(&p->dns));
	if (!out || p->kind != ORD_PROBE_HTTP)
		return out;
	(void)json_object_set_new(out, "connection",
				  json_string(p->keep_alive ? "keep-alive" : "fresh"));
	if (p->insecure)
		(void)json_object_set_new(out, "insecure", json_true());
	if (p->traceparent)
		(void)json_object_set_new(out, "traceparent", json_true());
	if (p->n_headers || p->request_body)
		(void)json_object_set_new(out, "request_sha256",
					  plan_request_digest((const char *const *)p->headers,
							      p->n_headers, p->request_body));
	return out;
}

json_t *plan_probes(const struct ord_spec *spec)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < spec->n_probes; i++)
		if (json_array_append_new(out, probe(&spec->probes[i])))
			goto fail;
	return out;
fail:
	json_decref(out);
	return NULL;
}
