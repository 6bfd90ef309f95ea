/* What is known of the objects around a target: namespaces, nodes, owners, the API server's node.
 */
#include "kube/around.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"

#define ZONE	    "topology.kubernetes.io/zone"
#define OWNERS_DEEP 8
#define ACCOUNT_NS  "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

struct kube_around {
	json_t *namespaces; /* name -> {"labels": {...}, "protected": true} */
	json_t *zones;	    /* node -> zone, "" */
	json_t *owners;	    /* uid -> "VERSION KIND NAME UID\n" for each that owns it */
	json_t *servers;    /* address or node name of an API server -> true */
	json_t *wanted;	    /* "VERSION KIND NS NAME UID" -> true: not known when asked for */
	int64_t now_ns;	    /* 0: by the clock */
	int64_t offset_ns;  /* of the API server's wall clock to ours */
	char ns[ORD_KUBE_NS], pod[ORD_KUBE_NAME];
};

int kube_around_new(struct kube_around **ret, struct ord_err *err)
{
	struct kube_around *a = calloc(1, sizeof *a);

	if (!a)
		return ord_fail_nomem(err);
	a->namespaces = json_object();
	a->zones = json_object();
	a->owners = json_object();
	a->servers = json_object();
	a->wanted = json_object();
	if (!a->namespaces || !a->zones || !a->owners || !a->servers || !a->wanted) {
		kube_around_free(a);
		return ord_fail_nomem(err);
	}
	*ret = a;
	return 0;
}

void kube_around_free(struct kube_around *a)
{
	if (!a)
		return;
	json_decref(a->namespaces);
	json_decref(a->zones);
	json_decref(a->owners);
	json_decref(a->servers);
	json_decref(a->wanted);
	free(a);
}

void kube_around_now(struct kube_around *a, int64_t wall_ns)
{
	a->now_ns = wall_ns;
}

int kube_around_self(struct kube_around *a, const char *ns, const char *pod)
{
	if (strlen(ns) >= sizeof a->ns || strlen(pod) >= sizeof a->pod)
		return -1;
	(void)snprintf(a->ns, sizeof a->ns, "%s", ns);
	(void)snprintf(a->pod, sizeof a->pod, "%s", pod);
	return 0;
}

int64_t kube_around_wall(const struct kube_around *a)
{
	return a->now_ns ? a->now_ns : (int64_t)ord_wall_ns() + a->offset_ns;
}

bool kube_around_is_self(const struct kube_around *a, const char *ns, const char *pod)
{
	return *a->pod && !strcmp(ns, a->ns) && !strcmp(pod, a->pod);
}

bool kube_is_protected(const json_t *metadata)
{
	static const char *const where[] = {"annotations", "labels"};

	for (size_t i = 0; i < ORD_COUNT(where); i++) {
		const char *text = json_string_value(
			json_object_get(json_object_get(metadata, where[i]), KUBE_PROTECT));

		if (text && !strcmp(text, "true"))
			return true;
	}
	return false;
}

/* --- what is told ----------------------------------------------------------------------------- */

static int tell_namespace(struct kube_around *a, const char *name, const json_t *metadata)
{
	json_t *labels = json_object_get(metadata, "labels");
	json_t *kept = json_pack("{s:O*, s:b}", "labels", labels, "protected",
				 kube_is_protected(metadata));

	return kept ? json_object_set_new(a->namespaces, name, kept) : -1;
}

static int tell_node(struct kube_around *a, const char *name, const json_t *metadata)
{
	const char *zone =
		json_string_value(json_object_get(json_object_get(metadata, "labels"), ZONE));

	return json_object_set_new(a->zones, name, json_string(zone ? zone : ""));
}

/* Owners as one text: a thousand of them as objects would take a megabyte. */
static char *owners_text(const json_t *metadata)
{
	static const char *const parts[] = {"apiVersion", "kind", "name", "uid"};
	const json_t *refs = json_object_get(metadata, "ownerReferences"), *ref;
	char *text = NULL;
	size_t size = 0, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	json_array_foreach (refs, i, ref) {
		const char *v[ORD_COUNT(parts)];
		bool whole = true;

		for (size_t j = 0; j < ORD_COUNT(parts); j++) {
			v[j] = json_string_value(json_object_get(ref, parts[j]));
			whole = whole && v[j] && *v[j] && !strpbrk(v[j], " \n");
		}
		if (whole)
			(void)fprintf(f, "%s %s %s %s\n", v[0], v[1], v[2], v[3]);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static int tell_owned(struct kube_around *a, const char *uid, const json_t *metadata)
{
	ord_autofree char *text = owners_text(metadata);

	return text ? json_object_set_new(a->owners, uid, json_string(text)) : -1;
}

int kube_around_tell(struct kube_around *a, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *name = json_string_value(json_object_get(metadata, "name"));
	const char *uid = json_string_value(json_object_get(metadata, "uid"));

	if (!kind || !name)
		return 0;
	if (!strcmp(kind, "Namespace"))
		return tell_namespace(a, name, metadata);
	if (!strcmp(kind, "Node"))
		return tell_node(a, name, metadata);
	return uid ? tell_owned(a, uid, metadata) : 0;
}

/* --- what is known ---------------------------------------------------------------------------- */

static int want(struct kube_around *a, const char *version, const char *kind, const char *ns,
		const char *name, const char *uid)
{
	char key[ORD_KUBE_VERSION + ORD_KUBE_KIND + ORD_KUBE_NS + ORD_KUBE_NAME + ORD_KUBE_UID];

	(void)snprintf(key, sizeof key, "%s %s %s %s %s", version, kind, *ns ? ns : "-", name, uid);
	return json_object_set_new(a->wanted, key, json_true()) ? -1 : 1;
}

int kube_around_namespace(struct kube_around *a, const char *ns, const json_t **ret_labels,
			  bool *ret_protected)
{
	const json_t *kept = json_object_get(a->namespaces, ns);

	if (!kept)
		return want(a, "v1", "Namespace", "", ns, "-");
	*ret_labels = json_object_get(kept, "labels");
	*ret_protected = json_is_true(json_object_get(kept, "protected"));
	return 0;
}

int kube_around_zone(struct kube_around *a, const char *node, const char **ret)
{
	const json_t *kept = json_object_get(a->zones, node);

	if (!kept && *node)
		return want(a, "v1", "Node", "", node, "-");
	*ret = kept ? json_string_value(kept) : "";
	return 0;
}

/* --- owners ----------------------------------------------------------------------------------- */

struct climb {
	struct kube_around *a;
	const char *ns;
	bool (*each)(void *arg, const char *kind, const char *name, bool *ret_top);
	void *arg;
	bool found, unknown;
};

/* One level: its owners, by what each() says of them, and the text of theirs. */
static int climb(struct climb *c, const char *refs, unsigned deep)
{
	char version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND], name[ORD_KUBE_NAME], uid[ORD_KUBE_UID];

	for (; *refs && !c->found; refs += strcspn(refs, "\n") + 1) {
		const json_t *up;
		bool top = false;

		if (sscanf(refs, "%127s %63s %253s %63s", version, kind, name, uid) != 4)
			continue;
		c->found = c->each(c->arg, kind, name, &top);
		if (c->found || top || !deep)
			continue;
		up = json_object_get(c->a->owners, uid);
		if (!up)
			c->unknown = true;
		if (!up && want(c->a, version, kind, c->ns, name, uid) < 0)
			return -1;
		if (up && climb(c, json_string_value(up), deep - 1))
			return -1;
	}
	return 0;
}

int kube_around_owned(struct kube_around *a, const json_t *metadata,
		      bool (*each)(void *arg, const char *kind, const char *name, bool *ret_top),
		      void *arg, bool *ret)
{
	const char *ns = json_string_value(json_object_get(metadata, "namespace"));
	ord_autofree char *refs = owners_text(metadata);
	struct climb c = {.a = a, .ns = ns ? ns : "", .each = each, .arg = arg};

	if (!refs || climb(&c, refs, OWNERS_DEEP))
		return -1;
	*ret = c.found;
	return !c.found && c.unknown;
}

bool kube_around_serves(const struct kube_around *a, const json_t *node)
{
	const json_t *addresses = json_object_get(json_object_get(node, "status"), "addresses"),
		     *address;
	const char *name =
		json_string_value(json_object_get(json_object_get(node, "metadata"), "name"));
	size_t i;

	if (name && json_object_get(a->servers, name))
		return true;
	json_array_foreach (addresses, i, address) {
		const char *text = json_string_value(json_object_get(address, "address"));

		if (text && json_object_get(a->servers, text))
			return true;
	}
	return false;
}

/* --- asking the API server -------------------------------------------------------------------- */

/* What is not there has nothing. */
static int tell_nothing(struct kube_around *a, const struct ord_object *o)
{
	if (!strcmp(o->kind, "Namespace"))
		return json_object_set_new(a->namespaces, o->name, json_object());
	if (!strcmp(o->kind, "Node"))
		return json_object_set_new(a->zones, o->name, json_string(""));
	return json_object_set_new(a->owners, o->uid, json_string(""));
}

static int fetch(struct kube_around *a, struct kube *k, const struct ord_object *o,
		 uint64_t deadline_ns, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	bool owner = strcmp(o->kind, "Namespace") != 0 && strcmp(o->kind, "Node") != 0;
	int status = 0;

	if (!kube_get(k, o, deadline_ns, &object, &status, err)) {
		const char *uid = json_string_value(
			json_object_get(json_object_get(object, "metadata"), "uid"));

		/* Another of the same name owns nothing of ours. */
		if (owner && (!uid || strcmp(uid, o->uid) != 0))
			return tell_nothing(a, o) ? ord_fail_nomem(err) : 0;
		return kube_around_tell(a, object) ? ord_fail_nomem(err) : 0;
	}
	/* Who may not read an owner, or whose server does not know its kind, sees no further. */
	if (status == 404 || (owner && (status == 403 || err->code == ORD_USAGE)))
		return tell_nothing(a, o) ? ord_fail_nomem(err) : 0;
	return ord_wrap(err, "%s %s", o->kind, o->name);
}

int kube_around_fetch(struct kube_around *a, struct kube *k, uint64_t deadline_ns,
		      struct ord_err *err)
{
	ord_auto(json) json_t *wanted = a->wanted;
	const char *key;
	json_t *v;
	int n = 0;

	a->wanted = json_object();
	if (!a->wanted)
		return ord_fail_nomem(err);
	json_object_foreach (wanted, key, v) {
		struct ord_object o = {0};

		if (sscanf(key, "%127s %63s %63s %253s %63s", o.api_version, o.kind, o.ns, o.name,
			   o.uid) != 5)
			continue;
		if (!strcmp(o.ns, "-"))
			o.ns[0] = '\0';
		if (fetch(a, k, &o, deadline_ns, err))
			return -1;
		n++;
	}
	return n;
}

static void read_self(struct kube_around *a)
{
	const char *pod = getenv("POD_NAME");
	char host[ORD_KUBE_NAME] = "";
	ord_autofree char *ns = NULL;
	size_t size = 0;

	if (ord_file_read(ACCOUNT_NS, ORD_KUBE_NS, &ns, &size, NULL))
		return; /* not in a pod */
	ns[strcspn(ns, "\n")] = '\0';
	if (gethostname(host, sizeof host - 1))
		host[0] = '\0';
	(void)snprintf(a->ns, sizeof a->ns, "%s", ns);
	(void)snprintf(a->pod, sizeof a->pod, "%s",
		       pod && *pod && strlen(pod) < sizeof a->pod ? pod : host);
}

static int keep_server(struct kube_around *a, const char *text, struct ord_err *err)
{
	if (text && *text && json_object_set_new(a->servers, text, json_true()))
		return ord_fail_nomem(err);
	return 0;
}

static int keep_addresses(struct kube_around *a, const json_t *slice, struct ord_err *err)
{
	const json_t *endpoint, *address;
	size_t i, j;

	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint) {
		json_array_foreach (json_object_get(endpoint, "addresses"), j, address)
			if (keep_server(a, json_string_value(address), err))
				return -1;
	}
	return 0;
}

static int keep_pod(void *arg, const json_t *pod, struct ord_err *err)
{
	return keep_server(
		arg, json_string_value(json_object_get(json_object_get(pod, "spec"), "nodeName")),
		err);
}

int kube_around_learn_servers(struct kube_around *a, struct kube *k, uint64_t deadline_ns,
			      struct ord_err *err)
{
	struct ord_object o = {"discovery.k8s.io/v1", "EndpointSlice", "default", "kubernetes", ""};
	struct kube_set pods = {.ns = "kube-system", .selector = "component=kube-apiserver"};
	ord_auto(json) json_t *slice = NULL;
	int status = 0;

	if (kube_get(k, &o, deadline_ns, &slice, &status, err) && status != 404)
		return ord_wrap(err, "where the API server runs");
	if (slice && keep_addresses(a, slice, err))
		return -1;
	if (kube_kind_find(k, "v1", "Pod", deadline_ns, &pods.kind, err) ||
	    kube_list(k, &pods, keep_pod, a, deadline_ns, NULL, err))
		return ord_wrap(err, "where the API server runs");
	return 0;
}

void kube_around_learn_self(struct kube_around *a, const struct kube *k)
{
	int64_t lo, hi;

	read_self(a);
	if (kube_clock_offset(k, &lo, &hi))
		a->offset_ns = lo + (hi - lo) / 2;
}
