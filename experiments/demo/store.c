/*
 * demo-store: keeps orders in memory and hands them out over TCP. One request a line, one answer a
 * line:
 *
 *   PING       -> OK
 *   ADD TEXT   -> OK 17              the new order's number
 *   GET 17     -> OK TEXT | NONE
 *   LIST 10    -> OK 17<tab>TEXT...  the newest first, "NUMBER TEXT" separated by tabs
 *   other      -> ERR why
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "buf.h"
#include "loop.h"
#include "net.h"
#include "orderbook.h"
#include "signals.h"
#include "util.h"

#define LINE_MAX_BYTES (ORDER_MAX + 16)
#define OUT_MAX	       (256 * 1024)
#define OUT_HIGH       (64 * 1024) /* a client that does not read is not served further */
#define LIST_MAX       50

struct client {
	struct watch watch;
	struct client *next, *prev;
	struct buf in, out;
	bool ending; /* close as soon as `out` is written */
};

static struct loop loop;
static struct orderbook book;
static struct client *clients;
static uint32_t n_clients;

static struct {
	struct addresses listen;
	uint32_t max_clients;
} options;

static void client_free(struct client *c)
{
	loop_unwatch(&loop, &c->watch);
	if (c->prev)
		c->prev->next = c->next;
	else
		clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	n_clients--;
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

/* Control characters would break the framing of lines and lists. */
static bool is_text(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno;
}

static int add(struct buf *out, const char *text)
{
	uint64_t id;

	if (!is_text(text) || strlen(text) > ORDER_MAX)
		return buf_printf(out, "ERR not a text of 1 to %d bytes\n", ORDER_MAX);
	id = orderbook_add(&book, text);
	return id ? buf_printf(out, "OK %" PRIu64 "\n", id) : buf_printf(out, "ERR no memory\n");
}

static int get(struct buf *out, const char *text)
{
	const char *order;
	uint64_t id;

	if (!number(text, &id))
		return buf_printf(out, "ERR not a number\n");
	order = orderbook_get(&book, id);
	if (!order)
		return buf_printf(out, "NONE\n");
	return buf_add(out, "OK ", 3) || buf_add(out, order, strlen(order)) ||
	       buf_add(out, "\n", 1);
}

static int list(struct buf *out, const char *text)
{
	uint64_t want;

	if (!number(text, &want) || want == 0 || want > LIST_MAX)
		return buf_printf(out, "ERR not a number from 1 to %d\n", LIST_MAX);
	if (buf_add(out, "OK", 2))
		return -1;
	for (uint64_t i = 0; i < want && i < book.last; i++) {
		const char *order = orderbook_get(&book, book.last - i);

		if (buf_printf(out, "%c%" PRIu64 " ", i ? '\t' : ' ', book.last - i) ||
		    buf_add(out, order, strlen(order)))
			return -1;
	}
	return buf_add(out, "\n", 1);
}

static int answer(struct buf *out, char *line)
{
	if (strcmp(line, "PING") == 0)
		return buf_printf(out, "OK\n");
	if (strncmp(line, "ADD ", 4) == 0)
		return add(out, line + 4);
	if (strncmp(line, "GET ", 4) == 0)
		return get(out, line + 4);
	if (strncmp(line, "LIST ", 5) == 0)
		return list(out, line + 5);
	return buf_printf(out, "ERR expected PING, ADD, GET or LIST\n");
}

/* Answers the whole lines that have arrived. -1: the client must go. */
static int client_lines(struct client *c)
{
	size_t done = 0;

	while (c->out.len < OUT_HIGH) {
		char *line = c->in.data + done;
		char *end = c->in.len > done ? memchr(line, '\n', c->in.len - done) : NULL;

		if (!end)
			break;
		*end = '\0';
		done += (size_t)(end - line) + 1;
		if (strlen(line) != (size_t)(end - line) || answer(&c->out, line))
			return -1; /* a NUL, or no memory */
	}
	buf_drop(&c->in, done);
	return 0;
}

static bool has_line(const struct buf *buf)
{
	return buf->len > 0 && memchr(buf->data, '\n', buf->len);
}

/* Answers and writes in turn until there is no whole line or the client does not read. -1: it must
 * go. */
static int client_serve(struct client *c)
{
	enum buf_io io;

	do {
		if (client_lines(c))
			return -1;
		if (c->in.len > LINE_MAX_BYTES && !has_line(&c->in)) {
			(void)buf_printf(&c->out, "ERR line too long\n");
			c->in.len = 0;
			c->ending = true;
		}
		io = buf_write(&c->out, c->watch.fd);
	} while (io == BUF_IO_SOME && has_line(&c->in));
	if (io == BUF_IO_ERROR || (io == BUF_IO_SOME && c->ending))
		return -1;
	loop_change(&loop, &c->watch, io == BUF_IO_AGAIN ? EPOLLOUT : EPOLLIN);
	return 0;
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct client *c = container_of(watch, struct client, watch);
	enum buf_io io = BUF_IO_AGAIN;

	if (events & EPOLLIN && !c->ending)
		io = buf_read(&c->in, watch->fd);
	c->ending |= io == BUF_IO_END;
	if (io == BUF_IO_ERROR || events & EPOLLERR || client_serve(c))
		client_free(c);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	for (;;) {
		int fd = net_accept(watch->fd);
		struct client *c =
			fd < 0 || n_clients >= options.max_clients ? NULL : calloc(1, sizeof *c);

		if (fd < 0)
			return;
		if (!c) {
			struct watch refused = {.fd = fd};

			loop_unwatch(&loop, &refused);
			continue;
		}
		c->watch = (struct watch){.fd = fd, .ready = client_ready};
		buf_init(&c->in, LINE_MAX_BYTES * 16);
		buf_init(&c->out, OUT_MAX);
		c->next = clients;
		if (clients)
			clients->prev = c;
		clients = c;
		n_clients++;
		if (loop_watch(&loop, &c->watch, EPOLLIN))
			client_free(c);
	}
}

static void signal_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	signals_take(watch);
	loop.stop = true;
}

static int serve(void)
{
	struct watch listeners[ADDRESSES_MAX];
	struct watch signals = {.fd = -1, .ready = signal_ready};

	if (loop_open(&loop) || signals_watch(&loop, &signals)) {
		perror("demo-store");
		return 1;
	}
	for (size_t i = 0; i < options.listen.n; i++) {
		listeners[i].fd = net_listen(&options.listen.v[i]);
		listeners[i].ready = listener_ready;
		if (listeners[i].fd < 0 || loop_watch(&loop, &listeners[i], EPOLLIN)) {
			(void)fprintf(stderr, "demo-store: listen on %s: %s\n",
				      options.listen.v[i].text, strerror(errno));
			return 1;
		}
	}
	if (loop_run(&loop)) {
		perror("demo-store");
		return 1;
	}
	while (clients)
		client_free(clients);
	orderbook_free(&book);
	return 0;
}

int main(int argc, char **argv)
{
	const struct arg args[] = {
		{"--listen", ARG_ADDRESSES, &options.listen, "127.0.0.1:7070",
		 "where to listen; may be given again"},
		{"--max-clients", ARG_COUNT, &options.max_clients, "512",
		 "connections served at a time"},
	};
	int rc = args_parse("demo-store: keeps orders in memory, one request a line over TCP.",
			    args, COUNT(args), argv);

	(void)argc;
	return rc ? rc - 1 : serve();
}
