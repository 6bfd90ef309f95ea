/*
 * The file that says who may ask this machine's injector for what: /etc/ordeal/policy.yaml
 * (docs/formats/policy-injector.md). Rules in their order; the first that permits all of a request
 * is the one that does.
 */
#ifndef ORDEAL_DOOR_POLICY_H
#define ORDEAL_DOOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "injector/door/lines.h"
#include "injector/lease/request.h"
#include "ordeal/err.h"
#include "ordeal/fault.h"

#define DOOR_RULES_MAX	32
#define DOOR_ITEMS_MAX	32
#define DOOR_PEAKS_MAX	16
#define DOOR_LEASES_MAX 16 /* of one user at the same time, whatever the rules say */

struct door_list {
	size_t n;
	const char *v[DOOR_ITEMS_MAX]; /* borrowed of the file's text */
};

/* A name of `who`, and a user of `targets`: what the system's files say that it is. */
struct door_who {
	bool group;
	unsigned id;
};

/* On these days, from..to minutes of the local day; to beyond 24 h goes into the day after. */
struct door_hours {
	uint8_t weekdays; /* bit w, 0 Sunday */
	int from, to;
};

/* The most that a parameter of a fault may be. */
struct door_peak {
	const struct ord_fault *fault;
	size_t param; /* its place in fault->params */
	int64_t max;
	const char *text; /* as it is written */
};

enum {
	DOOR_MAY_STATUS = 1 << 0,
	DOOR_MAY_HALT = 1 << 1,
	DOOR_MAY_RESUME = 1 << 2,
	DOOR_MAY_RESCUE = 1 << 3
};

struct door_rule {
	unsigned line;
	struct door_list who_text, faults, targets, hours_text, may_text;
	struct door_who who[DOOR_ITEMS_MAX];
	struct door_hours hours[DOOR_ITEMS_MAX];
	unsigned may;
	int64_t duration_ns; /* 0: not given */
	int64_t max_targets;
	int64_t leases;
	bool whole_host;
	size_t n_peaks;
	struct door_peak peaks[DOOR_PEAKS_MAX];
};

struct door_policy {
	const char *path; /* borrowed; for messages */
	size_t n;
	struct door_rule rules[DOOR_RULES_MAX];
};

/* The system's names -> numbers. Replaced by tests. */
struct door_names {
	int (*user)(const char *name, unsigned *ret);
	int (*group)(const char *name, unsigned *ret);
};
/* Of /etc/passwd and /etc/group alone: no name service is asked in a program with root's rights. */
extern const struct door_names door_names_files;

/* Reads a policy from its text, which must outlive it. ORD_USAGE names file and line. */
int door_policy_parse(const char *path, char *text, size_t size, const struct door_names *names,
		      struct door_policy *ret, struct ord_err *err);
/*
 * Reads the file: a regular one that root owns and nobody else may write, in a directory of the
 * same kind; ORD_GUARD where it is another. *ret_text is owned by the caller, and borrowed by ret.
 */
int door_policy_read(const char *path, struct door_policy *ret, char **ret_text,
		     struct ord_err *err);

/* "mon-fri 09:00-17:00", "sat 22:00-06:00", "09:00-17:00" (each day). */
int door_hours_parse(const char *text, struct door_hours *ret, struct ord_err *err);
/* Do these seconds from now on lie within one window? */
bool door_hours_hold(const struct door_hours *h, time_t now, int64_t seconds);

#endif
