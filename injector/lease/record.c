/* Reading undo records back. What is read may be hostile: a lease that was taken over could have
 * written it. */
#include "injector/lease/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"

void inj_record_done(struct inj_record *r)
{
	json_decref(r->undo);
	json_decref(r->kept);
	r->undo = r->kept = NULL;
}

static int proc_parse(const json_t *json, const char *key, struct ord_proc *ret,
		      struct ord_err *err)
{
	json_t *pair, *pid, *start;

	if (ord_json_array(json, key, 2, &pair, err) < 0)
		return -1;
	pid = json_array_get(pair, 0);
	start = json_array_get(pair, 1);
	if (json_array_size(pair) != 2 || !json_is_integer(pid) || !json_is_integer(start) ||
	    json_integer_value(pid) < 0 || json_integer_value(pid) > 1 << 22 ||
	    json_integer_value(start) < 0)
		return ord_fail(err, ORD_USAGE, "%s: not [pid, start time]", key);
	*ret = (struct ord_proc){.pid = (pid_t)json_integer_value(pid),
				 .start = (uint64_t)json_integer_value(start)};
	return 0;
}

static int state_parse(const json_t *json, enum inj_state *ret, struct ord_err *err)
{
	const char *text;

	if (ord_json_text(json, "state", 16, &text, err) < 0)
		return -1;
	for (int i = INJ_PREPARED; i <= INJ_ENDED; i++) {
		if (strcmp(text, inj_state_name((enum inj_state)i)) == 0) {
			*ret = (enum inj_state)i;
			return 0;
		}
	}
	return ord_fail(err, ORD_USAGE, "state: '%.16s' is not known", text);
}

static int fields_parse(const json_t *json, struct inj_record *r, json_t **ret_undo,
			struct ord_err *err)
{
	static const char *const keys[] = {"state",    "deadline_boot_ns",
					   "holder",   "guardian",
					   "protocol", "boot",
					   "lease",    "fault",
					   "netns",    "netns_ino",
					   "undo",     "kept"};
	const char *fault;
	int64_t protocol;

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err) < 0 ||
	    ord_json_int(json, "protocol", 1, 1, &protocol, err) < 0 ||
	    state_parse(json, &r->state, err) < 0 ||
	    ord_json_uint(json, "deadline_boot_ns", INT64_MAX, &r->deadline_boot_ns, err) < 0 ||
	    proc_parse(json, "holder", &r->holder, err) < 0 ||
	    proc_parse(json, "guardian", &r->guardian, err) < 0 ||
	    ord_json_copy(json, "boot", r->boot, sizeof r->boot, err) < 0 ||
	    ord_json_copy(json, "lease", r->lease, sizeof r->lease, err) < 0 ||
	    ord_json_copy(json, "netns", r->netns, sizeof r->netns, err) < 0 ||
	    ord_json_uint(json, "netns_ino", UINT32_MAX, &r->netns_ino, err) < 0 ||
	    ord_json_text(json, "fault", 64, &fault, err) < 0)
		return -1;
	if (!inj_lease_valid(r->lease))
		return ord_fail(err, ORD_USAGE, "lease: not a name");
	if (r->netns[0] && r->netns[0] != '/')
		return ord_fail(err, ORD_USAGE, "netns: not a path");
	r->fault = ord_fault_find(fault);
	if (!r->fault)
		return ord_fail(err, ORD_USAGE, "fault: there is no '%.64s'", fault);
	return ord_json_object(json, "undo", ret_undo, err);
}

/* Optional: *ret NULL, else borrowed. */
static int kept_parse(const json_t *json, json_t **ret, struct ord_err *err)
{
	json_t *kept = json_object_get(json, "kept"), *v;
	size_t i;

	if (kept && !json_is_array(kept))
		return ord_fail(err, ORD_USAGE, "kept: not a list");
	json_array_foreach (kept, i, v)
		if (!json_is_string(v))
			return ord_fail(err, ORD_USAGE, "kept: not a text");
	*ret = kept;
	return 0;
}

int inj_record_parse(const char *text, size_t size, struct inj_record *ret, struct ord_err *err)
{
	static const struct ord_json_limits limits = {
		.size = INJ_RECORD_MAX, .depth = 8, .integers = true};
	ord_auto(json) json_t *json = NULL;
	struct inj_record r = {0};
	json_t *undo, *kept;

	if (ord_json_parse(text, size, &limits, &json, err) < 0 ||
	    fields_parse(json, &r, &undo, err) < 0 || kept_parse(json, &kept, err) < 0)
		return -1;
	r.undo = json_incref(undo);
	r.kept = json_incref(kept);
	*ret = r;
	return 0;
}

bool inj_record_name_valid(const char *name)
{
	const char *dot = strchr(name, '.');
	char lease[INJ_LEASE_MAX];

	if (!dot || strcmp(dot, ".json") != 0 || dot - name >= INJ_LEASE_MAX)
		return false;
	memcpy(lease, name, (size_t)(dot - name));
	lease[dot - name] = '\0';
	return inj_lease_valid(lease);
}

int inj_record_read(int dir, const char *name, struct inj_record *ret, int *ret_fd,
		    struct ord_err *err)
{
	ord_autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ord_autofree char *text = NULL;
	struct inj_record r;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ord_fail_sys(err, "open '%s'", name);
	if (!S_ISREG(st.st_mode) || st.st_size > INJ_RECORD_MAX)
		return ord_fail(err, ORD_USAGE, "'%s' is no undo record", name);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return ord_fail_nomem(err);
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n < 0)
		return ord_fail_sys(err, "read '%s'", name);
	if (inj_record_parse(text, (size_t)n, &r, err) < 0)
		return ord_wrap(err, "'%s'", name);
	if (strncmp(r.lease, name, strlen(r.lease)) != 0 || name[strlen(r.lease)] != '.') {
		inj_record_done(&r);
		return ord_fail(err, ORD_USAGE, "'%s' names another lease", name);
	}
	*ret = r;
	*ret_fd = ord_steal_fd(&fd);
	return 0;
}

bool inj_record_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}
