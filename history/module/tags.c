#include "history/module/tags.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The folder that the link names, where that is below home; NULL where it is not. In `link`. */
static const char *folder_of(const char *real_home, const char *tags, const char *tag,
			     char link[static PATH_MAX])
{
	char path[PATH_MAX + NAME_MAX + 2], parent[2 * PATH_MAX], real[PATH_MAX];
	const char *name;
	ssize_t n;

	(void)snprintf(path, sizeof path, "%s/%s", tags, tag);
	n = readlink(path, link, PATH_MAX - 1);
	link[n < 0 ? 0 : n] = '\0';
	name = strrchr(link, '/');
	if (!name)
		return NULL;
	(void)snprintf(parent, sizeof parent, "%s/%.*s", *link == '/' ? "" : tags,
		       (int)(name - link), link);
	return realpath(parent, real) && !strcmp(real, real_home) ? name + 1 : NULL;
}

static int add(json_t *all, const char *folder, const char *tag)
{
	json_t *of = json_object_get(all, folder);

	if (!of && json_object_set_new(all, folder, json_array()))
		return -1;
	return json_array_append_new(json_object_get(all, folder), json_string(tag));
}

int tags_all(const char *home, json_t **ret, struct ord_err *err)
{
	char tags[PATH_MAX], link[PATH_MAX], real[PATH_MAX];
	ord_auto(json) json_t *all = json_object();
	struct dirent **list;
	int n, r = 0;

	(void)snprintf(tags, sizeof tags, "%.4000s/tags", home);
	n = scandir(tags, &list, visible, alphasort);
	if (n < 0 && errno != ENOENT)
		return ord_fail_sys(err, "'%.300s'", tags);
	if (n >= 0 && !realpath(home, real))
		r = ord_fail_sys(err, "'%.300s'", home);
	for (int i = 0; i < n; i++) {
		const char *folder = r ? NULL : folder_of(real, tags, list[i]->d_name, link);

		if (folder && add(all, folder, list[i]->d_name))
			r = ord_fail_nomem(err);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (!r)
		*ret = ord_steal_ptr(all);
	return r;
}
