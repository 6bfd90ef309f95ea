/* Files: read whole with a limit, write atomically, the directories that ordeal keeps things in. */
#ifndef ORDEAL_BASE_FILE_H
#define ORDEAL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ordeal/err.h"

/*
 * Reads a whole file of at most max bytes (ORD_USAGE beyond), relative to dir as openat does. Fine
 * for /proc, whose files have no size. *ret is owned and NUL-terminated; ret_size may be NULL.
 */
int ord_file_read_at(int dir, const char *path, size_t max, char **ret, size_t *ret_size,
		     struct ord_err *err);
int ord_file_read(const char *path, size_t max, char **ret, size_t *ret_size, struct ord_err *err);
/* Into out, cut to size - 1 bytes and NUL-terminated. For small files of /proc and /sys; returns
 * the length or -1. */
ssize_t ord_file_peek(int dir, const char *path, char *out, size_t size);

/*
 * To be called first. A program that was started without descriptor 0, 1 or 2 would be given that
 * number for the next file that it opens, and print into it: such a number is taken here, so that
 * who prints still fails, and who reads is at the end.
 */
int ord_std_keep(struct ord_err *err);

/* Writes all of it, or fails; survives EINTR and short writes. */
int ord_write_all(int fd, const void *data, size_t size, struct ord_err *err);
/*
 * A file that is either the old one or the whole new one: written beside it and renamed. sync also
 * makes it durable (the file and its directory). name holds no slash.
 */
int ord_file_replace_at(int dir, const char *name, const void *data, size_t size, mode_t mode,
			bool sync, struct ord_err *err);

/* mkdir -p; the mode is that of every directory made, the umask has no say. */
int ord_mkdirs(const char *path, mode_t mode, struct ord_err *err);

/*
 * What outlives a restart: $XDG_STATE_HOME/ordeal where that is set; else /var/lib/ordeal for root,
 * ~/.local/state/ordeal for others. Not made here.
 */
int ord_state_dir(char *ret, size_t size, struct ord_err *err);
/*
 * What does not: $ORDEAL_RUNTIME_DIR where that is set (tests); else /run/ordeal for root,
 * $XDG_RUNTIME_DIR/ordeal or /tmp/ordeal-UID for others. Not made here.
 */
int ord_runtime_dir(char *ret, size_t size, struct ord_err *err);

#endif
