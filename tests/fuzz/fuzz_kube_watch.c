/*
 * Any bytes as the stream of a watch: refused with a reason, or told so that it makes sense. What
 * was added is not added again before it is deleted, what changes or goes is there, and versions
 * grow.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "kube/client.h"
#include "kube/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
	struct kube_table live;
	uint64_t version;
	bool numeric; /* all versions in the input are */
};

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t arrival_ns)
{
	const json_t *meta = json_object_get(object, "metadata");
	struct model *m = arg;
	struct kube_entry *known;
	uint64_t version;
	uint8_t id[16];

	(void)arrival_ns;
	(void)kube_table_id(meta, id);
	(void)kube_table_version(json_string_value(json_object_get(meta, "resourceVersion")),
				 &version);
	if (m->numeric && version <= m->version)
		abort();
	m->version = version;
	known = kube_table_find(&m->live, id);
	if (e == KUBE_SYNCED || (e == KUBE_ADDED) != (known == NULL))
		abort();
	if (e == KUBE_DELETED)
		kube_table_remove(&m->live, known);
	else if (!kube_table_add(&m->live, id))
		abort();
}

/* One that is no number, and nothing is known of the order of any. */
static bool all_numeric(const char *data, size_t size)
{
	static const char key[] = "\"resourceVersion\"";
	const char *end = data + size;

	if (memchr(data, '\\', size))
		return false;
	while ((data = memmem(data, (size_t)(end - data), key, sizeof key - 1))) {
		char text[24] = "";
		const char *close;
		uint64_t n;

		data += sizeof key - 1;
		if (end - data < 2 || data[0] != ':' || data[1] != '"')
			return false;
		data += 2;
		close = memchr(data, '"', (size_t)(end - data));
		if (!close || close - data > 20)
			return false;
		memcpy(text, data, (size_t)(close - data));
		if (!kube_table_version(text, &n))
			return false;
	}
	return true;
}

static void start(struct kube *k)
{
	*k = (struct kube){.epfd = -1, .timerfd = -1};
	kube_ring_init(&k->timers);
	kube_ring_init(&k->queue);
	kube_ring_init(&k->wired);
	kube_ring_init(&k->calls);
	kube_ring_init(&k->watches);
	kube_ring_init(&k->grave);
	ord_rng_init(&k->rng, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kube_set set = {.kind = {"v1", "Pod", "pods", true}};
	struct model m = {.version = 0};
	struct ord_err err = {.code = ORD_OK};
	struct kube_watch *w;
	struct kube k;

	if (!size)
		return 0;
	m.numeric = all_numeric((const char *)data, size);
	start(&k);
	if (kube_watch_open(&k, &set, on_event, NULL, &m, &w, &err))
		abort();
	if (kube_watch_feed(w, (const char *)data, size, &err) && err.code == ORD_OK)
		abort();
	kube_watch_close(w);
	kube_table_done(&m.live);
	return 0;
}
