#include "injector/lease/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "injector/lease/injector.h"

/* Is the id known in this user namespace? The lines of the map: inside, outside, count
 * (user_namespaces(7)). */
static bool mapped(const char *path, unsigned id)
{
	ord_autofclose FILE *f = fopen(path, "re");
	unsigned inside, outside, count;

	while (f && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3)
		if (id >= inside && id - inside < count)
			return true;
	return false;
}

static bool both_mapped(unsigned id)
{
	return mapped("/proc/self/uid_map", id) && mapped("/proc/self/gid_map", id);
}

static int ids_find(struct inj_ids *ret, struct ord_err *err)
{
	struct inj_ids ids = {.uid = geteuid(), .gid = getegid()};
	const bool own = both_mapped(INJ_LEASE_UID);
	unsigned other = own ? INJ_LEASE_UID : 65534;

	if (ids.uid == 0 && (own || both_mapped(other)))
		ids.system = true;
	if (ids.system && !inj_program()->keep_uid)
		ids = (struct inj_ids){true, true, other, other};
	else if (ids.uid == 0 && !ids.system && !inj_program()->keep_uid &&
		 (mapped("/proc/self/uid_map", 1) || access("/proc/self/uid_map", R_OK) < 0))
		return ord_fail(
			err, ORD_SKIP,
			"no user id to leave uid 0 for: map %u or 65534 into this user namespace",
			INJ_LEASE_UID);
	/* Else a user: also where uid 0 is the only one here, root in name alone. And who owns the
	 * credentials must be able to read them again. */
	*ret = ids;
	return 0;
}

/* Asked often, found once: after the drop the answer would be another. */
int inj_ids(struct inj_ids *ret, struct ord_err *err)
{
	static struct inj_ids ids;
	static bool found;

	if (!found && ids_find(&ids, err) < 0)
		return -1;
	found = true;
	*ret = ids;
	return 0;
}

static const struct {
	const char *name;
	int bit;
} cap_names[] = {
	{"chown", CAP_CHOWN},
	{"dac_override", CAP_DAC_OVERRIDE},
	{"dac_read_search", CAP_DAC_READ_SEARCH},
	{"fowner", CAP_FOWNER},
	{"ipc_lock", CAP_IPC_LOCK},
	{"kill", CAP_KILL},
	{"net_admin", CAP_NET_ADMIN},
	{"net_bind_service", CAP_NET_BIND_SERVICE},
	{"net_raw", CAP_NET_RAW},
	{"sys_admin", CAP_SYS_ADMIN},
	{"sys_nice", CAP_SYS_NICE},
	{"sys_ptrace", CAP_SYS_PTRACE},
	{"sys_resource", CAP_SYS_RESOURCE},
	{"sys_time", CAP_SYS_TIME},
};

const char *inj_fault_caps(const struct ord_fault *fault)
{
	return fault->program == ORD_PROGRAM_KUBE ? "" : fault->caps;
}

int inj_caps_parse(const char *caps, uint64_t *ret, struct ord_err *err)
{
	uint64_t bits = 0;

	while (*caps) {
		size_t len = strcspn(caps, " "), i;

		for (i = 0; i < ORD_COUNT(cap_names); i++)
			if (strlen(cap_names[i].name) == len &&
			    memcmp(cap_names[i].name, caps, len) == 0)
				break;
		if (i == ORD_COUNT(cap_names))
			return ord_fail(err, ORD_USAGE, "capability '%.*s' is not known", (int)len,
					caps);
		bits |= 1ull << cap_names[i].bit;
		caps += len;
		caps += *caps == ' ';
	}
	*ret = bits;
	return 0;
}

static int caps_get(uint64_t *ret_permitted, uint64_t *ret_effective, struct ord_err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return ord_fail_sys(err, "capget");
	*ret_permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	*ret_effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	return 0;
}

/* Permitted and effective alike; nothing inheritable. */
static int caps_set(uint64_t bits, struct ord_err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.permitted = (uint32_t)bits, .effective = (uint32_t)bits},
		{.permitted = (uint32_t)(bits >> 32), .effective = (uint32_t)(bits >> 32)},
	};

	if (syscall(SYS_capset, &head, data) < 0)
		return ord_fail_sys(err, "capset %llx", (unsigned long long)bits);
	return 0;
}

/* Needs CAP_SETPCAP. Without it there is nothing to empty: no_new_privs makes the bounding set
 * meaningless. */
static int bounding_empty(struct ord_err *err)
{
	const unsigned long locks = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				    SECBIT_NO_CAP_AMBIENT_RAISE |
				    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	for (int cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && cap > CAP_LAST_CAP / 2)
			break; /* beyond the last one that the kernel knows */
		return ord_fail_sys(err, "PR_CAPBSET_DROP %d", cap);
	}
	/* With NO_SETUID_FIXUP a change of uid leaves the capabilities to capset() alone. */
	if (prctl(PR_SET_SECUREBITS, locks, 0, 0, 0) < 0)
		return ord_fail_sys(err, "PR_SET_SECUREBITS");
	return 0;
}

/* user_namespaces(7): where setgroups is denied, the groups are the creator's and cannot be
 * changed. */
static bool groups_denied(void)
{
	char text[8];

	return ord_file_peek(AT_FDCWD, "/proc/self/setgroups", text, sizeof text) >= 4 &&
	       memcmp(text, "deny", 4) == 0;
}

static int uid_leave(const struct inj_ids *ids, struct ord_err *err)
{
	if (setgroups(0, NULL) < 0 && !groups_denied())
		return ord_fail_sys(err, "setgroups");
	if (setresgid(ids->gid, ids->gid, ids->gid) < 0)
		return ord_fail_sys(err, "setresgid %u", ids->gid);
	if (setresuid(ids->uid, ids->uid, ids->uid) < 0)
		return ord_fail_sys(err, "setresuid %u", ids->uid);
	return 0;
}

static int drop_prove(const struct inj_ids *ids, uint64_t keep, struct ord_err *err)
{
	uint64_t permitted, effective;
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) < 0)
		return ord_fail_sys(err, "getresuid");
	if (ids->root && (r != ids->uid || e != ids->uid || s != ids->uid))
		return ord_fail(err, ORD_SYS, "uid 0 was not left: %u %u %u", r, e, s);
	if (caps_get(&permitted, &effective, err) < 0)
		return -1;
	if (permitted != keep || effective != keep)
		return ord_fail(err, ORD_SYS, "capabilities were not dropped: %llx",
				(unsigned long long)permitted);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return ord_fail(err, ORD_SYS, "no_new_privs is not set");
	return 0;
}

int inj_drop_to(const struct inj_ids *ids, const char *caps, struct ord_err *err)
{
	uint64_t keep, permitted, effective;

	if (inj_caps_parse(caps, &keep, err) < 0 || caps_get(&permitted, &effective, err) < 0)
		return -1;
	keep &= permitted;
	(void)umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ord_fail_sys(err, "PR_SET_NO_NEW_PRIVS");
	if ((effective & 1ull << CAP_SETPCAP) && bounding_empty(err) < 0)
		return -1;
	if (ids->root) {
		/* Without CAP_SETPCAP the securebits stay, and leaving uid 0 would clear what is to
		 * be kept. */
		if (!(effective & 1ull << CAP_SETPCAP) && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
			return ord_fail_sys(err, "PR_SET_KEEPCAPS");
		if (uid_leave(ids, err) < 0)
			return -1;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return ord_fail_sys(err, "PR_CAP_AMBIENT");
	if (caps_set(keep, err) < 0)
		return -1;
#ifndef ORDEAL_SANITIZED
	/* No core of a process that read privileged files; and no ptrace by another lease of the
	 * same uid. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return ord_fail_sys(err, "PR_SET_DUMPABLE");
#endif
	return drop_prove(ids, keep, err);
}

int inj_drop(const char *caps, struct ord_err *err)
{
	struct inj_ids ids;

	return inj_ids(&ids, err) < 0 ? -1 : inj_drop_to(&ids, caps, err);
}
