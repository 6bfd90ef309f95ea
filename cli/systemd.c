/*
 * libsystemd in `ordeal`, opened at first use. It brings six libraries along, a third of what a
 * command costs that has no event loop; `inject` is waited for by people and scripts. What is
 * missing here makes the program link the library again, which lint.binaries sees.
 */
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static void *find(const char *name)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);

	return library ? dlsym(library, name) : NULL;
}

/* Hidden: modules go on calling the library itself. */
#define FORWARD(type, name, parameters, arguments, needless, without)           \
	__attribute__((visibility("hidden"))) type name parameters              \
	{                                                                       \
		static void *_Atomic found;                                     \
		union {                                                         \
			void *address;                                          \
			type(*call) parameters;                                 \
		} f;                                                            \
                                                                                \
		if (needless) /* what was never made is no reason to open it */ \
			return without;                                         \
		if (!found)                                                     \
			found = find(#name);                                    \
		f.address = found;                                              \
		return f.address ? f.call arguments : without;                  \
	}
#define CALL(name, parameters, arguments) FORWARD(int, name, parameters, arguments, false, -ELIBACC)

/* clang-format off */
CALL(sd_event_new, (sd_event **e), (e))
CALL(sd_event_run, (sd_event *e, uint64_t usec), (e, usec))
CALL(sd_event_loop, (sd_event *e), (e))
CALL(sd_event_exit, (sd_event *e, int code), (e, code))
CALL(sd_event_add_io, (sd_event *e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t f_, void *arg),
     (e, s, fd, events, f_, arg))
CALL(sd_event_add_time, (sd_event *e, sd_event_source **s, clockid_t clock, uint64_t usec, uint64_t accuracy,
     sd_event_time_handler_t f_, void *arg), (e, s, clock, usec, accuracy, f_, arg))
CALL(sd_event_add_signal, (sd_event *e, sd_event_source **s, int sig, sd_event_signal_handler_t f_, void *arg),
     (e, s, sig, f_, arg))
CALL(sd_event_add_defer, (sd_event *e, sd_event_source **s, sd_event_handler_t f_, void *arg), (e, s, f_, arg))
CALL(sd_event_source_set_enabled, (sd_event_source *s, int enabled), (s, enabled))
CALL(sd_event_source_set_io_events, (sd_event_source *s, uint32_t events), (s, events))
CALL(sd_event_source_set_priority, (sd_event_source *s, int64_t priority), (s, priority))
CALL(sd_event_source_set_time, (sd_event_source *s, uint64_t usec), (s, usec))
CALL(sd_id128_get_boot, (sd_id128_t *ret), (ret))
CALL(sd_id128_get_machine, (sd_id128_t *ret), (ret))
FORWARD(char *, sd_id128_to_string, (sd_id128_t id, char s[SD_ID128_STRING_MAX]), (id, s), false, NULL)
CALL(sd_journal_open, (sd_journal **ret, int flags), (ret, flags))
CALL(sd_journal_add_match, (sd_journal *j, const void *data, size_t size), (j, data, size))
CALL(sd_journal_add_disjunction, (sd_journal *j), (j))
CALL(sd_journal_get_data, (sd_journal *j, const char *field, const void **data, size_t *size), (j, field, data, size))
CALL(sd_journal_get_fd, (sd_journal *j), (j))
CALL(sd_journal_get_monotonic_usec, (sd_journal *j, uint64_t *ret, sd_id128_t *boot), (j, ret, boot))
CALL(sd_journal_get_realtime_usec, (sd_journal *j, uint64_t *ret), (j, ret))
CALL(sd_journal_next, (sd_journal *j), (j))
CALL(sd_journal_previous, (sd_journal *j), (j))
CALL(sd_journal_process, (sd_journal *j), (j))
CALL(sd_journal_seek_tail, (sd_journal *j), (j))
FORWARD(sd_event *, sd_event_unref, (sd_event *e), (e), !e, NULL)
FORWARD(sd_event_source *, sd_event_source_disable_unref, (sd_event_source *s), (s), !s, NULL)
/* clang-format on */

__attribute__((visibility("hidden"))) void sd_journal_close(sd_journal *j)
{
	union {
		void *address;
		void (*call)(sd_journal *j);
	} f = {.address = j ? find("sd_journal_close") : NULL};

	if (f.address)
		f.call(j);
}
