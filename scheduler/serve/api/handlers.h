/* What answers each route (routes.c). */
#ifndef ORDEAL_SERVE_API_HANDLERS_H
#define ORDEAL_SERVE_API_HANDLERS_H

#include "scheduler/serve/api/api.h"

typedef void api_handler(struct api_request *q, struct api_answer *a);

/* pages.c: what is no JSON */
api_handler api_health, api_ready, api_metrics_page, api_openapi, api_console, api_console_file;
/* session.c */
api_handler api_session, api_login, api_logout;
/* get.c */
api_handler api_status, api_schedules, api_schedule, api_calendar, api_runs;
/* order.c */
api_handler api_run_now, api_pause, api_unpause, api_skip, api_abort, api_mark, api_note, api_halt,
	api_resume, api_reload;
/* gamedays.c, gamedays_order.c */
api_handler api_gamedays, api_gameday, api_gameday_lines, api_gameday_report,
	api_gameday_postmortem, api_gameday_begin, api_gameday_tell, api_gameday_resume;
/* past.c */
api_handler api_history, api_trend;
/* report.c */
api_handler api_report;

/* A JSON answer without what its reader must not see. Takes json. */
void api_json_for(const struct api_request *q, struct api_answer *a, unsigned status, json_t *json);
/* An argument that is a whole number within [1, max]; def where it is not given. False: the answer
 * says what is wrong. */
bool api_arg_count(const struct api_request *q, struct api_answer *a, const char *name, size_t max,
		   size_t def, size_t *ret);
/* The same of an instant, ns since 1970. */
bool api_arg_instant(const struct api_request *q, struct api_answer *a, const char *name,
		     int64_t def, int64_t *ret);

#endif
