/* The client of one injector: a process, or a connection, that speaks docs/formats/protocol.md. */
#ifndef ORDEAL_HOLDER_H
#define ORDEAL_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

#define ORD_PATH_MAX 4096

struct json_t;

/*
 * A holder: one spawned ordeal-injector or ordeal-injector-kube and its pipe. The program is
 * $ORDEAL_INJECTOR or $ORDEAL_INJECTOR_KUBE, else the one beside the running executable, else the
 * installed one. As who is not root, where the fault needs root: through the socket of the service
 * that root has set up (ordeal-injector.socket), if this user may connect to it; else with `sudo
 * -n` before the program.
 */
struct ord_holder;

/* as_root: the fault needs privileges that this user may lack. ORD_SKIP with the sudo rule to add
 * where it is refused. */
int ord_holder_spawn(enum ord_program which, bool as_root, struct ord_holder **ret,
		     struct ord_err *err);
/* Which program does it there: the placebo goes where the fault would. */
enum ord_program ord_holder_program(const struct ord_fault *fault, const struct ord_place *place);
/* Whether this user needs root for the fault in that place: false for root, and for what one may do
 * to one's own, where one may run the injector. */
bool ord_holder_needs_root(const struct ord_fault *fault, const struct ord_place *place);
/* Whether this user may run the injector at all; who may not is root through sudo, or nobody. */
bool ord_holder_may_run(void);
/* Whether that service is this user's way to what needs root. */
bool ord_holder_by_socket(void);
/* Sends one request line (borrowed). */
int ord_holder_send(struct ord_holder *h, struct json_t *request, struct ord_err *err);
/* The descriptor to poll for reading. */
int ord_holder_fd(const struct ord_holder *h);
/*
 * The next whole event that has arrived (owned by the caller), or NULL in *ret when none is there
 * yet. -1 at end of file or on garbage; the holder is then lost.
 */
int ord_holder_next(struct ord_holder *h, struct json_t **ret, struct ord_err *err);
/* Waits for one event within the time; ORD_SYS on time-out. */
int ord_holder_wait(struct ord_holder *h, uint64_t timeout_ns, struct json_t **ret,
		    struct ord_err *err);
/* Closes the pipe (which reverts), reaps within 2 s, frees. NULL is fine. */
void ord_holder_free(struct ord_holder *h);
/* The `add` request for one fault in one place; owned, NULL: out of memory. */
struct json_t *ord_holder_request(const char *lease, const struct ord_args *args,
				  const struct ord_place *place, const char *engine,
				  uint64_t hold_ns, uint64_t seed, bool cut_me_off);
/* The `change` request: the fault's `to` and `exclude` become those; owned, NULL: out of memory. */
struct json_t *ord_holder_change(const char *lease, const struct ord_args *args);

#endif
