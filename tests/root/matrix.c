/*
 * matrix FAULT: every way in which a lease can end or be broken, for one fault. After each the
 * residue is 0 and the state of the machine is byte-identical to before.
 */
#include "matrix.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct row *row;
struct target target;
char *before;
struct driver d;

void begin(uint64_t hold_ns)
{
	char *place = row_place(row, &target);
	char *line = request_add(LEASE, row->fault, row->args, place, hold_ns);

	driver_spawn(&d);
	driver_send(&d, line);
	json_decref(driver_until(&d, "injected", 10000));
	if (row->felt && !row->felt(&target, 20))
		die("%s says injected, but is not felt", row->fault);
	free(line);
	free(place);
}

void reverted(const char *cause, int status)
{
	json_t *event = driver_until(&d, "reverted", 10000);
	const char *told = json_string_value(json_object_get(event, "cause"));
	json_int_t residue = json_integer_value(json_object_get(event, "residue"));

	if (!told || strcmp(told, cause) != 0)
		die("%s: cause '%s', not '%s'", row->fault, told, cause);
	if (residue != (row->none ? -1 : 0))
		die("%s: residue %lld after %s", row->fault, (long long)residue, cause);
	json_decref(event);
	if (row->felt && row->felt(&target, 20))
		die("%s is felt after its revert", row->fault);
	if (driver_reap(&d, 3000) != status)
		die("%s: the injector's exit status is not %d after %s", row->fault, status, cause);
	state_same(before, &target, SETTLED_MS, cause);
}

void gone(unsigned within_ms, const char *what)
{
	uint64_t from = now_us();

	while (row->felt && row->felt(&target, 2)) {
		if (now_us() - from > within_ms * 1000ull)
			die("%s: %s: still felt after %u ms", row->fault, what, within_ms);
	}
	if (row->felt)
		(void)printf("%-14s %-34s effect gone after %.1f ms\n", row->fault, what,
			     (double)(now_us() - from) / 1000);
	state_same(before, &target, SETTLED_MS, what);
	if (d.pid > 0) {
		driver_close(&d);
		(void)driver_reap(&d, 3000);
	}
}

static void deadline(void)
{
	begin(200000000);
	reverted("deadline", 0);
}

static void removed(void)
{
	begin(LONG_HOLD);
	driver_send(&d, "{\"protocol\":1,\"op\":\"remove\",\"lease\":\"" LEASE "\"}");
	reverted("removed", 0);
}

/* Only the request's pipe: the events can still be read. */
static void input_closed(void)
{
	begin(LONG_HOLD);
	(void)close(d.in);
	d.in = -1;
	reverted("input-closed", 0);
}

static void signalled(void)
{
	begin(LONG_HOLD);
	must_sys(kill(d.pid, SIGTERM));
	reverted("signal", 0);
}

/* Both pipes go at once, as when `ordeal` is killed. */
static void requester_killed(void)
{
	begin(LONG_HOLD);
	driver_close(&d);
	gone(KERNEL_GONE_MS * 5, "requester killed");
}

static void holder_killed(void)
{
	begin(LONG_HOLD);
	must_sys(kill(d.pid, SIGKILL));
	gone(row->by_guardian ? GUARDIAN_GONE_MS : KERNEL_GONE_MS, "holder killed");
}

static void guardian_killed(void)
{
	pid_t guardian;

	begin(LONG_HOLD);
	guardian = lease_pid(LEASE, "guardian");
	must(guardian > 1);
	must_sys(kill(guardian, SIGKILL));
	reverted("failed", 1);
}

json_t *rescued_one(void)
{
	json_t *event = driver_op("rescue"), *records = json_object_get(event, "records");
	json_t *one = json_incref(json_array_get(records, 0));

	json_decref(event);
	return one;
}

void rescued_as(json_t *one, const char *action)
{
	const char *told = json_string_value(json_object_get(one, "action"));
	json_int_t residue = json_integer_value(json_object_get(one, "residue"));

	if (!told || strcmp(told, action) != 0 || residue > 0)
		die("%s: rescue said '%s', residue %lld: %s", row->fault, told ? told : "nothing",
		    (long long)residue, json_string_value(json_object_get(one, "message")));
	json_decref(one);
}

static void both_killed(void)
{
	pid_t guardian;

	begin(LONG_HOLD);
	guardian = lease_pid(LEASE, "guardian");
	/* Stopped first, so that neither acts on the other's death. */
	must_sys(kill(guardian, SIGSTOP));
	must_sys(kill(d.pid, SIGSTOP));
	must_sys(kill(guardian, SIGKILL));
	must_sys(kill(d.pid, SIGKILL));
	(void)driver_reap(&d, 1000);
	d.pid = 0;
	if (row->by_guardian) {
		nap_ms(50);
		if (row->felt && !row->felt(&target, 20))
			die("%s went away without anybody who could: the test proves nothing",
			    row->fault);
	} else {
		uint64_t from = now_us();

		while (row->felt && row->felt(&target, 2))
			if (now_us() - from > KERNEL_GONE_MS * 1000)
				die("%s: holder and guardian killed: still felt", row->fault);
	}
	/* A child that still dies holds the lock of the record: rescue waits for it. */
	rescued_as(rescued_one(), "reverted");
	gone(0, "both killed, then rescue");
}

static void holder_stopped(void)
{
	begin(LONG_HOLD);
	must_sys(kill(d.pid, SIGSTOP));
	gone(1600, "holder stopped");
}

static void guardian_stopped(void)
{
	begin(LONG_HOLD);
	must_sys(kill(lease_pid(LEASE, "guardian"), SIGSTOP));
	reverted("failed", 1);
}

/* A machine that froze and thawed: nobody had a chance to beat, so nobody is blamed, and the lease
 * goes on. */
static void both_stopped(void)
{
	pid_t guardian;

	begin(LONG_HOLD);
	guardian = lease_pid(LEASE, "guardian");
	must_sys(kill(d.pid, SIGSTOP));
	must_sys(kill(guardian, SIGSTOP));
	nap_ms(1700);
	must_sys(kill(guardian, SIGCONT));
	must_sys(kill(d.pid, SIGCONT));
	nap_ms(300);
	must(kill(guardian, 0) == 0);
	if (row->felt && !row->felt(&target, 20))
		die("%s: gone after both were stopped and went on", row->fault);
	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	reverted("removed", 0);
}

/* The record of a lease that has ended is put back: rescue replays it, and nothing changes. */
static void twice(void)
{
	char text[65536];
	ssize_t n;
	int fd;

	begin(LONG_HOLD);
	fd = open("/run/ordeal/undo/" LEASE ".json", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text);
	must(n > 0);
	(void)close(fd);
	driver_send(&d, "{\"protocol\":1,\"op\":\"end\"}");
	reverted("removed", 0);
	fd = open("/run/ordeal/undo/" LEASE ".json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, text, (size_t)n) == n);
	(void)close(fd);
	rescued_as(rescued_one(), "reverted");
	d.pid = 0;
	gone(0, "reverted twice");
}

static void halted(void)
{
	char *place, *line;
	json_t *event;
	uint64_t from;

	begin(LONG_HOLD);
	from = now_ms();
	event = driver_op("halt");
	if (json_integer_value(json_object_get(event, "ended")) != 1 || now_ms() - from > 1000)
		die("%s: halt took %llu ms: %s", row->fault, (unsigned long long)(now_ms() - from),
		    json_dumps(event, JSON_COMPACT));
	json_decref(event);
	place = row_place(row, &target);
	line = request_add("m-2", row->fault, row->args, place, LONG_HOLD);
	{
		static struct driver second;

		driver_spawn(&second);
		driver_send(&second, line);
		event = driver_next(&second, 3000);
		must(event &&
		     strcmp(json_string_value(json_object_get(event, "code")), "guard") == 0);
		json_decref(event);
		must(driver_reap(&second, 1000) == 1);
	}
	json_decref(driver_op("resume"));
	reverted("halted", 0);
	free(line);
	free(place);
}

/* A holder that does not answer is killed, and halt keeps its second. */
static void halted_hard(void)
{
	json_t *event;
	uint64_t from;

	begin(LONG_HOLD);
	must_sys(kill(d.pid, SIGSTOP));
	from = now_ms();
	event = driver_op("halt");
	if (!json_object_get(event, "ended") || now_ms() - from > 1200)
		die("%s: halt of a stopped holder took %llu ms: %s", row->fault,
		    (unsigned long long)(now_ms() - from), json_dumps(event, JSON_COMPACT));
	json_decref(event);
	json_decref(driver_op("resume"));
	gone(KERNEL_GONE_MS, "halted while stopped");
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{"deadline", deadline},
	{"removed", removed},
	{"input-closed", input_closed},
	{"signalled", signalled},
	{"requester-killed", requester_killed},
	{"holder-killed", holder_killed},
	{"guardian-killed", guardian_killed},
	{"both-killed", both_killed},
	{"holder-stopped", holder_stopped},
	{"guardian-stopped", guardian_stopped},
	{"both-stopped", both_stopped},
	{"twice", twice},
	{"disk-full", disk_full},
	{"halted", halted},
	{"halted-hard", halted_hard},
	{"target-killed", target_killed},
	{"namespace-deleted", namespace_deleted},
	{"namespace-by-another", namespace_by_another},
};

int main(int argc, char **argv)
{
	if (argc < 2)
		die("usage: matrix FAULT [SCENARIO]");
	world_enter();
	json_decref(driver_op("resume"));
	row = row_find(argv[1]);
	row_target(row, &target);
	{
		/* One lease first, so that the directories are there before the state is read. */
		char *line = request_add("m-0", "noop", "{}", "{\"host\":true}", 1000000);

		driver_spawn(&d);
		driver_send(&d, line);
		json_decref(driver_until(&d, "reverted", 5000));
		must(driver_reap(&d, 1000) == 0);
		free(line);
	}
	before = state_read(&target);
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		uint64_t from = now_ms();

		if (argc > 2 && strcmp(argv[2], scenarios[i].name) != 0)
			continue;
		scenarios[i].run();
		(void)printf("%-14s %-34s ok, %llu ms\n", row->fault, scenarios[i].name,
			     (unsigned long long)(now_ms() - from));
		(void)fflush(stdout);
	}
	target_end(&target);
	free(before);
	return 0;
}
