/*
 * Libraries of `ordeal` that are opened at first use, as ld.so would have opened them at the start.
 * libsystemd brings six more along; all of them are a third of what a command costs that has no
 * event loop and reads no experiment, and `inject` is waited for by people and scripts. A function
 * that is missing here makes the program link its library again, which lint.binaries sees.
 */
#include <arpa/nameser.h>
#include <sha2.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <yaml.h>

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"

#define SYSTEMD "libsystemd.so.0"
#define YAML	"libyaml-0.so.2"
#define MD	"libmd.so.0"
#define RESOLV	"libresolv.so.2"

/* The program was built with it: there is no going on without. */
static void *find(const char *file, const char *name)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	void *found = library ? dlsym(library, name) : NULL;

	if (found)
		return found;
	(void)fprintf(stderr, "ordeal: %s\n", dlerror()); /* NOLINT(concurrency-mt-unsafe) */
	_exit(CLI_BROKEN);
}

/* Hidden: modules go on calling the library itself. */
#define OPENED(file, type, name, parameters) \
	static void *_Atomic found;          \
	union {                              \
		void *address;               \
		type(*call) parameters;      \
	} f = {.address = found};            \
                                             \
	if (!f.address)                      \
	found = f.address = find(file, #name)
#define FORWARD(file, type, name, parameters, arguments)           \
	__attribute__((visibility("hidden"))) type name parameters \
	{                                                          \
		OPENED(file, type, name, parameters);              \
		return f.call arguments;                           \
	}
#define VOID(file, name, parameters, arguments)                    \
	__attribute__((visibility("hidden"))) void name parameters \
	{                                                          \
		OPENED(file, void, name, parameters);              \
		f.call arguments;                                  \
	}

/* clang-format off */
FORWARD(SYSTEMD, int, sd_event_new, (sd_event **e), (e))
FORWARD(SYSTEMD, int, sd_event_run, (sd_event *e, uint64_t usec), (e, usec))
FORWARD(SYSTEMD, int, sd_event_loop, (sd_event *e), (e))
FORWARD(SYSTEMD, int, sd_event_exit, (sd_event *e, int code), (e, code))
FORWARD(SYSTEMD, int, sd_event_add_io, (sd_event *e, sd_event_source **s, int fd, uint32_t events,
	sd_event_io_handler_t each, void *arg), (e, s, fd, events, each, arg))
FORWARD(SYSTEMD, int, sd_event_add_time, (sd_event *e, sd_event_source **s, clockid_t clock, uint64_t usec,
	uint64_t accuracy, sd_event_time_handler_t each, void *arg), (e, s, clock, usec, accuracy, each, arg))
FORWARD(SYSTEMD, int, sd_event_add_signal, (sd_event *e, sd_event_source **s, int sig,
	sd_event_signal_handler_t each, void *arg), (e, s, sig, each, arg))
FORWARD(SYSTEMD, int, sd_event_add_defer, (sd_event *e, sd_event_source **s, sd_event_handler_t each, void *arg),
	(e, s, each, arg))
FORWARD(SYSTEMD, int, sd_event_source_set_enabled, (sd_event_source *s, int enabled), (s, enabled))
FORWARD(SYSTEMD, int, sd_event_source_set_io_events, (sd_event_source *s, uint32_t events), (s, events))
FORWARD(SYSTEMD, int, sd_event_source_set_priority, (sd_event_source *s, int64_t priority), (s, priority))
FORWARD(SYSTEMD, int, sd_event_source_set_time, (sd_event_source *s, uint64_t usec), (s, usec))
FORWARD(SYSTEMD, int, sd_id128_get_boot, (sd_id128_t *ret), (ret))
FORWARD(SYSTEMD, int, sd_id128_get_machine, (sd_id128_t *ret), (ret))
FORWARD(SYSTEMD, char *, sd_id128_to_string, (sd_id128_t id, char s[SD_ID128_STRING_MAX]), (id, s))
FORWARD(SYSTEMD, int, sd_journal_open, (sd_journal **ret, int flags), (ret, flags))
FORWARD(SYSTEMD, int, sd_journal_add_match, (sd_journal *j, const void *data, size_t size), (j, data, size))
FORWARD(SYSTEMD, int, sd_journal_add_disjunction, (sd_journal *j), (j))
FORWARD(SYSTEMD, int, sd_journal_get_data, (sd_journal *j, const char *field, const void **data, size_t *size),
	(j, field, data, size))
FORWARD(SYSTEMD, int, sd_journal_get_fd, (sd_journal *j), (j))
FORWARD(SYSTEMD, int, sd_journal_get_monotonic_usec, (sd_journal *j, uint64_t *ret, sd_id128_t *boot), (j, ret, boot))
FORWARD(SYSTEMD, int, sd_journal_get_realtime_usec, (sd_journal *j, uint64_t *ret), (j, ret))
FORWARD(SYSTEMD, int, sd_journal_next, (sd_journal *j), (j))
FORWARD(SYSTEMD, int, sd_journal_previous, (sd_journal *j), (j))
FORWARD(SYSTEMD, int, sd_journal_process, (sd_journal *j), (j))
FORWARD(SYSTEMD, int, sd_journal_seek_tail, (sd_journal *j), (j))

FORWARD(YAML, int, yaml_parser_initialize, (yaml_parser_t *p), (p))
FORWARD(YAML, int, yaml_parser_parse, (yaml_parser_t *p, yaml_event_t *event), (p, event))
VOID(YAML, yaml_parser_set_input_string, (yaml_parser_t *p, const unsigned char *text, size_t size), (p, text, size))
VOID(YAML, yaml_parser_set_encoding, (yaml_parser_t *p, yaml_encoding_t encoding), (p, encoding))
VOID(YAML, yaml_parser_delete, (yaml_parser_t *p), (p))
VOID(YAML, yaml_event_delete, (yaml_event_t *event), (event))

FORWARD(MD, char *, SHA256Data, (const uint8_t *data, size_t size, char *out), (data, size, out))

FORWARD(RESOLV, int, ns_initparse, (const unsigned char *data, int size, ns_msg *ret), (data, size, ret))
FORWARD(RESOLV, int, ns_parserr, (ns_msg *msg, ns_sect section, int n, ns_rr *ret), (msg, section, n, ret))
FORWARD(RESOLV, int, ns_msg_getflag, (ns_msg msg, int flag), (msg, flag))
FORWARD(RESOLV, unsigned, ns_get16, (const unsigned char *data), (data))
VOID(RESOLV, ns_put16, (unsigned value, unsigned char *data), (value, data))
/* clang-format on */

/* What was never made is no reason to open it. */
#define UNREF(name, type)                                         \
	__attribute__((visibility("hidden"))) type *name(type *p) \
	{                                                         \
		if (!p)                                           \
			return NULL;                              \
		OPENED(SYSTEMD, type *, name, (type * p));        \
		return f.call(p);                                 \
	}
UNREF(sd_event_unref, sd_event)
UNREF(sd_event_source_disable_unref, sd_event_source)

__attribute__((visibility("hidden"))) void sd_journal_close(sd_journal *j)
{
	if (!j)
		return;
	OPENED(SYSTEMD, void, sd_journal_close, (sd_journal * j));
	f.call(j);
}
