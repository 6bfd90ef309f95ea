/* A list without waiting: what kube_list and the watches stand on. */
#ifndef ORDEAL_KUBE_LISTER_H
#define ORDEAL_KUBE_LISTER_H

#include "kube/client.h"
#include "kube/items.h"
#include "kube/partial.h"

#define KUBE_VERSION_MAX 64

/* A set of our own. */
struct kube_set_copy {
	struct kube_kind kind;
	char *ns, *selector, *field_selector;
	bool metadata_only, managed;
	unsigned page;
};
int kube_set_copy(const struct kube_set *from, struct kube_set_copy *ret, struct ord_err *err);
void kube_set_copy_done(struct kube_set_copy *s);
/* The path of the set with its selectors, into KUBE_URL_MAX bytes. */
int kube_set_path(const struct kube_set_copy *s, char *path, struct ord_err *err);
/* What objects of it are asked for as; list or single. */
const char *kube_set_accept(const struct kube_set_copy *s, bool list);
/* Fills in what the server leaves out of an object. */
void kube_set_name(const struct kube_set_copy *s, json_t *object);

struct kube_lister {
	struct kube *k;
	const struct kube_set_copy *set; /* borrowed */
	uint64_t deadline_ns;		 /* 0: none. What would be asked later fails at once */
	bool strict;			 /* every page of one and the same instant */
	/* A new list begins: what was told may be told again, and may be gone. */
	void (*restart)(void *arg);
	int (*each)(void *arg, json_t *item, struct ord_err *err);
	/* err NULL: all were told. status: of the answer, 0 where it was not that. */
	void (*done)(void *arg, int status, const struct ord_err *err);
	void *arg;

	struct kube_io io;
	struct kube_items items;     /* of an answer in JSON... */
	struct kube_partial partial; /* ...or in protobuf */
	struct kube_timer again;
	char version[KUBE_VERSION_MAX]; /* of the list */
	char *token;			/* continue, owned; NULL: the first page */
	char *next;			/* that of the next page */
	char page_version[KUBE_VERSION_MAX];
	unsigned fails, garbled;
	bool refreshed, over;
	struct ord_err last; /* of the last try */
	int last_status;
};

void kube_lister_init(struct kube_lister *l, struct kube *k, const struct kube_set_copy *set);
/* From the first page on, after that pause. */
void kube_lister_start(struct kube_lister *l, uint64_t pause_ns);
/* Without a word; its memory must live until kube_drive returns. */
void kube_lister_stop(struct kube_lister *l);
void kube_lister_done(struct kube_lister *l);

#endif
