#include "injector/host/procs.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/proc.h"
#include "injector/lease/pidfd.h"

void inj_procs_free(struct inj_procs *procs)
{
	for (size_t i = 0; procs && i < procs->n; i++)
		ord_close(&procs->pidfd[i]);
	free(procs);
}
ORD_AUTO(procs, struct inj_procs, inj_procs_free);

static int one_open(const struct ord_proc *proc, int *ret, struct ord_err *err)
{
	int fd;

	if (ord_proc_guard(proc->pid, err) < 0)
		return -1;
	fd = ord_proc_pidfd(proc, err);
	if (fd < 0)
		return -1;
	if (inj_pidfd_signal(fd, 0) < 0) {
		int why = errno;

		ord_close(&fd);
		if (why == EPERM)
			return ord_fail(
				err, ORD_SKIP,
				"process %d (%s) belongs to another user: run the injector as root "
				"(capability kill)",
				proc->pid, proc->comm);
		errno = why;
		return ord_fail_sys(err, "signal process %d", proc->pid);
	}
	*ret = fd;
	return 0;
}

int inj_procs_open(const struct ord_place *place, struct inj_procs **ret, struct ord_err *err)
{
	ord_auto(procs) struct inj_procs *procs = calloc(1, sizeof *procs);

	if (!procs)
		return ord_fail_nomem(err);
	if (place->n_procs == 0)
		return ord_fail(err, ORD_USAGE, "target: no process is named");
	for (size_t i = 0; i < place->n_procs; i++) {
		if (one_open(&place->procs[i], &procs->pidfd[i], err) < 0)
			return -1;
		procs->v[i] = place->procs[i];
		procs->n++;
	}
	*ret = ord_steal_ptr(procs);
	return 0;
}

json_t *inj_procs_to_json(const struct inj_procs *procs)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < procs->n; i++) {
		json_t *pair = json_pack("[I,I]", (json_int_t)procs->v[i].pid,
					 (json_int_t)procs->v[i].start);

		if (json_array_append_new(list, pair) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

int inj_procs_from_json(const json_t *undo, const char *key, struct ord_proc *ret, size_t *ret_n,
			struct ord_err *err)
{
	json_t *list, *pair;
	size_t i;

	if (ord_json_array(undo, key, ORD_PROCS_MAX, &list, err) < 0)
		return -1;
	json_array_foreach (list, i, pair) {
		json_int_t pid = json_integer_value(json_array_get(pair, 0));
		json_int_t start = json_integer_value(json_array_get(pair, 1));

		if (json_array_size(pair) != 2 || pid < 2 || pid > 1 << 22 || start < 1)
			return ord_fail(err, ORD_USAGE, "%s[%zu]: not [pid, start time]", key, i);
		ret[i] = (struct ord_proc){.pid = (pid_t)pid, .start = (uint64_t)start};
	}
	*ret_n = json_array_size(list);
	return 0;
}
