/*
 * The harness of the root tests: a world of its own for each test program (mount, pid and network
 * namespaces), the machine's state as text, and a driver that speaks the injector's protocol.
 * Whatever fails ends the program with a message and status 1, and everything that was started ends
 * with it, since it lives in its pid namespace.
 */
#ifndef ORDEAL_TESTS_HARNESS_H
#define ORDEAL_TESTS_HARNESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define die(...)       die_at(__FILE__, __LINE__, __VA_ARGS__)
#define must(what)     ((what) ? (void)0 : die("%s", #what))
#define must_sys(what) ((what) >= 0 ? (void)0 : die_sys_at(__FILE__, __LINE__, #what))
_Noreturn void die_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void die_sys_at(const char *file, int line, const char *what); /* with errno's text */
/* Exit status 77 with the reason, or 1 where ORDEAL_MUST_RUN is set. */
_Noreturn void skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- the world ---- */

/*
 * Goes into a world: an empty network namespace with lo up, a pid namespace whose first process
 * only reaps, a tmpfs on /run. Returns in it, as root; the caller's main simply goes on. The
 * original process waits for it and takes over its exit status; if that is killed, the world dies.
 */
void world_enter(void);

/* Where a test mounts the file system that it fills: on the world's own /run. */
#define WORLD_DISK "/run/disk"

/* A process that sleeps, in a network namespace of its own that a veth pair (eth0 there, vT here)
 * connects to ours. */
struct target {
	pid_t pid;
	int netns; /* descriptor; -1 for one in our own namespace */
};
/* 10.77.0.1/24 and fd77::1/64 on our side, .2 and ::2 on the target's. At most one at a time. */
void target_net(struct target *ret);
void target_plain(struct target *ret);
/* Kills and reaps it; with it goes its namespace. */
void target_end(struct target *t);
bool target_stopped(const struct target *t);
/* How many copies of a UDP packet from the target's namespace reach us, n at most, each within the
 * time after the one before. Negative fds: made at first use. */
unsigned target_copies_us(const struct target *t, int family, unsigned n, unsigned within_ms);
/* Does one reach us within the time? */
bool target_reaches_us(const struct target *t, int family, unsigned within_ms);
/* Does an answer of a name server to a question for that name (two labels), sent by us from port
 * 53, arrive in the target? */
bool target_hears_dns(const struct target *t, int family, const char *name, unsigned within_ms);

/* ---- state ---- */

/*
 * What the issue lists, of our namespace and the target's: ruleset, qdiscs, filters, links,
 * addresses, routes, rules, sysctls of the namespace, control groups (of the test's own group, and
 * every process's membership), processes (and whether they are stopped), undo records. Owned text.
 */
char *state_read(const struct target *t);
/* Ends the program with the first lines that differ, once they still do after the time. */
void state_same(const char *before, const struct target *t, unsigned within_ms, const char *what);

/* ---- the driver ---- */

struct driver {
	pid_t pid;
	int in, out;
	size_t used;
	char buf[65536];
};
void driver_spawn(struct driver *d);
/* As that user, with nothing in its environment; a copy under /run, since the build may lie where
 * only root may go. */
void driver_spawn_as(struct driver *d, uid_t uid);
/* One request line (without its newline). */
void driver_send(struct driver *d, const char *line);
/* The next event; NULL at end of file. Dies on a time-out. Owned. */
json_t *driver_next(struct driver *d, unsigned within_ms);
/* Reads on until this event, which it returns (owned); dies where another end comes. */
json_t *driver_until(struct driver *d, const char *event, unsigned within_ms);
/* Closes both pipes, as a requester's death does. */
void driver_close(struct driver *d);
/* Exit status, or 256 + signal. */
int driver_reap(struct driver *d, unsigned within_ms);
/* A request without a lease, e.g. "rescue": its one event. Owned. */
json_t *driver_op(const char *op);
json_t *driver_op_as(const char *op, uid_t uid);

/* The text of an `add` request, owned. place: a JSON object. */
char *request_add(const char *lease, const char *fault, const char *args, const char *place,
		  uint64_t hold_ns);
/* {"procs":[...]}, with its namespace where it has one; owned. */
char *place_of(const struct target *t);
/* "holder" or "guardian" of a lease, from its record; 0 where there is none. */
pid_t lease_pid(const char *lease, const char *who);
uint64_t now_ms(void);
uint64_t now_us(void);
void nap_ms(unsigned ms);

#endif
