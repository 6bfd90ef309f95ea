/*
 * Is anybody there? A server that went without a word leaves a connection on which nothing ever
 * comes, and watches would wait on it for ever.
 */
#include <string.h>

#include "base/clock.h"
#include "kube/client.h"

#define SILENT_NS (15 * ORD_S) /* nothing came although something is awaited: is anybody there? */
#define ALIVE_NS  (10 * ORD_S) /* ...and for so long we wait to hear it */

static void on_alive(void *arg)
{
	struct kube *k = arg;
	uint64_t now = ord_now_ns(), quiet_from = k->byte_ns;

	if (k->asking && now - quiet_from >= ALIVE_NS && now - k->asked_ns >= ALIVE_NS) {
		kube_io_stop(&k->alive_io);
		k->asking = false;
		kube_io_reset_all(k);
		return;
	}
	if (!k->asking && now - quiet_from >= SILENT_NS) {
		k->asking = true;
		k->asked_ns = now;
		kube_io_start(&k->alive_io);
	}
	kube_timer_set(k, &k->alive, k->asking ? now + ALIVE_NS : quiet_from + SILENT_NS);
}

static void on_alive_done(struct kube_io *io)
{
	io->k->asking = false;
}

/* Something is on the wire: from now on silence counts. */
void kube_alive_watch(struct kube *k)
{
	if (!kube_ring_empty(&k->alive.ring))
		return;
	k->byte_ns = ord_now_ns();
	kube_timer_set(k, &k->alive, k->byte_ns + SILENT_NS);
}

bool kube_alive_init(struct kube *k)
{
	kube_timer_init(&k->alive, on_alive, k);
	kube_io_init(&k->alive_io, k);
	k->alive_io.method = "GET";
	k->alive_io.stream = true; /* takes no place among the calls */
	k->alive_io.on_done = on_alive_done;
	k->alive_io.path = strdup("/version");
	return k->alive_io.path;
}
