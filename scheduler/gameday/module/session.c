#include "scheduler/gameday/module/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/gameday/module/verbs.h"

#define LOG_MAX (64u << 20)

int session_home(char ret[ORD_PATH_MAX], struct ord_err *err)
{
	char state[ORD_PATH_MAX - 16];

	if (ord_state_dir(state, sizeof state, err))
		return -1;
	(void)snprintf(ret, ORD_PATH_MAX, "%s/gamedays", state);
	return ord_mkdirs(ret, 0755, err);
}

int session_id_check(const char *id, struct ord_err *err)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (*id && *id != '.' && strlen(id) < 100 && !id[strspn(id, good)])
		return 0;
	return ord_fail(err, ORD_USAGE,
			"'%.100s' is no session: letters, digits, '-', '_' and '.', as 'ordeal "
			"gameday run' prints it",
			id);
}

int session_find(const char *id, char ret[ORD_PATH_MAX], struct ord_err *err)
{
	char home[ORD_PATH_MAX];
	struct stat st;
	int n;

	if (strchr(id, '/')) {
		n = snprintf(ret, ORD_PATH_MAX, "%s", id);
	} else if (session_id_check(id, err) || session_home(home, err)) {
		return -1;
	} else {
		n = snprintf(ret, ORD_PATH_MAX, "%s/%s", home, id);
	}
	if (n >= ORD_PATH_MAX - 64)
		return ord_fail(err, ORD_USAGE, "the path of the session is too long");
	if (stat(ret, &st) || !S_ISDIR(st.st_mode))
		return ord_fail(err, ORD_USAGE,
				"there is no session '%.200s'; give its id, its folder, or "
				"'latest'",
				id);
	return 0;
}

static void free_parts(struct session *s)
{
	ord_close(&s->view);
	ord_close(&s->log);
	ord_close(&s->dir);
	json_decref(s->head);
	day_free(s->day);
	free(s);
}

void session_close(struct session *s)
{
	if (s)
		free_parts(s);
}

/* Nobody else may hold it. */
static int hold(struct session *s, struct ord_err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return ord_fail_sys(err, "open '%.300s'", s->path);
	s->log = openat(s->dir, SESSION_LOG, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	s->view = openat(s->dir, SESSION_VIEW, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (s->log < 0 || s->view < 0)
		return ord_fail_sys(err, "open the session '%.300s'", s->path);
	if (fchmod(s->view, 0644))
		return ord_fail_sys(err, "let others read '" SESSION_VIEW "'");
	/* A lock of this kind can be asked for without being taken. */
	if (fcntl(s->log, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return ord_fail(err, ORD_GUARD,
				"the session is held already; 'ordeal gameday watch %s' shows it",
				s->id);
	return ord_fail_sys(err, "lock the session");
}

/* A part of a line that found no room is taken back: the next one would be joined to it. */
static int put_line(int fd, const json_t *line, struct ord_err *err)
{
	ord_autofree char *text = json_dumps(line, JSON_COMPACT);
	size_t n = text ? strlen(text) : 0;
	off_t end = lseek(fd, 0, SEEK_END);

	if (!text)
		return ord_fail_nomem(err);
	if (end < 0)
		return ord_fail_sys(err, "write the session");
	text[n] = '\n'; /* in one write: who reads along sees whole lines */
	if (!ord_write_all(fd, text, n + 1, err))
		return 0;
	(void)!ftruncate(fd, end);
	return -1;
}

static int make_folder(struct session *s, const char *home, const char *id, struct ord_err *err)
{
	char date[32];
	struct tm tm;
	time_t now = time(NULL);

	if (id && session_id_check(id, err))
		return -1;
	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 1;; i++) {
		char more[16] = "";

		if (i > 1)
			(void)snprintf(more, sizeof more, "-%d", i);
		if (id)
			(void)snprintf(s->id, sizeof s->id, "%s", id);
		else
			(void)snprintf(s->id, sizeof s->id, "%s-%s%s", date, s->day->spec.name,
				       more);
		if (snprintf(s->path, sizeof s->path, "%s/%s", home, s->id) >=
		    (int)sizeof s->path - 64)
			return ord_fail(err, ORD_USAGE, "the path of the session is too long");
		if (!mkdir(s->path, 0711))
			break;
		if (errno != EEXIST || id || i > 99)
			return ord_fail_sys(err, "make '%.300s'", s->path);
	}
	/* Who does not know may go through it to its view, whatever the umask. */
	if (chmod(s->path, 0711))
		return ord_fail_sys(err, "'%.300s'", s->path);
	return 0;
}

/* `latest` beside the sessions; best effort. */
static void point_latest(const struct session *s)
{
	char link[ORD_PATH_MAX], part[ORD_PATH_MAX + 8];
	const char *slash = strrchr(s->path, '/');

	(void)snprintf(link, sizeof link, "%.*s/latest", (int)(slash - s->path), s->path);
	(void)snprintf(part, sizeof part, "%s.part", link);
	(void)unlink(part);
	if (symlink(s->id, part) == 0 && rename(part, link) < 0)
		(void)unlink(part);
}

static struct session *blank(void)
{
	struct session *s = calloc(1, sizeof *s);

	if (s)
		s->dir = s->log = s->view = -1;
	return s;
}

int session_create(struct day *day, const char *id, struct session **ret, struct ord_err *err)
{
	char home[ORD_PATH_MAX];

	if (!session_home(home, err))
		return session_create_in(home, day, id, ret, err);
	day_free(day);
	return -1;
}

int session_create_in(const char *home, struct day *day, const char *id, struct session **ret,
		      struct ord_err *err)
{
	struct session *s = blank();

	if (!s) {
		day_free(day);
		return ord_fail_nomem(err);
	}
	s->day = day;
	if (make_folder(s, home, id, err) || hold(s, err) || day_keep(day, s->dir, err))
		goto fail;
	day_session_init(&s->state, day->spec.n_steps);
	s->head = day_head(day, s->id, ord_wall_ns());
	if (!s->head) {
		(void)ord_fail_nomem(err);
		goto fail;
	}
	if (put_line(s->log, s->head, err) || put_line(s->view, s->head, err))
		goto fail;
	point_latest(s);
	*ret = s;
	return 0;
fail:
	free_parts(s);
	return -1;
}

/* A line of the log; false: it is no event that could have happened. */
static bool replay_line(struct session *s, const char *text, size_t n)
{
	ord_auto(json) json_t *line = json_loadb(text, n, 0, NULL);
	struct day_event e;

	if (!line || day_event_read(line, s->state.n, &e))
		return false;
	if (e.kind == DAY_E_SESSION) {
		json_decref(s->head);
		s->head = json_incref(line);
		return true;
	}
	if (!s->head || day_refuses(&s->state, &e))
		return false;
	day_apply(&s->state, &e);
	return true;
}

static int replay(struct session *s, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size, whole = 0, n = 1;

	if (ord_file_read_at(s->dir, SESSION_LOG, LOG_MAX, &text, &size, err))
		return -1;
	for (const char *p = text, *end; (end = memchr(p, '\n', size - (size_t)(p - text)));
	     p = end + 1, n++) {
		if (!replay_line(s, p, (size_t)(end - p)))
			return ord_fail(err, ORD_USAGE,
					"'%.300s/" SESSION_LOG "': line %zu is no event that could "
					"have happened there",
					s->path, n);
		whole = (size_t)(end + 1 - text);
	}
	if (!s->head)
		return ord_fail(err, ORD_USAGE, "'%.300s' has not begun", s->path);
	if (whole < size && ftruncate(s->log, (off_t)whole))
		return ord_fail_sys(err, "cut off a torn line");
	return 0;
}

int session_open(const char *id, FILE *say, struct session **ret, struct ord_err *err)
{
	struct session *s = blank();
	const char *name;

	if (!s)
		return ord_fail_nomem(err);
	if (session_find(id, s->path, err))
		goto fail;
	if (day_load_kept(s->path, say, &s->day)) {
		(void)ord_fail(err, ORD_USAGE, "the session's copies cannot be read");
		goto fail;
	}
	name = strrchr(s->path, '/');
	(void)snprintf(s->id, sizeof s->id, "%.127s", name ? name + 1 : s->path);
	day_session_init(&s->state, s->day->spec.n_steps);
	if (hold(s, err) || replay(s, err))
		goto fail;
	(void)snprintf(s->id, sizeof s->id, "%.127s",
		       json_string_value(json_object_get(s->head, "id")));
	*ret = s;
	return 0;
fail:
	free_parts(s);
	return -1;
}

int session_add(struct session *s, const struct day_event *event, struct ord_err *err)
{
	struct day_event e = *event;
	const char *why;
	json_t *line, *view;
	int r;

	e.at_ns = ord_wall_ns();
	why = day_refuses(&s->state, &e);
	if (why)
		return ord_fail(err, ORD_GUARD, "%s", why);
	if (s->failed)
		return ord_fail(err, ORD_SYS, "the session could not be written");
	line = day_event_json(&e, s->state.n);
	if (!line)
		return ord_fail_nomem(err);
	view = day_view(s->day, &s->state, &e);
	r = put_line(s->log, line, err);
	/* It stands there, or does not: what is so is found by who takes the session up again. */
	s->failed = !r && e.kind != DAY_E_PHASE && fdatasync(s->log);
	if (s->failed)
		r = ord_fail_sys(err, "write the session");
	if (!r) {
		day_apply(&s->state, &e);
		if (view && put_line(s->view, view, err))
			r = -1;
		if (s->on_line)
			s->on_line(s->arg, line);
	}
	json_decref(line);
	json_decref(view);
	return r;
}
