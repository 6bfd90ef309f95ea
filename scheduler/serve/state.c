/*
 * What the journal says: how far each schedule has come, what was claimed and has no end, whether
 * all is halted. Each record is whole in itself, so that one which is unreadable costs no other.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/serve/serve.h"

/* What is folded from the records. */
struct fold {
	struct ord_serve *s;
	json_t *claims; /* by key: those that have no end */
	json_t *skips;	/* the records that say that something was not run */
	char boot[40];	/* of the last that wrote */
	bool closed;	/* nothing was said after it had come to its end */
};

static const char *text(const json_t *record, const char *key)
{
	const char *t = json_string_value(json_object_get(record, key));

	return t ? t : "";
}

static int64_t number(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

/* Differs from boot to boot. */
static void read_boot(char out[static 40])
{
	(void)ord_file_peek(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, 40);
	out[strcspn(out, "\n")] = '\0';
}

/* ---- reading */

/* The schedule of a record, made where there is none. */
static json_t *schedule_of(const struct fold *f, const json_t *record)
{
	const char *name = text(record, "n");
	json_t *known = json_object_get(f->s->kept, name);

	if (!known && *name) {
		known = json_object();
		(void)json_object_set_new(f->s->kept, name, known);
	}
	return known;
}

static void set(json_t *to, const char *key, const json_t *from, const char *from_key)
{
	json_t *value = json_object_get(from, from_key);

	if (value)
		(void)json_object_set(to, key, value);
}

static void on_head(struct fold *f, const json_t *r)
{
	(void)snprintf(f->s->id, sizeof f->s->id, "%s", text(r, "id"));
	(void)snprintf(f->boot, sizeof f->boot, "%s", text(r, "boot"));
	f->s->next_key = (uint64_t)number(r, "next");
}

static void on_seen(struct fold *f, const json_t *r)
{
	static const char *const keys[] = {"f", "cur", "paused", "skip", "last"};
	json_t *known = schedule_of(f, r);

	for (size_t i = 0; i < ORD_COUNT(keys); i++)
		set(known, keys[i], r, keys[i]);
}

static void on_gone(struct fold *f, const json_t *r)
{
	(void)json_object_del(f->s->kept, text(r, "n"));
}

/* The cursor never goes back; save where it was said in so many words. */
static void on_cursor(struct fold *f, const json_t *r)
{
	json_t *known = schedule_of(f, r);

	if (json_object_get(r, "cur") &&
	    (json_is_true(json_object_get(r, "back")) || number(r, "cur") > number(known, "cur")))
		set(known, "cur", r, "cur");
	set(known, "skip", r, "skip");
}

static void on_skipped(struct fold *f, const json_t *r)
{
	(void)json_array_append(f->skips, (json_t *)(uintptr_t)r);
}

static void on_claim(struct fold *f, const json_t *r)
{
	uint64_t key = (uint64_t)number(r, "k");
	char name[24];

	on_cursor(f, r);
	(void)snprintf(name, sizeof name, "%" PRIu64, key);
	(void)json_object_set_new(f->claims, name, json_copy((json_t *)(uintptr_t)r));
	if (key >= f->s->next_key)
		f->s->next_key = key + 1;
}

static json_t *claim_of(const struct fold *f, const json_t *r, char name[static 24])
{
	(void)snprintf(name, 24, "%" PRId64, number(r, "k"));
	return json_object_get(f->claims, name);
}

/* "queued", "begin", "started", "run": how far a claim has come. Where its own line was damaged,
 * the one that says that it began has what is to be known of it. */
static void on_progress(struct fold *f, const json_t *r)
{
	static const char *const keys[] = {"pid", "st", "dir"};
	char name[24];
	json_t *claim = claim_of(f, r, name);

	if (!claim && json_object_get(r, "n")) {
		on_claim(f, r);
		claim = claim_of(f, r, name);
	}
	if (!claim)
		return;
	(void)json_object_set_new(claim, text(r, "c"), json_true());
	for (size_t i = 0; i < ORD_COUNT(keys); i++)
		set(claim, keys[i], r, keys[i]);
}

static void on_end(struct fold *f, const json_t *r)
{
	char name[24];
	json_t *claim = claim_of(f, r, name), *known = NULL;

	if (claim)
		known = json_object_get(f->s->kept, text(claim, "n"));
	if (known)
		set(known, "last", r, "last");
	(void)json_object_del(f->claims, name);
}

static void on_closed(struct fold *f, const json_t *r)
{
	(void)r;
	f->closed = true;
}

static void on_halt(struct fold *f, const json_t *r)
{
	f->s->halted = !strcmp(text(r, "c"), "halt");
	f->s->marked = f->s->halted && json_is_true(json_object_get(r, "marked"));
	f->s->halted_since_ns = number(r, "t");
	(void)snprintf(f->s->halted_by, sizeof f->s->halted_by, "%s", text(r, "by"));
}

static void fold(void *arg, const json_t *r)
{
	static const struct {
		const char *name;
		void (*on)(struct fold *f, const json_t *r);
	} kinds[] = {
		{"head", on_head},	 {"seen", on_seen},	 {"gone", on_gone},
		{"cursor", on_cursor},	 {"skip", on_cursor},	 {"claim", on_claim},
		{"queued", on_progress}, {"begin", on_progress}, {"started", on_progress},
		{"run", on_progress},	 {"end", on_end},	 {"halt", on_halt},
		{"resume", on_halt},	 {"closed", on_closed},	 {"skipped", on_skipped},
	};

	((struct fold *)arg)->closed = false;
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (!strcmp(text(r, "c"), kinds[i].name))
			kinds[i].on(arg, r);
}

/* ---- writing */

uint64_t state_put(struct ord_serve *s, json_t *record)
{
	if (s->ready)
		return journal_put(s->journal, record);
	/* All of it is written when all is known. */
	json_decref(record);
	return 0;
}

static json_t *seen_record(const struct ord_serve *s, uint32_t id)
{
	struct ord_agenda_entry a;
	char file[512];

	ord_agenda_entry(s->agenda, id, &a);
	(void)ord_agenda_file(s->agenda, id, file, sizeof file);
	return json_pack("{s:s,s:s,s:s,s:I,s:b,s:b,s:o*}", "c", "seen", "n",
			 ord_agenda_name(s->agenda, id), "f", file, "cur", (json_int_t)a.cursor_ns,
			 "paused", a.paused, "skip", a.skip_next, "last", store_last(s, id));
}

void state_seen(struct ord_serve *s, uint32_t id)
{
	(void)state_put(s, seen_record(s, id));
}

void state_gone(struct ord_serve *s, const char *name)
{
	(void)state_put(s, json_pack("{s:s,s:s}", "c", "gone", "n", name));
}

json_t *state_take(struct ord_serve *s, const char *name)
{
	json_t *known = json_incref(json_object_get(s->kept, name));

	(void)json_object_del(s->kept, name);
	return known;
}

void state_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		   uint64_t times, const char *reason)
{
	(void)state_put(s, json_pack("{s:s,s:s,s:I,s:I,s:I,s:s}", "c", "skipped", "n", name,
				     "first", (json_int_t)first_ns, "last", (json_int_t)last_ns,
				     "times", (json_int_t)times, "why", reason));
}

json_t *state_halt_record(const struct ord_serve *s)
{
	return json_pack("{s:s,s:I,s:s,s:b}", "c", s->halted ? "halt" : "resume", "t",
			 (json_int_t)s->halted_since_ns, "by", s->halted_by, "marked",
			 s->halted && s->marked);
}

static void add_run(json_t *list, const struct run *r)
{
	char key[24];

	(void)json_array_append_new(list, run_claim_record(r));
	(void)snprintf(key, sizeof key, "%" PRIu64, r->key);
	if (r->state == RUN_QUEUED)
		(void)json_array_append_new(list, run_record(r, "queued"));
	if (!r->child)
		return;
	(void)json_array_append_new(list, run_record(r, "begin"));
	(void)json_array_append_new(list, run_record(r, "started"));
	if (*r->dir)
		(void)json_array_append_new(list, run_record(r, "run"));
}

/* All that is known, one record after the other: there may be a million schedules. */
struct snapshot {
	const struct ord_serve *s;
	json_t *first, *last; /* owned; what comes before the schedules, and after them */
	size_t n_first, n_last;
	uint32_t id;
};

static void snapshot_begin(const struct ord_serve *s, struct snapshot *ret)
{
	json_t *first = json_array(), *last = json_array(), *known;
	char boot[40] = "";
	const char *name;

	read_boot(boot);
	(void)json_array_append_new(first, json_pack("{s:s,s:i,s:s,s:s,s:I}", "c", "head", "v", 1,
						     "id", s->id, "boot", boot, "next",
						     (json_int_t)s->next_key));
	if (s->halted)
		(void)json_array_append_new(first, state_halt_record(s));
	json_object_foreach (s->kept, name, known) {
		json_t *record = json_pack("{s:s,s:s}", "c", "seen", "n", name);

		if (record)
			(void)json_object_update(record, known);
		(void)json_array_append_new(last, record);
	}
	for (const struct run *r = s->first; r; r = r->next)
		add_run(last, r);
	*ret = (struct snapshot){.s = s, .first = first, .last = last};
}

static json_t *snapshot_next(void *arg, bool *ret_failed)
{
	struct snapshot *p = arg;
	json_t *record = NULL;

	*ret_failed = !json_array_size(p->first) || !p->last;
	if (*ret_failed)
		return NULL;
	if (p->n_first < json_array_size(p->first))
		return json_incref(json_array_get(p->first, p->n_first++));
	p->id = rows_with(p->s, p->id, ROW_THERE);
	if (p->id == ORD_AGENDA_NONE)
		return json_incref(json_array_get(p->last, p->n_last++));
	record = seen_record(p->s, p->id++);
	*ret_failed = !record;
	return record;
}

int state_renew(struct ord_serve *s, struct ord_err *err)
{
	struct snapshot all;
	int written;

	/* What was not run is the history's alone from here on. */
	past_sync(s);
	snapshot_begin(s, &all);
	written = journal_renew_from(s->journal, snapshot_next, &all, err);
	json_decref(all.first);
	json_decref(all.last);
	if (written < 0)
		return -1;
	for (struct run *r = s->first; r; r = r->next)
		r->mark = r->mark ? r->mark : journal_mark(s->journal);
	return 0;
}

/* ---- at the start */

static int make_id(char out[static 17], struct ord_err *err)
{
	uint64_t id;

	if (getrandom(&id, sizeof id, 0) < 0)
		return ord_fail_sys(err, "getrandom");
	(void)snprintf(out, 17, "%016" PRIx64, id);
	return 0;
}

/* Files that are there and broken keep what is known of their schedules. */
static void forget_gone(struct ord_serve *s)
{
	const char *name;
	json_t *known;
	void *next;

	json_object_foreach_safe (s->kept, next, name, known) {
		struct found f = files_find(s, text(known, "f"));

		if (f.odd || f.id != ORD_AGENDA_NONE)
			continue;
		serve_say(s, "%s: taken off while nobody watched", name);
		(void)json_object_del(s->kept, name);
	}
}

int state_open(struct ord_serve *s, struct state_past *ret, struct ord_err *err)
{
	struct fold f = {.s = s, .claims = json_object(), .skips = json_array()};
	char boot[40] = "";
	size_t bad = 0;

	s->kept = json_object();
	s->next_key = 1;
	*ret = (struct state_past){.claims = f.claims, .skips = f.skips};
	if (!s->kept || !f.claims || !f.skips)
		return ord_fail_nomem(err);
	if (journal_open(s->state_fd, fold, &f, &bad, &s->journal, err) < 0)
		return -1;
	if (bad)
		serve_say(s, "%zu lines of the journal are damaged, and were left out", bad);
	if (!*s->id && make_id(s->id, err) < 0)
		return -1;
	/* Those of the damaged lines are used up, too. */
	s->next_key += bad;
	read_boot(boot);
	ret->same_boot = !strcmp(boot, f.boot);
	ret->whole = (ret->same_boot || f.closed) && !bad;
	return 0;
}

void state_past_done(struct state_past *p)
{
	json_decref(p->claims);
	json_decref(p->skips);
}

void state_close(struct ord_serve *s)
{
	(void)state_put(s, json_pack("{s:s}", "c", "closed"));
	s->ready = false;
}

int state_ready(struct ord_serve *s, struct ord_err *err)
{
	forget_gone(s);
	if (state_renew(s, err) < 0)
		return -1;
	s->ready = true;
	return 0;
}
