/* Values of the probes: URLs, statuses, headers, expectations. */
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define TEXT (1u << SCALAR_TEXT)
#define INT  (1u << SCALAR_INT)

static bool port_ok(const char *text, size_t n)
{
	char digits[8];
	int64_t v;

	if (!n || n >= sizeof digits)
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	return digits[strspn(digits, "0123456789")] == '\0' &&
	       !ord_parse_int(digits, 1, 65535, &v, NULL);
}

/* What is wrong with a URL, NULL if nothing is; *ret_at: where. */
static const char *url_fault(const char *url, size_t *ret_at)
{
	size_t scheme = !strncmp(url, "http://", 7) ? 7 : !strncmp(url, "https://", 8) ? 8 : 0;
	const char *host = url + scheme, *end, *port;

	*ret_at = 0;
	if (!scheme)
		return "a URL starts with http:// or https://";
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"{}|\\^`", *p)) {
			*ret_at = (size_t)(p - url);
			return "this character must be written as %XX in a URL";
		}
	*ret_at = scheme;
	end = host + strcspn(host, "/?#");
	if (memchr(host, '@', (size_t)(end - host)))
		return "a user and password in a URL would stand in every report; send an "
		       "Authorization header";
	if (*host == '[') {
		port = memchr(host, ']', (size_t)(end - host));
		if (!port)
			return "the ']' of the address is missing";
		port++;
	} else {
		port = host + strcspn(host, ":/?#");
	}
	if (port == host)
		return "the host is missing";
	if (port == end)
		return NULL;
	*ret_at = (size_t)(port - url) + 1;
	if (*port != ':' || !port_ok(port + 1, (size_t)(end - port) - 1))
		return "a port is a number from 1 to 65535";
	return NULL;
}

static void url_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	char **place = (char **)(void *)((char *)base + key->offset);
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *wrong;
	size_t where;

	if (!text)
		return;
	wrong = node->size > 2048 ? "a URL of more than 2048 bytes" : NULL;
	where = 0;
	if (!wrong)
		wrong = url_fault(text, &where);
	if (wrong)
		sink_add_within(r->sink, node, where, "%s: '%.80s': %s", key->name, text, wrong);
	else if (!*place)
		*place = keep_text(r, text);
}

/* "200", "2xx", "200-299" */
static bool status_parse(const char *text, uint16_t *lo, uint16_t *hi)
{
	size_t n = strlen(text);
	unsigned a = 0, b = 0;

	if (n == 3 && !strcmp(text + 1, "xx") && *text >= '1' && *text <= '5') {
		*lo = (uint16_t)((*text - '0') * 100);
		*hi = (uint16_t)(*lo + 99);
		return true;
	}
	if ((n != 3 && n != 7) || strspn(text, "0123456789") != 3 || (n == 7 && text[3] != '-') ||
	    (n == 7 && strspn(text + 4, "0123456789") != 3))
		return false;
	a = (unsigned)strtoul(text, NULL, 10);
	b = n == 7 ? (unsigned)strtoul(text + 4, NULL, 10) : a;
	*lo = (uint16_t)a;
	*hi = (uint16_t)b;
	return a >= 100 && a <= b && b <= 599;
}

static void status_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	struct ord_expect *expect = base;
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT | INT);
	uint16_t lo, hi;

	if (!text)
		return;
	if (!status_parse(text, &lo, &hi)) {
		sink_add(r->sink, node,
			 "%s: '%.40s' is not a status; write 200, '2xx' or '200-299'", key->name,
			 text);
		return;
	}
	expect->status_lo = lo;
	expect->status_hi = hi;
}

static bool header_name_ok(const char *name)
{
	return *name && name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool check_header_name(struct reader *r, const struct node *name)
{
	if (header_name_ok(name->text) && name->size <= 256)
		return true;
	sink_add(r->sink, name, "'%.60s' is not the name of a header", name->text);
	return false;
}

static void headers_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	char **lines = (char **)(void *)((char *)base + key->offset);
	size_t *n_lines = (size_t *)(void *)((char *)base + key->n_offset);
	char *line;

	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct node *name = node->keys[i], *item = node->items[i];
		const char *text = want_scalar(r, name->text, "a text", item, TEXT);

		if (!check_header_name(r, name) || !text)
			continue;
		if (item->size > 8192 || strpbrk(text, "\r\n")) {
			sink_add(r->sink, item,
				 "the header '%.60s' takes one line of at most 8 KiB", name->text);
		} else if (*n_lines == ORD_HEADERS_MAX) {
			sink_add(r->sink, name, "more than %d headers", ORD_HEADERS_MAX);
			return;
		} else if (asprintf(&line, "%s: %s", name->text, text) < 0) {
			r->no_memory = true;
		} else {
			lines[(*n_lines)++] = line;
		}
	}
}

/* A map of just one pair. */
static bool one_pair(struct reader *r, const struct key *key, const struct node *node)
{
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return false;
	}
	if (node->n == 1)
		return true;
	sink_add(r->sink, node->n ? node->keys[1] : node,
		 "'%s' takes one pair in this version, not %zu", key->name, node->n);
	return false;
}

static void expect_header_read(struct reader *r, const struct key *key, const struct node *node,
			       void *base)
{
	struct ord_expect *expect = base;
	struct key value;
	char *text = NULL;

	if (!one_pair(r, key, node) || !check_header_name(r, node->keys[0]))
		return;
	value = (struct key){.name = node->keys[0]->text, .type = &type_regex};
	type_regex.read(r, &value, node->items[0], &text);
	if (!text)
		return;
	expect->header = text;
	expect->header_name = keep_text(r, node->keys[0]->text);
}

/* "a.b[0].c", "[0].id", "items[2]" */
static bool json_path_ok(const char *path)
{
	static const char words[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$@/";
	size_t n = 0;

	for (const char *p = path; *p; p += n) {
		if (*p == '[') {
			n = strspn(p + 1, "0123456789") + 2;
			if (n < 3 || n > 9 || p[n - 1] != ']')
				return false;
			continue;
		}
		if (*p == '.' && p == path)
			return false;
		p += *p == '.';
		n = strspn(p, words);
		if (!n || (p > path && p[-1] == ']'))
			return false;
	}
	return *path && strlen(path) <= 256;
}

/* As JSON text, so that the text "3" and the number 3 stay apart. */
static char *json_value(struct reader *r, const struct node *node)
{
	ord_auto(json) json_t *json = node->scalar == SCALAR_TEXT ? json_string(node->text) : NULL;
	char *out;

	if (node->scalar == SCALAR_NULL)
		return keep_text(r, "null");
	if (node->scalar == SCALAR_BOOL)
		return keep_text(r, *node->text == 't' || *node->text == 'T' ? "true" : "false");
	if (node->scalar != SCALAR_TEXT) /* ".5" and "+1" are YAML's alone */
		json = json_loads(node->text, JSON_DECODE_ANY, NULL);
	out = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17))
		   : NULL;
	return out ? out : keep_text(r, node->text);
}

static void expect_json_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	const unsigned kinds =
		TEXT | INT | 1u << SCALAR_BOOL | 1u << SCALAR_FLOAT | 1u << SCALAR_NULL;
	struct ord_expect *expect = base;

	if (!one_pair(r, key, node))
		return;
	if (!json_path_ok(node->keys[0]->text)) {
		sink_add(r->sink, node->keys[0],
			 "'%.60s' is not a path into JSON; write it as in 'data.items[0].state'",
			 node->keys[0]->text);
		return;
	}
	if (node->items[0]->kind != NODE_SCALAR || !(kinds & 1u << node->items[0]->scalar)) {
		char shown[NODE_SHOWN];

		sink_add(r->sink, node->items[0],
			 "'%s' compares with a text, a number, true, false or null, not %s",
			 node->keys[0]->text, node_show(node->items[0], shown));
		return;
	}
	expect->json_path = keep_text(r, node->keys[0]->text);
	expect->json_value = json_value(r, node->items[0]);
}

/* tcp: "host:port", for the short form. */
static void tcp_short(struct reader *r, const struct key *key, const struct node *node,
		      struct ord_probe_spec *probe)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT), *colon, *host;
	size_t n;

	if (!text)
		return;
	colon = strrchr(text, ':');
	n = colon ? (size_t)(colon - text) : 0;
	host = text;
	if (n > 2 && *text == '[' && text[n - 1] == ']') {
		host++;
		n -= 2;
	} else if (colon && memchr(text, ':', n)) {
		sink_add(r->sink, node, "%s: put an IPv6 address in brackets, as in '[::1]:5432'",
			 key->name);
		return;
	}
	if (!n || n > 253 || memchr(host, '/', n) || !port_ok(colon + 1, strlen(colon + 1))) {
		sink_add_within(
			r->sink, node, colon ? (size_t)(colon - text) + 1 : 0,
			"%s: '%.80s' is not a host and a port; write it as in '127.0.0.1:5432'",
			key->name, text);
		return;
	}
	probe->host = strndup(host, n);
	r->no_memory |= !probe->host;
	probe->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static void tcp_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	if (node->kind == NODE_MAP)
		read_map(r, key->table, node, base);
	else
		tcp_short(r, key, node, base);
}

static void port_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, INT);
	struct ord_probe_spec *probe = base;

	if (text && !port_ok(text, node->size))
		sink_add(r->sink, node, "%s: a port is a number from 1 to 65535, not '%.20s'",
			 key->name, text);
	else if (text)
		probe->port = (uint16_t)strtoul(text, NULL, 10);
}

static void exit_status_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, INT);
	struct ord_expect *expect = base;
	struct ord_err err;
	int64_t v;

	if (text && ord_parse_int(text, key->min, key->max, &v, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (text)
		expect->exit_status = (int)v;
}

const struct type type_url = {"a URL, as in 'http://127.0.0.1:8080/healthz'", url_read,
			      schema_type_url};
const struct type type_status = {"a status: 200, '2xx' or '200-299'", status_read,
				 schema_type_status};
const struct type type_headers = {"a map of texts", headers_read, schema_type_headers};
const struct type type_expect_header = {"a header and an expression", expect_header_read,
					schema_type_pair_regex};
const struct type type_expect_json = {"a path and a value", expect_json_read, schema_type_pair_any};
const struct type type_tcp = {"a map, or a text as in '127.0.0.1:5432'", tcp_read, schema_type_tcp};
const struct type type_port = {"a number from 1 to 65535", port_read, schema_type_int};
const struct type type_exit_status = {"a whole number", exit_status_read, schema_type_int};
