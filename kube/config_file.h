/* One kubeconfig file as YAML nodes that know where they stand. */
#ifndef ORDEAL_KUBE_CONFIG_FILE_H
#define ORDEAL_KUBE_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "ordeal/err.h"

struct cfg_file {
	char *path; /* as in $KUBECONFIG */
	char *dir;  /* absolute: what relative paths in it start from */
	yaml_document_t doc;
	bool parsed;
	bool more; /* a second document follows, which nobody reads */
};

/* *ret_missing: there is no such file, which is no mistake. The file is checked whole: each field
 * that we know has the type that kubectl wants. */
int cfg_read(const char *path, struct cfg_file *ret, bool *ret_missing, struct ord_err *err);
/* The same of a text. */
int cfg_parse(const char *path, const char *text, size_t size, struct cfg_file *ret,
	      struct ord_err *err);
void cfg_done(struct cfg_file *f);

/* libyaml's getter, for a document that nobody changes. */
yaml_node_t *cfg_node(const struct cfg_file *f, int index);
yaml_node_t *cfg_root(const struct cfg_file *f);
/* The value of a key, the last one where it stands twice; NULL: absent or null. */
yaml_node_t *cfg_get(const struct cfg_file *f, const yaml_node_t *map, const char *key);
/* A text that is not empty, or NULL. */
const char *cfg_text(const struct cfg_file *f, const yaml_node_t *map, const char *key);
bool cfg_flag(const struct cfg_file *f, const yaml_node_t *map, const char *key);
/* The i-th item of a list; NULL after the last. */
yaml_node_t *cfg_item(const struct cfg_file *f, const yaml_node_t *list, size_t i);
/* What `inner` holds ("cluster") in the entry of this name in a list of the root ("clusters"). *ret
 * is NULL where it is null; false: no such entry. ret_entry may be NULL. */
bool cfg_entry(const struct cfg_file *f, const char *list, const char *inner, const char *name,
	       yaml_node_t **ret, yaml_node_t **ret_entry);

enum cfg_scalar { CFG_STRING, CFG_NULL, CFG_BOOL, CFG_NUMBER };
enum cfg_scalar cfg_scalar(const yaml_node_t *node);
bool cfg_true(const yaml_node_t *node);

/* "FILE:LINE:COLUMN: ..." and -1. Never put a value of a secret field in it. */
int cfg_mistake(struct ord_err *err, const struct cfg_file *f, const yaml_node_t *node,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* config_check.c: the types of all known fields. */
int cfg_check(const struct cfg_file *f, struct ord_err *err);

#endif
