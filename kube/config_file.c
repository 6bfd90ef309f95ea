#include "kube/config_file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "kube/config_secret.h"

#define BYTES_MAX (8u << 20)
#define MERGE_MAX 16 /* maps that '<<' leads through */

yaml_node_t *cfg_node(const struct cfg_file *f, int index)
{
	/* libyaml's getter takes no const, and changes nothing. */
	union {
		const yaml_document_t *in;
		yaml_document_t *out;
	} doc = {.in = &f->doc};

	return yaml_document_get_node(doc.out, index);
}

yaml_node_t *cfg_root(const struct cfg_file *f)
{
	return f->parsed ? cfg_node(f, 1) : NULL;
}

int cfg_mistake(struct ord_err *err, const struct cfg_file *f, const yaml_node_t *node,
		const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!node)
		return ord_fail(err, ORD_USAGE, "%.200s: %s", f->path, text);
	return ord_fail(err, ORD_USAGE, "%.200s:%zu:%zu: %s", f->path, node->start_mark.line + 1,
			node->start_mark.column + 1, text);
}

/* --- scalars: what goyaml (YAML 1.1) makes of them ------------------------------------------ */

static bool one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static bool is_number(const char *text)
{
	char *end;

	if (!strchr("+-.0123456789", *text))
		return false;
	if (!strncasecmp(text, "0o", 2) || !strncasecmp(text, "0b", 2))
		return text[2] && !text[2 + strspn(text + 2, "01234567_")];
	(void)strtod(text, &end);
	return end != text && !*end;
}

enum cfg_scalar cfg_scalar(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {"y",     "Y",   "yes", "Yes", "YES",   "n",
					    "N",     "no",  "No",  "NO",  "true",  "True",
					    "TRUE",  "on",  "On",  "ON",  "false", "False",
					    "FALSE", "off", "Off", "OFF"};
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return CFG_STRING;
	if (one_of(text, nulls, ORD_COUNT(nulls)))
		return CFG_NULL;
	if (one_of(text, bools, ORD_COUNT(bools)))
		return CFG_BOOL;
	return is_number(text) ? CFG_NUMBER : CFG_STRING;
}

bool cfg_true(const yaml_node_t *node)
{
	return cfg_scalar(node) == CFG_BOOL &&
	       (strchr("yYtT", node->data.scalar.value[0]) ||
		!strcasecmp((const char *)node->data.scalar.value, "on"));
}

/* --- reaching in ---------------------------------------------------------------------------- */

static yaml_node_t *find(const struct cfg_file *f, const yaml_node_t *map, const char *key)
{
	yaml_node_t *found = NULL;

	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *k = cfg_node(f, p->key);

		if (k->type == YAML_SCALAR_NODE && !strcmp((const char *)k->data.scalar.value, key))
			found = cfg_node(f, p->value);
	}
	return found;
}

/* The map's own key is the stronger; of several merged maps, the first. */
static yaml_node_t *find_merged(const struct cfg_file *f, const yaml_node_t *map, const char *key,
				unsigned *left)
{
	yaml_node_t *found, *merge;

	if (!map || map->type != YAML_MAPPING_NODE || !*left)
		return NULL;
	--*left;
	found = find(f, map, key);
	if (found)
		return found;
	merge = find(f, map, "<<");
	if (!merge || merge->type != YAML_SEQUENCE_NODE)
		return find_merged(f, merge, key, left);
	for (size_t i = 0; !found && cfg_item(f, merge, i); i++)
		found = find_merged(f, cfg_item(f, merge, i), key, left);
	return found;
}

yaml_node_t *cfg_get(const struct cfg_file *f, const yaml_node_t *map, const char *key)
{
	unsigned left = MERGE_MAX;
	yaml_node_t *found = find_merged(f, map, key, &left);

	return found && cfg_scalar(found) != CFG_NULL ? found : NULL;
}

const char *cfg_text(const struct cfg_file *f, const yaml_node_t *map, const char *key)
{
	const yaml_node_t *node = cfg_get(f, map, key);

	if (!node || node->type != YAML_SCALAR_NODE || !node->data.scalar.length)
		return NULL;
	return (const char *)node->data.scalar.value;
}

bool cfg_flag(const struct cfg_file *f, const yaml_node_t *map, const char *key)
{
	const yaml_node_t *node = cfg_get(f, map, key);

	return node && cfg_true(node);
}

yaml_node_t *cfg_item(const struct cfg_file *f, const yaml_node_t *list, size_t i)
{
	if (!list || list->type != YAML_SEQUENCE_NODE ||
	    i >= (size_t)(list->data.sequence.items.top - list->data.sequence.items.start))
		return NULL;
	return cfg_node(f, list->data.sequence.items.start[i]);
}

bool cfg_entry(const struct cfg_file *f, const char *list, const char *inner, const char *name,
	       yaml_node_t **ret, yaml_node_t **ret_entry)
{
	const yaml_node_t *items = cfg_get(f, cfg_root(f), list);
	yaml_node_t *entry;

	for (size_t i = 0; (entry = cfg_item(f, items, i)); i++) {
		const char *its = cfg_text(f, entry, "name");

		if (!its || strcmp(its, name) != 0)
			continue;
		*ret = cfg_get(f, entry, inner);
		if (ret_entry)
			*ret_entry = entry;
		return true;
	}
	return false;
}

/* --- reading -------------------------------------------------------------------------------- */

/* libyaml quotes nothing of the file in its messages but a tag's or an anchor's absence. */
static int syntax_mistake(const yaml_parser_t *p, const char *path, struct ord_err *err)
{
	const char *problem = p->problem ? p->problem : "cannot be read";
	size_t line = p->problem_mark.line, column = p->problem_mark.column;

	if (p->error == YAML_MEMORY_ERROR)
		return ord_fail_nomem(err);
	if (p->error == YAML_READER_ERROR)
		return ord_fail(err, ORD_USAGE, "%.200s:%zu:%zu: not YAML: %s", path,
				p->mark.line + 1, p->mark.column + 1, problem);
	return ord_fail(err, ORD_USAGE, "%.200s:%zu:%zu: not YAML: %s%s%s", path, line + 1,
			column + 1, p->context ? p->context : "", p->context ? ", " : "", problem);
}

static void wipe_parser(yaml_parser_t *p)
{
	if (p->raw_buffer.start)
		kube_wipe(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	if (p->buffer.start)
		kube_wipe(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
	yaml_parser_delete(p);
}

static void wipe_document(yaml_document_t *doc)
{
	for (yaml_node_t *n = doc->nodes.start; n < doc->nodes.top; n++)
		if (n->type == YAML_SCALAR_NODE)
			kube_wipe(n->data.scalar.value, n->data.scalar.length);
	yaml_document_delete(doc);
}

static int parse(const char *text, size_t size, struct cfg_file *f, struct ord_err *err)
{
	yaml_parser_t p;
	yaml_event_t e;
	int rc = 0;

	if (!yaml_parser_initialize(&p))
		return ord_fail_nomem(err);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text, size);
	if (yaml_parser_load(&p, &f->doc)) {
		f->parsed = true;
		/* kubectl stops at the end of the first document too. */
		if (yaml_parser_parse(&p, &e)) {
			f->more = e.type == YAML_DOCUMENT_START_EVENT;
			yaml_event_delete(&e);
		}
	} else {
		rc = syntax_mistake(&p, f->path, err);
	}
	wipe_parser(&p);
	return rc;
}

static int directory_of(const char *path, char **ret, struct ord_err *err)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 0;
	char cwd[PATH_MAX];
	int rc;

	if (*path == '/') {
		rc = asprintf(ret, "%.*s", n ? n : 1, path);
	} else {
		if (!getcwd(cwd, sizeof cwd))
			return ord_fail_sys(err, "the working directory");
		rc = asprintf(ret, "%s%s%.*s", cwd, n ? "/" : "", n, path);
	}
	if (rc >= 0)
		return 0;
	*ret = NULL;
	return ord_fail_nomem(err);
}

int cfg_parse(const char *path, const char *text, size_t size, struct cfg_file *ret,
	      struct ord_err *err)
{
	struct cfg_file f = {.path = strdup(path)};

	if (!f.path)
		return ord_fail_nomem(err);
	if (directory_of(path, &f.dir, err) || parse(text, size, &f, err) || cfg_check(&f, err)) {
		cfg_done(&f);
		return -1;
	}
	*ret = f;
	return 0;
}

int cfg_read(const char *path, struct cfg_file *ret, bool *ret_missing, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size;
	int rc;

	if (ord_file_read(path, BYTES_MAX, &text, &size, err)) {
		if (!err || (err->sys_errno != ENOENT && err->sys_errno != ENOTDIR))
			return ord_wrap(err, "kubeconfig");
		*ret_missing = true;
		return 0;
	}
	*ret_missing = false;
	rc = cfg_parse(path, text, size, ret, err);
	kube_wipe(text, size);
	return rc;
}

void cfg_done(struct cfg_file *f)
{
	if (f->parsed)
		wipe_document(&f->doc);
	free(f->path);
	free(f->dir);
	*f = (struct cfg_file){0};
}
