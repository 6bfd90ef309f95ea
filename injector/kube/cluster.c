#include "injector/kube/cluster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/claim.h"
#include "injector/kube/rights.h"
#include "injector/lease/undo.h"

#define CALL_NS (5 * ORD_S)

/* One process, one lease, one cluster. */
static struct {
	struct kube_config *config;
	struct kube *kube;
	pid_t owner; /* whose the client is: a child opens its own */
	json_t *undo;
	const char *lease;
} self;

static int config_open(const char *context, const char *server, struct ord_err *err)
{
	struct kube_config *config;

	if (self.config)
		return 0;
	if (kube_config_load(context, &config, err) < 0)
		return -1;
	if (strcmp(kube_config_server(config), server) != 0) {
		(void)ord_fail(err, ORD_GUARD,
			       "the context '%.100s' leads to %.150s now, and the targets were "
			       "chosen at %.150s",
			       context, kube_config_server(config), server);
		kube_config_free(config);
		return -1;
	}
	self.config = config;
	return 0;
}

struct kube *inj_cluster(struct ord_err *err)
{
	if (!self.config) {
		(void)ord_fail(err, ORD_SYS, "no cluster is open");
		return NULL;
	}
	if (self.kube && self.owner == getpid())
		return self.kube;
	/* After a fork the other's client is left as it is: its descriptors are closed. */
	self.kube = NULL;
	if (kube_open(self.config, &self.kube, err) < 0)
		return NULL;
	self.owner = getpid();
	kube_set_beat(self.kube, inj_beat);
	return self.kube;
}

static int undo_cluster(const json_t *undo, struct ord_err *err)
{
	json_t *cluster;
	const char *context, *server;

	if (ord_json_object(undo, "cluster", &cluster, err) < 0 ||
	    ord_json_text(cluster, "context", 256, &context, err) < 0 ||
	    ord_json_text(cluster, "server", 512, &server, err) < 0)
		return -1;
	return config_open(context, server, err);
}

struct kube *inj_cluster_of(const json_t *undo, struct ord_err *err)
{
	return undo_cluster(undo, err) < 0 ? NULL : inj_cluster(err);
}

int inj_cluster_open(const char *context, struct ord_err *err)
{
	if (self.config)
		return 0;
	return kube_config_load(context, &self.config, err);
}

const char *inj_cluster_server(void)
{
	return self.config ? kube_config_server(self.config) : "";
}

/* One call before there is a filter: the resolver's and TLS' libraries and files are then open. */
static int warm_up(struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	struct kube_request req = {
		.method = "GET", .path = "/version", .deadline_ns = inj_cluster_deadline()};

	return !k || kube_call(k, &req, NULL, err) < 0 ? -1 : 0;
}

int inj_cluster_rescue(const json_t *undo, struct ord_err *err)
{
	if (!json_object_get(undo, "cluster"))
		return 0; /* noop's */
	return undo_cluster(undo, err) < 0 ? -1 : warm_up(err);
}

bool inj_cluster_starts_programs(void)
{
	return self.config && kube_config_has_plugin(self.config);
}

uint64_t inj_cluster_deadline(void)
{
	return ord_now_ns() + CALL_NS;
}

const json_t *inj_cluster_undo(void)
{
	return self.undo;
}

void inj_cluster_acted(const char *what, const struct ord_object *o, const char *detail)
{
	struct inj_step step = {.lease = self.lease};

	inj_acted(&step, what, o, detail);
}

int inj_cluster_failed(int status, struct ord_err *err)
{
	/* 401: a token that was rotated is read again; 409, 429: later. */
	if (status >= 400 && status < 500 && status != 401 && status != 409 && status != 429)
		err->code = ORD_GUARD;
	else
		err->code = ORD_SYS;
	return -1;
}

int inj_cluster_tell(json_t *report, const char *list, struct ord_err *err, const char *fmt, ...)
{
	json_t *to = json_object_get(report, list);
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (json_array_append_new(to, json_string(text)))
		return ord_fail_nomem(err);
	return 0;
}

/* "host:lease:4 random bytes": whose it is, for people and for nobody else. */
static json_t *owner_make(const struct inj_step *step)
{
	uint32_t draw = 0;
	char host[65];

	if (gethostname(host, sizeof host) < 0)
		(void)snprintf(host, sizeof host, "unknown");
	host[sizeof host - 1] = '\0';
	(void)!getrandom(&draw, sizeof draw, 0);
	return json_sprintf("%s:%s:%08" PRIx32, host, step->lease, draw);
}

/* "r0123abcd-1-0" is the first fault of that run's first repetition: a run does not stand in its
 * own way. Others are runs of their own. */
static int run_length(const char *lease)
{
	const char *dash = strrchr(lease, '-');

	return lease[0] == 'r' && strspn(lease + 1, "0123456789abcdef") == 8 && lease[9] == '-' &&
			       dash > lease + 9
		       ? (int)(dash - lease)
		       : (int)strlen(lease);
}

/* "host:run:4 bytes of the machine's start": the same in all injectors of a run. */
static json_t *claimant_make(const struct inj_step *step, struct ord_err *err)
{
	char host[65], boot[INJ_BOOT_ID];

	if (inj_boot_id(boot, err) < 0)
		return NULL;
	if (gethostname(host, sizeof host) < 0)
		(void)snprintf(host, sizeof host, "unknown");
	host[sizeof host - 1] = '\0';
	return json_sprintf("%s:%.*s:%.8s", host, run_length(step->lease), step->lease, boot);
}

static int records_make(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *p = step->place->cluster;

	if (json_object_set_new(
		    undo, "cluster",
		    json_pack("{s:s s:s}", "context", p->context, "server", p->server)) ||
	    json_object_set_new(undo, "owner", owner_make(step)) ||
	    json_object_set_new(undo, "claimant", claimant_make(step, err)) ||
	    json_object_set_new(undo, "fault", json_string(step->args->fault->name)) ||
	    json_object_set_new(undo, "lease", json_string(step->lease)) ||
	    json_object_set_new(undo, "edits", json_array()) ||
	    json_object_set_new(undo, "claims", inj_claims_for(p)) ||
	    json_object_set_new(report, "engine", json_string("")) ||
	    json_object_set_new(report, "objects", json_array()) ||
	    json_object_set_new(report, "notes", json_array()))
		return ord_fail_nomem(err);
	return 0;
}

int inj_cluster_check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *p = step->place->cluster;
	const char *warning;

	if (!p)
		return ord_fail(err, ORD_USAGE, "the target is in no cluster");
	if (config_open(p->context, p->server, err) < 0)
		return -1;
	self.undo = undo;
	self.lease = step->lease;
	if (records_make(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; (warning = kube_config_warning(self.config, i)); i++)
		if (inj_cluster_tell(report, "notes", err, "%s", warning) < 0)
			return -1;
	if (inj_cluster_starts_programs() &&
	    inj_cluster_tell(report, "notes", err,
			     "credentials come from a plugin: it is started while the fault is "
			     "held, and its system calls are limited less") < 0)
		return -1;
	if (warm_up(err) < 0 || inj_rights_check(step, undo, err) < 0)
		return -1;
	return inj_claims_look(undo, err);
}

json_t *inj_object_to_json(const struct ord_object *o)
{
	return json_pack("[s,s,s,s,s]", o->api_version, o->kind, o->ns, o->name, o->uid);
}

static int part_copy(const json_t *json, size_t i, char *out, size_t size, bool empty,
		     struct ord_err *err)
{
	const char *text = json_string_value(json_array_get(json, i));

	if (!text || strlen(text) >= size || (!*text && !empty) ||
	    strlen(text) != json_string_length(json_array_get(json, i)))
		return ord_fail(err, ORD_USAGE,
				"an object is [apiVersion, kind, namespace, name, UID]");
	(void)snprintf(out, size, "%s", text);
	return 0;
}

int inj_object_from_json(struct ord_object *ret, const json_t *json, struct ord_err *err)
{
	struct ord_object o;

	if (json_array_size(json) != 5)
		return ord_fail(err, ORD_USAGE,
				"an object is [apiVersion, kind, namespace, name, UID]");
	if (part_copy(json, 0, o.api_version, sizeof o.api_version, false, err) < 0 ||
	    part_copy(json, 1, o.kind, sizeof o.kind, false, err) < 0 ||
	    part_copy(json, 2, o.ns, sizeof o.ns, true, err) < 0 ||
	    part_copy(json, 3, o.name, sizeof o.name, false, err) < 0 ||
	    part_copy(json, 4, o.uid, sizeof o.uid, true, err) < 0)
		return -1;
	*ret = o;
	return 0;
}

char *inj_object_text(const struct ord_object *o, char out[static INJ_OBJECT_TEXT])
{
	(void)snprintf(out, INJ_OBJECT_TEXT, "%s %s%s%s", o->kind, o->ns, o->ns[0] ? "/" : "",
		       o->name);
	return out;
}
