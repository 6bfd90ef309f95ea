/* What the files of seen share. */
#ifndef ORDEAL_CLUSTER_SEEN_PRIVATE_H
#define ORDEAL_CLUSTER_SEEN_PRIVATE_H

#include "scheduler/cluster/watch/seen.h"

/* What has been told of one object. */
struct seen_thing {
	char uid[ORD_KUBE_UID]; /* first: the key */
	unsigned told;		/* bits, by set */
	int64_t count;		/* restarts; of an Event: occurrences */
	char word[64];		/* the reason why it waits; figures of a workload; Event: stamp */
	json_t *last;		/* owned: conditions of a node or workload, endpoints of a slice */
	unsigned channels;	/* bits: those that it makes true */
	const struct seen_family *family; /* of a pod; borrowed */
};

/* Who makes a pod, and will make the next: one for all pods of a workload. */
struct seen_family {
	char owner[ORD_KUBE_UID], kind[ORD_KUBE_KIND], name[ORD_KUBE_NAME];
};

struct seen {
	void (*on_line)(void *arg, json_t *line, uint64_t at_ns);
	void *arg;
	struct seen_channel channels[SEEN_CHANNELS_MAX];
	size_t n_channels;
	size_t true_of[SEEN_CHANNELS_MAX];	   /* objects that make the channel true */
	void *things, *families;		   /* tsearch(3) */
	size_t event_lines, dropped, dropped_told; /* Events beyond SEEN_EVENTS_MAX */
	/* while an object is looked at */
	const char *kind;
	const struct seen_family *family; /* of the pod that the lines are about; NULL */
	bool quiet;
	uint64_t at_ns;
};

const json_t *seen_meta(const json_t *object);
const char *seen_text(const json_t *object, const char *key);	/* "" where there is none */
struct seen_thing *seen_thing(struct seen *s, const char *uid); /* made at need; NULL: no memory */
struct seen_thing *seen_find(const struct seen *s, const char *uid); /* NULL: not known */
void seen_forget(struct seen *s, struct seen_thing *t);
/* The pod's, made at need; NULL: it has no owner. */
const struct seen_family *seen_family(struct seen *s, const json_t *pod);

/* A line about the object, with more (owned, may be NULL); stamp: RFC 3339 or NULL; writer: whose
 * clock made it: the API server's, or that of who wrote the status. */
enum seen_clock { SEEN_SERVER, SEEN_WRITER };
void seen_tell(struct seen *s, const char *what, const json_t *object, const char *stamp,
	       enum seen_clock clock, json_t *more);
/* The time of the latest write, by the API server's clock; NULL: unknown. Borrowed. */
const char *seen_written(const json_t *object);
const json_t *seen_condition(const json_t *object, const char *type);

void seen_pod(struct seen *s, enum seen_change change, const json_t *pod);
void seen_slice(struct seen *s, enum seen_change change, const json_t *slice);
void seen_event(struct seen *s, enum seen_change change, const json_t *event);
void seen_node(struct seen *s, enum seen_change change, const json_t *node);
void seen_workload_object(struct seen *s, enum seen_change change, const json_t *workload);
void seen_channels(struct seen *s, enum seen_change change, const json_t *object);

#endif
