#include "cli/pick_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "ordeal/fault.h"

#define PATH_SIZE 4096

/* A file of the folder, and the experiment in it. */
struct candidate {
	char file[256];
	char name[ORD_NAME_MAX]; /* "": it is none, or has mistakes */
};

struct folder {
	char path[PATH_SIZE]; /* as in "shop/" or "" */
	struct candidate *v;  /* owned */
	size_t n;
};

int cli_is_yaml(const struct dirent *d)
{
	return d->d_name[0] != '.' && ord_pick_is_file(d->d_name);
}

bool cli_pick_named(const char *path)
{
	ord_autofree char *text = NULL;
	size_t size;

	return !ord_file_read(path, ORD_SPEC_BYTES_MAX, &text, &size, NULL) &&
	       ord_pick_named(text, size);
}

/* The name of the experiment in a file; what is wrong with it is said where it is asked for. */
static void name_of(const char *path, struct ord_spec *spec, char out[static ORD_NAME_MAX])
{
	ord_autofree char *text = NULL;
	struct ord_mistakes mistakes = {0};
	size_t size;

	if (ord_file_read(path, ORD_SPEC_BYTES_MAX, &text, &size, NULL))
		return;
	if (!ord_spec_parse(text, size, NULL, 0, spec, &mistakes)) {
		memcpy(out, spec->name, ORD_NAME_MAX);
		ord_spec_done(spec);
	}
	ord_mistakes_done(&mistakes);
}

static void folder_done(struct folder *f)
{
	free(f->v);
}

static int folder_read(const char *file, struct folder *f, struct ord_err *err)
{
	const char *slash = strrchr(file, '/');
	ord_autofree struct ord_spec *spec = calloc(1, sizeof *spec);
	struct dirent **found = NULL;
	char path[PATH_SIZE + 256];
	int n;

	if (!spec)
		return ord_fail_nomem(err);
	if ((size_t)snprintf(f->path, sizeof f->path, "%.*s", slash ? (int)(slash - file) + 1 : 0,
			     file) >= sizeof f->path)
		return ord_fail(err, ORD_USAGE, "the path is too long");
	n = scandir(*f->path ? f->path : ".", &found, cli_is_yaml, alphasort);
	if (n < 0)
		return ord_fail_sys(err, "%s", *f->path ? f->path : ".");
	f->v = calloc((size_t)n + 1, sizeof *f->v);
	for (int i = 0; i < n; i++) {
		if (f->v) {
			(void)snprintf(path, sizeof path, "%s%s", f->path, found[i]->d_name);
			(void)snprintf(f->v[f->n].file, sizeof f->v->file, "%s", found[i]->d_name);
			name_of(path, spec, f->v[f->n++].name);
		}
		free(found[i]);
	}
	free(found);
	return f->n == (size_t)n ? 0 : ord_fail_nomem(err);
}

/* "; did you mean 'slow-store'?" of the others in the folder. */
static void near(const struct folder *f, const char *text, bool by_file, char *out, size_t size)
{
	ord_autofree const char **names = calloc(f->n + 1, sizeof *names);
	const char *found;
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; names && f->v && i < f->n; i++)
		if (by_file || *f->v[i].name)
			names[n++] = by_file ? f->v[i].file : f->v[i].name;
	found = names ? ord_nearest(text, names, n) : NULL;
	if (found)
		(void)snprintf(out, size, "; did you mean '%.255s'?", found);
}

/* The experiment that an item means, or NULL after saying what is wrong. */
static const char *find(const char *path, const struct folder *f, const struct ord_pick_item *item)
{
	bool by_file = ord_pick_is_file(item->text);
	const char *dir = *f->path ? f->path : "this folder";
	char meant[300];

	for (size_t i = 0; f->v && i < f->n; i++) {
		const struct candidate *c = &f->v[i];

		if (strcmp(by_file ? c->file : c->name, item->text) != 0)
			continue;
		if (*c->name)
			return c->name;
		cli_at(path, &item->at);
		(void)fprintf(stderr,
			      "oneOf: '%s' is no experiment, or has mistakes: 'ordeal validate "
			      "%s%s'\n",
			      item->text, f->path, item->text);
		return NULL;
	}
	near(f, item->text, by_file, meant, sizeof meant);
	cli_at(path, &item->at);
	(void)fprintf(stderr, "oneOf: there is no %s '%s' in %s%s\n",
		      by_file ? "file" : "experiment", item->text, dir, meant);
	return NULL;
}

/* Looks up what each item means. */
static int resolve(const char *path, struct cli_pick *p)
{
	struct folder folder = {0};
	struct ord_err err = {0};
	int code = CLI_OK;

	p->names = calloc(p->pick->n_one_of, sizeof *p->names);
	if (!p->names || folder_read(path, &folder, &err)) {
		if (!p->names)
			(void)ord_fail_nomem(&err);
		folder_done(&folder);
		return cli_complain(path, &err);
	}
	for (size_t i = 0; i < p->pick->n_one_of; i++) {
		const char *name = find(path, &folder, &p->pick->one_of[i]);

		if (name)
			memcpy(p->names[i], name, ORD_NAME_MAX);
		else
			code = CLI_WRONG;
	}
	folder_done(&folder);
	return code;
}

static int parse(const char *yaml, size_t size, const struct cli_sets *sets, void *ret,
		 struct ord_mistakes *mistakes)
{
	return ord_pick_parse(yaml, size, sets->v, sets->n, ret, mistakes);
}

int cli_pick_read(const char *path, const struct cli_args *args, struct cli_pick *ret)
{
	struct ord_err err = {0};
	struct ord_pick *pick = calloc(1, sizeof *pick);
	int code;

	*ret = (struct cli_pick){0};
	if (!pick) {
		(void)ord_fail_nomem(&err);
		return cli_complain(path, &err);
	}
	code = cli_text_read(path, args, true, parse, pick);
	if (code) {
		free(pick);
		return code;
	}
	ret->pick = pick;
	return resolve(path, ret);
}

struct cli_scheduled cli_scheduled_of_pick(const struct ord_pick *pick)
{
	return (struct cli_scheduled){pick->name, &pick->schedule, pick->seed, &pick->schedule_at,
				      &pick->zone_at};
}

void cli_pick_done(struct cli_pick *p)
{
	if (p->pick)
		ord_pick_done(p->pick);
	free(p->pick);
	free(p->names);
	*p = (struct cli_pick){0};
}
