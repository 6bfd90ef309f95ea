/* What inotify(7) tells. */
#ifndef ORDEAL_BASE_INOTIFY_H
#define ORDEAL_BASE_INOTIFY_H

#include <sys/inotify.h>

/* Each event that can be read now; none where there is none, or the reading fails. */
void ord_inotify_each(int fd, void (*each)(void *arg, const struct inotify_event *e), void *arg);

#endif
