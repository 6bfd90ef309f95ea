/* What is done to single objects: told as it happens, and what must reach somebody also later. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "injector/lease/acted.h"
#include "injector/lease/event.h"
#include "injector/lease/injector.h"

static pid_t teller;
static json_t *kept;

void inj_acted_teller(void)
{
	teller = getpid();
}

void inj_kept_collect(json_t *texts)
{
	kept = texts;
}

void inj_acted(const struct inj_step *step, const char *what, const struct ord_object *o,
	       const char *detail)
{
	if (kept && !strcmp(what, "kept"))
		(void)json_array_append_new(kept,
					    json_sprintf("%s %s%s%s: %s", o->kind, o->ns,
							 o->ns[0] ? "/" : "", o->name, detail));
	/* A guardian's standard output is closed, and its number may be a socket's by now. */
	if (teller != getpid())
		return;
	inj_event("acted", step->lease, ord_now_ns(),
		  json_pack("{s:s s:[s,s,s,s,s] s:s}", "what", what, "object", o->api_version,
			    o->kind, o->ns, o->name, o->uid, "detail", detail));
}
