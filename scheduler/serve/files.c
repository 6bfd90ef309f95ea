/*
 * What a file of the folder stands for. That of most is known from the agenda: it is named as its
 * schedule is, and good. Of the others there are lists, by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/serve/serve.h"

struct files {
	struct odd **odd;
	size_t n_odd, odd_room;
	uint32_t *strays; /* schedules whose file has another name; by the file's */
	size_t n_strays, strays_room;
};

int files_open(struct ord_serve *s, struct ord_err *err)
{
	s->files = calloc(1, sizeof *s->files);
	return s->files ? 0 : ord_fail_nomem(err);
}

void files_done(struct ord_serve *s)
{
	while (s->files && s->files->n_odd)
		files_drop_odd(s, s->files->odd[s->files->n_odd - 1]);
	if (s->files) {
		free(s->files->odd);
		free(s->files->strays);
	}
	free(s->files);
	s->files = NULL;
}

/* The list with room for one more; NULL: there is no memory for it. */
static void *roomy(void *v, size_t n, size_t *room, size_t size)
{
	size_t want = *room ? 2 * *room : 16;

	if (n < *room)
		return v;
	v = reallocarray(v, want, size);
	*room = v ? want : *room;
	return v;
}

/* ---- odd ones */

/* Where it is, or would be. */
static size_t odd_place(const struct files *f, const char *name)
{
	size_t lo = 0, hi = f->n_odd;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(f->odd[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct odd *odd_find(const struct files *f, const char *name)
{
	size_t at = odd_place(f, name);

	return at < f->n_odd && !strcmp(f->odd[at]->name, name) ? f->odd[at] : NULL;
}

struct odd *files_add_odd(struct ord_serve *s, const char *name)
{
	struct files *f = s->files;
	struct odd *odd = odd_find(f, name);
	size_t at = odd_place(f, name);
	struct odd **more;

	if (odd)
		return odd;
	more = roomy(f->odd, f->n_odd, &f->odd_room, sizeof *f->odd);
	if (!more)
		return NULL;
	f->odd = more;
	odd = calloc(1, sizeof *odd);
	if (!odd)
		return NULL;
	*odd = (struct odd){.name = strdup(name), .before = TEXTS_NONE, .seen = true};
	if (!odd->name) {
		free(odd);
		return NULL;
	}
	memmove(&f->odd[at + 1], &f->odd[at], (f->n_odd - at) * sizeof *f->odd);
	f->odd[at] = odd;
	f->n_odd++;
	return odd;
}

void files_drop_odd(struct ord_serve *s, struct odd *odd)
{
	struct files *f = s->files;
	size_t at = odd_place(f, odd->name);

	memmove(&f->odd[at], &f->odd[at + 1], (f->n_odd - at - 1) * sizeof *f->odd);
	f->n_odd--;
	free(odd->name);
	free(odd->message);
	free(odd);
}

size_t files_broken(const struct ord_serve *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->files->n_odd; i++)
		n += s->files->odd[i]->message != NULL;
	return n;
}

struct odd *files_odd(const struct ord_serve *s, size_t i)
{
	return i < s->files->n_odd ? s->files->odd[i] : NULL;
}

/* ---- strays */

static int compare_file(const struct ord_serve *s, uint32_t id, const char *name)
{
	char file[512];

	(void)ord_agenda_file(s->agenda, id, file, sizeof file);
	return strcmp(file, name);
}

static size_t stray_place(const struct ord_serve *s, const char *name)
{
	size_t lo = 0, hi = s->files->n_strays;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare_file(s, s->files->strays[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint32_t stray_find(const struct ord_serve *s, const char *name)
{
	size_t at = stray_place(s, name);

	return at < s->files->n_strays && !compare_file(s, s->files->strays[at], name)
		       ? s->files->strays[at]
		       : ORD_AGENDA_NONE;
}

/* The schedule that a file would have from its name. */
static uint32_t namesake(const struct ord_serve *s, const char *file)
{
	const char *dot = strrchr(file, '.');
	char name[ORD_NAME_MAX];

	if (!dot || (size_t)(dot - file) >= sizeof name)
		return ORD_AGENDA_NONE;
	(void)snprintf(name, sizeof name, "%.*s", (int)(dot - file), file);
	return ord_agenda_find(s->agenda, name);
}

static bool is_stray(const struct ord_serve *s, uint32_t id, char file[static 512])
{
	(void)ord_agenda_file(s->agenda, id, file, 512);
	return namesake(s, file) != id;
}

int files_add(struct ord_serve *s, uint32_t id, struct ord_err *err)
{
	struct files *f = s->files;
	uint32_t *more;
	char file[512];
	size_t at;

	if (!is_stray(s, id, file))
		return 0;
	at = stray_place(s, file);
	more = roomy(f->strays, f->n_strays, &f->strays_room, sizeof *f->strays);
	if (!more)
		return ord_fail_nomem(err);
	f->strays = more;
	memmove(&f->strays[at + 1], &f->strays[at], (f->n_strays - at) * sizeof *f->strays);
	f->strays[at] = id;
	f->n_strays++;
	return 0;
}

void files_remove(struct ord_serve *s, uint32_t id)
{
	struct files *f = s->files;
	char file[512];
	size_t at;

	if (!is_stray(s, id, file))
		return;
	at = stray_place(s, file);
	if (at == f->n_strays || f->strays[at] != id)
		return;
	memmove(&f->strays[at], &f->strays[at + 1], (f->n_strays - at - 1) * sizeof *f->strays);
	f->n_strays--;
}

struct found files_find(const struct ord_serve *s, const char *name)
{
	struct found found = {namesake(s, name), odd_find(s->files, name)};

	if (!store_has(s, found.id) || row_is(s, found.id, ROW_FREE) ||
	    compare_file(s, found.id, name) != 0)
		found.id = stray_find(s, name);
	return found;
}
