/* The daemon's settings: what is read, and where mistakes are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/serve/api/settings.h"

static void everything(void **state)
{
	static const char text[] = "listen: 127.0.0.1:9191\n"
				   "tokenFile: /etc/ordeal/tokens\n"
				   "tls: {cert: /a, key: /b}\n"
				   "hosts: [ordeal.example, o.example]\n"
				   "groups:\n"
				   "  root: responder\n"
				   "webhooks:\n"
				   "  - url: https://example.org/hook\n"
				   "    secretFile: /etc/ordeal/hook\n"
				   "    events: [ended, clock]\n"
				   "  - {urlFile: /etc/ordeal/slack, format: slack}\n";
	struct api_settings s;
	struct ord_err err;

	if (api_settings_parse("f", text, sizeof text - 1, &s, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(s.listen, "127.0.0.1:9191");
	assert_string_equal(s.token_file, "/etc/ordeal/tokens");
	assert_string_equal(s.tls_key, "/b");
	assert_int_equal(s.n_hosts, 2);
	assert_string_equal(s.hosts[1], "o.example");
	assert_int_equal(s.n_groups, 1);
	assert_int_equal(s.groups[0].gid, 0);
	assert_int_equal(s.groups[0].role, API_RESPONDER);
	assert_int_equal(s.n_hooks, 2);
	assert_int_equal(s.hooks[0].events, api_ring_type("ended") | api_ring_type("clock"));
	assert_int_equal(s.hooks[0].format, API_HOOK_CLOUDEVENTS);
	assert_int_equal(s.hooks[1].format, API_HOOK_SLACK);
	assert_null(s.hooks[1].url);
	assert_true(s.hooks[1].events & api_ring_type("interrupted"));
	assert_false(s.hooks[1].events & api_ring_type("strip"));
	api_settings_done(&s);
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"- a\n", "f:1:1: settings are a map"},
		{"listn: a:1\n",
		 "f:1:1: unknown key 'listn' in the settings; did you mean 'listen'?"},
		{"groups: {root: boss}\n", "f:1:16: unknown role 'boss'"},
		{"groups:\n  no-such-group-here: viewer\n", "f:2:3: this machine has no group"},
		{"tls: {cert: /a}\n", "f:1:6: tls lacks 'key'"},
		{"webhooks:\n  - {format: slack}\n",
		 "f:2:5: webhooks[] needs one of url and urlFile"},
		{"webhooks:\n  - {url: 'ftp://x/'}\n", "f:2:"},
		{"webhooks:\n  - {url: 'http://x/', events: [strip]}\n",
		 "f:2:33: unknown event 'strip'"},
		{"webhooks:\n  - {url: 'http://x/', events: ended}\n",
		 "f:2:32: 'events' takes a list"},
		{"webhooks:\n  - {url: 'http://x/', format: xml}\n", "f:2:32:"},
		{"listen: [\n", "f:2:1:"},
	};
	struct api_settings s;
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		assert_int_equal(
			api_settings_parse("f", bad[i].text, strlen(bad[i].text), &s, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		if (strncmp(err.msg, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("'%s' is told as: %s", bad[i].text, err.msg);
	}
}

static void nothing_is_nothing(void **state)
{
	struct api_settings s;
	struct ord_err err;

	assert_int_equal(api_settings_parse("f", "{}", 2, &s, &err), 0);
	assert_null(s.listen);
	assert_int_equal(s.n_hooks, 0);
	api_settings_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
