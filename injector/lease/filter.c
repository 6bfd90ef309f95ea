/* Which system calls holder and guardian may make. */
#include "injector/lease/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "injector/lease/injector.h"

/* What the C library needs, the record, the clocks, pidfds. No execve, no socket, no ptrace, no
 * kill by number. */
static const int guardian_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(lseek),
	SCMP_SYS(unlinkat),
	SCMP_SYS(ppoll),
	SCMP_SYS(poll),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(futex),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getrandom),
	SCMP_SYS(sysinfo), /* glibc's qsort, of more than 1 KiB: the processes of a busy machine */
	/* Harmless, and what other versions of the C library take in their place. */
	SCMP_SYS(statx),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(geteuid),
	SCMP_SYS(getppid),
	-1,
};

/* The holder also reaps its children; abort() of a broken assertion must end as one, not as a
 * violation. */
static const int holder_calls[] = {
	SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(rt_sigaction), SCMP_SYS(tgkill), -1,
};

static bool listed(const int *list, int call)
{
	for (; list && *list != -1; list++)
		if (*list == call)
			return true;
	return false;
}

static int allow(scmp_filter_ctx ctx, const int *list)
{
	for (; list && *list != -1; list++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *list, 0);

		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

/* Opening for reading, memory that is not executable: unless the fault's own list has the call
 * without conditions. */
static int allow_bounded(scmp_filter_ctx ctx, const int *fault, const int *revert)
{
	const struct {
		int call;
		unsigned arg;
		scmp_datum_t mask;
	} bounded[] = {
		{SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT | O_TRUNC},
		{SCMP_SYS(mmap), 2, PROT_EXEC},
		{SCMP_SYS(mprotect), 2, PROT_EXEC},
	};

	for (size_t i = 0; i < ORD_COUNT(bounded); i++) {
		int r;

		if (listed(fault, bounded[i].call) || listed(revert, bounded[i].call))
			continue;
		r = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, bounded[i].call, 1,
			SCMP_CMP(bounded[i].arg, SCMP_CMP_MASKED_EQ, bounded[i].mask, 0));
		if (r < 0)
			return r;
	}
	return 0;
}

/* Threads, and no other children. What clone3 is to make cannot be seen by a filter: the C library
 * then takes clone. */
static int allow_threads(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	return r < 0 ? r
		     : seccomp_rule_add(
			       ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			       SCMP_CMP(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

#ifdef ORDEAL_SANITIZED
#define ON_VIOLATION SCMP_ACT_LOG
#else
#define ON_VIOLATION SCMP_ACT_KILL_PROCESS
#endif

static int closed(scmp_filter_ctx ctx, enum inj_role role, const int *fault, const int *revert)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, ON_VIOLATION);

	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1); /* all threads, or it fails */
	if (r == 0)
		r = allow(ctx, guardian_calls);
	if (r == 0)
		r = allow(ctx, inj_program()->syscalls);
	if (r == 0 && role == INJ_HOLDER)
		r = allow(ctx, holder_calls);
	if (r == 0 && role == INJ_HOLDER)
		r = allow(ctx, fault);
	if (r == 0)
		r = allow(ctx, revert);
	if (r == 0)
		r = allow_bounded(ctx, role == INJ_HOLDER ? fault : NULL, revert);
	if (r == 0 && inj_program()->threads)
		r = allow_threads(ctx);
	return r;
}

/* What a program that we start must not be able to do either. */
static const int never_calls[] = {
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(kexec_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(sethostname),
	-1,
};

static int open_but_for_these(scmp_filter_ctx ctx)
{
	int r = 0;

	for (const int *call = never_calls; r == 0 && *call != -1; call++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), *call, 0);
	return r;
}

static int refused(int r, struct ord_err *err)
{
	errno = -r;
	return ord_fail_sys(err, "seccomp filter");
}

void inj_filter_ready(void)
{
	(void)seccomp_api_get();
}

int inj_filter_make(enum inj_role role, const int *fault, const int *revert, struct inj_filter *ret,
		    struct ord_err *err)
{
	const struct inj_program *program = inj_program();
	const bool starts = program->starts_programs && program->starts_programs();
	scmp_filter_ctx ctx = seccomp_init(starts ? SCMP_ACT_ALLOW : ON_VIOLATION);
	int r;

	if (!ctx)
		return ord_fail_nomem(err);
	r = starts ? open_but_for_these(ctx) : closed(ctx, role, fault, revert);
	if (r < 0) {
		seccomp_release(ctx);
		return refused(r, err);
	}
	ret->ctx = ctx;
	return 0;
}

int inj_filter_load(struct inj_filter *f, struct ord_err *err)
{
	int r = seccomp_load(f->ctx);

	inj_filter_done(f);
	return r < 0 ? refused(r, err) : 0;
}

void inj_filter_done(struct inj_filter *f)
{
	if (f->ctx)
		seccomp_release(f->ctx);
	f->ctx = NULL;
}

int inj_seccomp(enum inj_role role, const int *fault, const int *revert, struct ord_err *err)
{
	struct inj_filter f;

	return inj_filter_make(role, fault, revert, &f, err) < 0 ? -1 : inj_filter_load(&f, err);
}
