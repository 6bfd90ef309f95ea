/* Scope-bound ownership: ord_autofree, ord_autoclose, and ORD_AUTO(type) beside each type's _free.
 */
#ifndef ORDEAL_BASE_AUTO_H
#define ORDEAL_BASE_AUTO_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void ord_freep(void *p)
{
	free(*(void **)p);
}

/* Closes and sets to -1; errno stays as it was. A descriptor of -1 is fine. */
static inline void ord_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void ord_fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#define ord_autofree   __attribute__((cleanup(ord_freep)))
#define ord_autoclose  __attribute__((cleanup(ord_close)))
#define ord_autofclose __attribute__((cleanup(ord_fclosep)))

/* Takes the value out of an owning variable, which is left empty. */
static inline int ord_steal_fd(int *fd)
{
	int out = *fd;

	*fd = -1;
	return out;
}
#define ord_steal_ptr(p)              \
	__extension__({               \
		__typeof__(p) p_ = p; \
		(p) = NULL;           \
		p_;                   \
	})

/* ORD_AUTO(x, type, free): declares ord_auto_x for variables of `type *`, released by free(). */
#define ORD_AUTO(name, type, release)                    \
	static inline void ord_auto_##name##_p(type **p) \
	{                                                \
		if (*p)                                  \
			release(*p);                     \
	}                                                \
	struct ord_auto_##name##_unused /* takes the semicolon */

#define ord_auto(name) __attribute__((cleanup(ord_auto_##name##_p)))

#define ORD_COUNT(array) (sizeof(array) / sizeof *(array))

#endif
