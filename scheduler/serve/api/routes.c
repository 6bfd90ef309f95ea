/* Every path and method that there is; docs/formats/openapi.yaml has the same, which a test sees
 * to. */
#include "scheduler/serve/api/handlers.h"

#include "base/auto.h"

#define GET(path, role, args, serve)               \
	{                                          \
		"GET", path, role, args, "", serve \
	}
#define POST(path, role, keys, serve)               \
	{                                           \
		"POST", path, role, "", keys, serve \
	}

const struct api_route api_routes[] = {
	GET("/healthz", API_NONE, "", api_health),
	GET("/readyz", API_NONE, "", api_ready),
	GET("/metrics", API_VIEWER, "", api_metrics_page),
	GET("/openapi.yaml", API_NONE, "", api_openapi),
	GET("/", API_NONE, "", api_console),
	GET("/console/{file}", API_NONE, "", api_console_file),
	GET("/v1/session", API_NONE, "", api_session),
	POST("/v1/session", API_NONE, "token", api_login),
	{"DELETE", "/v1/session", API_NONE, "", "", api_logout},
	GET("/v1/status", API_VIEWER, "", api_status),
	POST("/v1/halt", API_RESPONDER, "note", api_halt),
	POST("/v1/resume", API_OPERATOR, "note", api_resume),
	POST("/v1/reload", API_OPERATOR, "", api_reload),
	GET("/v1/events", API_VIEWER, "types|view", api_events),
	GET("/v1/schedules", API_VIEWER, "after|text|limit", api_schedules),
	GET("/v1/schedules/{name}", API_VIEWER, "", api_schedule),
	POST("/v1/schedules/{name}/run", API_OPERATOR, "", api_run_now),
	POST("/v1/schedules/{name}/pause", API_OPERATOR, "", api_pause),
	POST("/v1/schedules/{name}/resume", API_OPERATOR, "", api_unpause),
	POST("/v1/schedules/{name}/skip", API_OPERATOR, "", api_skip),
	GET("/v1/calendar", API_VIEWER, "from|to|max", api_calendar),
	GET("/v1/runs", API_VIEWER, "", api_runs),
	POST("/v1/runs/{key}/abort", API_OPERATOR, "note", api_abort),
	POST("/v1/runs/{key}/mark", API_RESPONDER, "what|by|note", api_mark),
	POST("/v1/runs/{key}/note", API_RESPONDER, "by|note", api_note),
	GET("/v1/history", API_VIEWER, "name|label|verdict|since|limit|before", api_history),
	GET("/v1/history/trend", API_VIEWER, "name|figure", api_trend),
	GET("/v1/history/{run}/report", API_VIEWER, "", api_report),
	GET("/v1/history/{run}/report.json", API_VIEWER, "", api_report),
	GET("/v1/gamedays", API_VIEWER, "view", api_gamedays),
	POST("/v1/gamedays", API_OPERATOR, "name", api_gameday_begin),
	GET("/v1/gamedays/{id}", API_VIEWER, "view", api_gameday),
	GET("/v1/gamedays/{id}/lines", API_VIEWER, "after|view", api_gameday_lines),
	GET("/v1/gamedays/{id}/report", API_VIEWER, "view", api_gameday_report),
	GET("/v1/gamedays/{id}/postmortem", API_VIEWER, "view", api_gameday_postmortem),
	POST("/v1/gamedays/{id}/go", API_OPERATOR, "by|note|overrule", api_gameday_tell),
	POST("/v1/gamedays/{id}/hold", API_RESPONDER, "by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/skip", API_OPERATOR, "by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/check", API_OPERATOR, "by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/leave", API_OPERATOR, "by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/abort", API_RESPONDER, "by|note|day", api_gameday_tell),
	POST("/v1/gamedays/{id}/reveal", API_OPERATOR, "by|step", api_gameday_tell),
	POST("/v1/gamedays/{id}/note", API_RESPONDER, "by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/mark", API_RESPONDER, "what|by|note", api_gameday_tell),
	POST("/v1/gamedays/{id}/resume", API_OPERATOR, "", api_gameday_resume),
};
const size_t api_n_routes = ORD_COUNT(api_routes);
