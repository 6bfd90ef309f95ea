/* A place in the form of the protocol (docs/formats/protocol.md). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/target.h"

#define PID_MAX 4194304 /* the kernel's PID_MAX_LIMIT */

void ord_place_done(struct ord_place *place)
{
	if (place->cluster)
		ord_cluster_place_done(place->cluster);
	free(place->cluster);
	*place = (struct ord_place){0};
}

void ord_target_done(struct ord_target *target)
{
	if (target->kube)
		ord_kube_target_done(target->kube);
	free(target->kube);
	for (size_t i = 0; target->via && target->via->words[i]; i++)
		free(target->via->words[i]);
	free(target->via);
	*target = (struct ord_target){0};
}

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *procs_to_json(const struct ord_place *place)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < place->n_procs; i++) {
		const struct ord_proc *p = &place->procs[i];

		if (json_array_append_new(list, json_pack("[IIs]", (json_int_t)p->pid,
							  (json_int_t)p->start, p->comm))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *ord_place_to_json(const struct ord_place *place)
{
	ord_auto(json) json_t *json = json_object();

	if (!json || (place->host && set(json, "host", json_true())) ||
	    (place->n_procs && set(json, "procs", procs_to_json(place))) ||
	    (place->netns[0] && set(json, "netns", json_string(place->netns))) ||
	    (place->netns_ino &&
	     set(json, "netns_ino", json_integer((json_int_t)place->netns_ino))) ||
	    (place->cgroup[0] && set(json, "cgroup", json_string(place->cgroup))) ||
	    (place->cgroup_ino &&
	     set(json, "cgroup_ino", json_integer((json_int_t)place->cgroup_ino))) ||
	    (place->cluster && set(json, "cluster", ord_cluster_place_to_json(place->cluster))))
		return NULL;
	return ord_steal_ptr(json);
}

static int proc_from_json(struct ord_proc *p, const json_t *json, struct ord_err *err)
{
	const json_t *pid = json_array_get(json, 0), *start = json_array_get(json, 1),
		     *comm = json_array_get(json, 2);

	if (json_array_size(json) != 3 || !json_is_integer(pid) || !json_is_integer(start) ||
	    !json_is_string(comm))
		return ord_fail(err, ORD_USAGE, "a process is written [pid, start time, name]");
	if (json_integer_value(pid) < 1 || json_integer_value(pid) > PID_MAX)
		return ord_fail(err, ORD_USAGE, "a pid is within 1 to %d", PID_MAX);
	if (json_integer_value(start) < 0)
		return ord_fail(err, ORD_USAGE, "a start time is not negative");
	if (json_string_length(comm) >= sizeof p->comm)
		return ord_fail(err, ORD_USAGE, "a process's name has at most %zu bytes",
				sizeof p->comm - 1);
	for (const char *c = json_string_value(comm); *c; c++)
		if (!isprint((unsigned char)*c))
			return ord_fail(err, ORD_USAGE, "a process's name is printable ASCII");
	*p = (struct ord_proc){.pid = (pid_t)json_integer_value(pid),
			       .start = (uint64_t)json_integer_value(start)};
	memcpy(p->comm, json_string_value(comm), json_string_length(comm) + 1);
	return 0;
}

static int procs_from_json(struct ord_place *place, const json_t *json, struct ord_err *err)
{
	json_t *list;

	if (ord_json_array(json, "procs", ORD_PROCS_MAX, &list, err))
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (proc_from_json(&place->procs[i], json_array_get(list, i), err))
			return ord_wrap(err, "procs");
		for (size_t j = 0; j < i; j++)
			if (place->procs[j].pid == place->procs[i].pid)
				return ord_fail(err, ORD_USAGE, "procs: %ld stands there twice",
						(long)place->procs[i].pid);
		place->n_procs++;
	}
	return 0;
}

/* Absolute, printable, and without a way up. */
static int check_path(const char *key, const char *path, struct ord_err *err)
{
	if (*path != '/' || strstr(path, "/../") ||
	    (strlen(path) >= 3 && !strcmp(path + strlen(path) - 3, "/..")))
		return ord_fail(err, ORD_USAGE, "'%s' must be an absolute path without '..'", key);
	for (const char *c = path; *c; c++)
		if (!isprint((unsigned char)*c))
			return ord_fail(err, ORD_USAGE, "'%s' must be printable ASCII", key);
	return 0;
}

static int cluster_from_json(struct ord_place *place, const json_t *json, struct ord_err *err)
{
	json_t *cluster;

	if (json_object_size(json) > 1)
		return ord_fail(err, ORD_USAGE, "'cluster' stands alone");
	if (ord_json_object(json, "cluster", &cluster, err))
		return -1;
	place->cluster = calloc(1, sizeof *place->cluster);
	if (!place->cluster)
		return ord_fail_nomem(err);
	return ord_cluster_place_from_json(place->cluster, cluster, err) ? ord_wrap(err, "cluster")
									 : 0;
}

static int place_fields(struct ord_place *place, const json_t *json, struct ord_err *err)
{
	static const char *const keys[] = {"host",   "procs",	   "netns",  "netns_ino",
					   "cgroup", "cgroup_ino", "cluster"};

	if (ord_json_keys(json, keys, ORD_COUNT(keys), err))
		return -1;
	if (ord_json_has(json, "cluster"))
		return cluster_from_json(place, json, err);
	if (ord_json_opt_bool(json, "host", &place->host, err) ||
	    (ord_json_has(json, "procs") && procs_from_json(place, json, err)) ||
	    ord_json_opt_copy(json, "netns", place->netns, sizeof place->netns, err) ||
	    ord_json_opt_uint(json, "netns_ino", UINT64_MAX, &place->netns_ino, err) ||
	    ord_json_opt_copy(json, "cgroup", place->cgroup, sizeof place->cgroup, err) ||
	    ord_json_opt_uint(json, "cgroup_ino", UINT64_MAX, &place->cgroup_ino, err))
		return -1;
	if ((ord_json_has(json, "netns") && check_path("netns", place->netns, err)) ||
	    (ord_json_has(json, "cgroup") && check_path("cgroup", place->cgroup, err)))
		return -1;
	if (place->host && json_object_size(json) > 1)
		return ord_fail(err, ORD_USAGE, "'host' stands alone");
	if (!place->host && !place->n_procs && !place->netns[0] && !place->cgroup[0])
		return ord_fail(err, ORD_USAGE, "the target is empty");
	return 0;
}

int ord_place_from_json(struct ord_place *ret, json_t *json, struct ord_err *err)
{
	ord_autofree struct ord_place *place = calloc(1, sizeof *place);

	if (!place)
		return ord_fail_nomem(err);
	if (place_fields(place, json, err)) {
		ord_place_done(place);
		return -1;
	}
	*ret = *place;
	return 0;
}
