/* From the states of objects, as a watch tells them, to lines of the timeline: stories of pods,
 * slices, nodes, workloads, Events and channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rng.h"
#include "scheduler/cluster/watch/seen.h"

static json_t *lines[4096];
static size_t n_lines;

static void on_line(void *arg, json_t *line, uint64_t at_ns)
{
	assert_non_null(line);
	assert_true(n_lines < ORD_COUNT(lines));
	(void)json_object_set_new(line, "at", json_integer((json_int_t)at_ns));
	lines[n_lines++] = line;
}

static void forget_lines(void)
{
	while (n_lines)
		json_decref(lines[--n_lines]);
}

static json_t *object(const char *text)
{
	char copy[4096];
	json_error_t why;
	json_t *j;

	assert_true(strlen(text) < sizeof copy);
	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	j = json_loads(copy, 0, &why);
	if (!j)
		fail_msg("%s: %s", why.text, text);
	return j;
}

static void see(struct seen *s, enum seen_set set, const char *kind, enum seen_change change,
		bool first, const char *text)
{
	static uint64_t at;
	ord_auto(json) json_t *j = object(text);

	seen_object(s, set, kind, change, first, j, ++at);
}

/* "created deleting ready": what was told, in order. */
static const char *told(void)
{
	static char out[1024];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n_lines; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", i ? " " : "",
				      json_string_value(json_object_get(lines[i], "what")));
	return out;
}

static const char *text_in(size_t i, const char *key)
{
	const char *text = json_string_value(json_object_get(lines[i], key));

	return text ? text : "";
}

#define META                                                                                   \
	"'metadata':{'name':'orders-7d9-x','namespace':'shop','uid':'u1','creationTimestamp':" \
	"'2026-11-21T10:00:00Z','labels':{'pod-template-hash':'7d9'},'ownerReferences':[{"     \
	"'kind':'ReplicaSet','name':'orders-7d9','uid':'rs1','controller':true}]"
#define SPEC "'spec':{'nodeName':'n1','containers':[{'name':'c'}]}"
#define COND(type, status, s) \
	"{'type':'" type "','status':'" status "','lastTransitionTime':'2026-11-21T10:00:" s "Z'}"

static void a_pod(void **state)
{
	struct seen *s;
	struct ord_err err;

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, false,
	    "{" META "},'spec':{'containers':[{'name':'c'}]},'status':{'phase':'Pending'}}");
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC
	    ",'status':{'conditions':[" COND("PodScheduled", "True", "01") "]}}");
	/* The same again: no news. */
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC
	    ",'status':{'conditions':[" COND("PodScheduled", "True", "01") "]}}");
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC
	    ",'status':{'containerStatuses':[{'name':'c','restartCount':0,'state':"
	    "{'running':{'startedAt':'2026-11-21T10:00:02Z'}}}],'conditions':[" COND(
		    "Ready", "False", "00") "]}}");
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC ",'status':{'conditions':[" COND("Ready", "True", "03") "]}}");
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META
	    ",'deletionTimestamp':'2026-11-21T10:01:30Z','deletionGracePeriodSeconds':30}," SPEC
	    ",'status':{'conditions':[" COND("Ready", "True", "03") "]}}");
	see(s, SEEN_PODS, "Pod", SEEN_GONE, false,
	    "{" META
	    ",'deletionTimestamp':'2026-11-21T10:01:30Z','deletionGracePeriodSeconds':0}," SPEC
	    ",'status':{'conditions':[" COND("Ready", "False", "09") "]}}");
	assert_string_equal(told(), "created scheduled started ready deleting unready deleted");
	assert_string_equal(text_in(0, "workload"), "Deployment/orders");
	assert_string_equal(text_in(0, "owner"), "rs1");
	assert_string_equal(text_in(0, "clock"), "server");
	assert_string_equal(text_in(1, "node"), "n1");
	assert_string_equal(text_in(1, "clock"), "writer");
	assert_string_equal(text_in(2, "stamp"), "2026-11-21T10:00:02Z");
	/* The deletion was asked for a grace period before its stamp. */
	assert_string_equal(text_in(4, "stamp"), "2026-11-21T10:01:00Z");
	assert_string_equal(text_in(6, "owner"), "rs1");
	assert_string_equal(text_in(6, "stamp"), "");
	/* Whose it is stands in every line. */
	for (size_t i = 0; i < n_lines; i++)
		assert_string_equal(text_in(i, "workload"), "Deployment/orders");
	forget_lines();
	/* A pod of the same name is another. */
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, false, "{" META "}," SPEC ",'status':{}}");
	assert_string_equal(told(), "created scheduled");
	forget_lines();
	seen_close(s);
}

static void what_goes_wrong(void **state)
{
	struct seen *s;
	struct ord_err err;

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	/* There from the beginning: nothing is told of it, */
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, true,
	    "{" META "}," SPEC
	    ",'status':{'containerStatuses':[{'name':'c','restartCount':4,'state':{}}]}}");
	assert_int_equal(n_lines, 0);
	/* but of what changes then. */
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC ",'status':{'containerStatuses':[{'name':'c','restartCount':5,'"
	    "state':{'waiting':{'reason':"
	    "'CrashLoopBackOff'}},'lastState':{'terminated':{'reason':'OOMKilled','exitCode':137,"
	    "'finishedAt':'2026-11-21T10:00:07Z'}}}]}}");
	assert_string_equal(told(), "restarted waiting");
	assert_string_equal(text_in(0, "reason"), "OOMKilled");
	assert_int_equal(json_integer_value(json_object_get(lines[0], "exit")), 137);
	assert_string_equal(text_in(1, "reason"), "CrashLoopBackOff");
	forget_lines();
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "},'spec':{'containers':[{'name':'c'}]},'status':{'conditions':[{'type':"
	    "'DisruptionTarget','status':'True','reason':'EvictionByEvictionAPI'}]}}");
	assert_string_equal(told(), "evicted");
	assert_string_equal(text_in(0, "reason"), "EvictionByEvictionAPI");
	forget_lines();
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, false,
	    "{'metadata':{'name':'p','uid':'u2'},'spec':{'containers':[{}]},'status':{'conditions':"
	    "[{'type':"
	    "'PodScheduled','status':'False','reason':'Unschedulable','message':'0/3 nodes'}]}}");
	assert_string_equal(told(), "created unschedulable");
	assert_string_equal(text_in(1, "message"), "0/3 nodes");
	forget_lines();
	seen_close(s);
}

/* An Event about a pod says whose it is, of a pod that was there from the beginning too; one about
 * somebody unknown does not. */
static void events_of_pods(void **state)
{
	static const char event[] =
		"{'metadata':{'name':'e','uid':'%s'},'type':'Warning','reason':'Unhealthy','count':"
		"1,"
		"'lastTimestamp':'2026-11-21T10:00:01Z','involvedObject':{'kind':'Pod','name':'p','"
		"uid':'%s'}}";
	char text[512];
	struct seen *s;
	struct ord_err err;

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, true, "{" META "}," SPEC ",'status':{}}");
	(void)snprintf(text, sizeof text, event, "e1", "u1");
	see(s, SEEN_EVENTS, "Event", SEEN_ADDED, false, text);
	(void)snprintf(text, sizeof text, event, "e2", "u9");
	see(s, SEEN_EVENTS, "Event", SEEN_ADDED, false, text);
	assert_string_equal(told(), "event event");
	assert_string_equal(text_in(0, "workload"), "Deployment/orders");
	assert_string_equal(text_in(0, "owner"), "rs1");
	assert_string_equal(text_in(1, "workload"), "");
	forget_lines();
	seen_close(s);
}

/* Why a container waits, an init container too; of several, that which was started again last. */
static void containers_of_a_pod(void **state)
{
	struct seen *s;
	struct ord_err err;

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, true, "{" META "}," SPEC ",'status':{}}");
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC
	    ",'status':{'initContainerStatuses':[{'name':'i','state':{'waiting':{'reason':'"
	    "ImagePullBackOff','message':'Back-off pulling'}}}],'containerStatuses':[{'name':'c','"
	    "state':{'waiting':{'reason':'PodInitializing'}}}]}}");
	assert_string_equal(told(), "waiting");
	assert_string_equal(text_in(0, "container"), "i");
	assert_string_equal(text_in(0, "reason"), "ImagePullBackOff");
	assert_string_equal(text_in(0, "message"), "Back-off pulling");
	forget_lines();
	see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
	    "{" META "}," SPEC
	    ",'status':{'containerStatuses':[{'name':'a','restartCount':2,'lastState':{'"
	    "terminated':{'reason':'Error','exitCode':1,'finishedAt':'2026-11-21T10:00:09Z'}}},{'"
	    "name':'b','restartCount':1,'lastState':{'terminated':{'reason':'OOMKilled','exitCode':"
	    "137,'finishedAt':'2026-11-21T10:00:03Z'}}}]}}");
	assert_string_equal(told(), "restarted");
	assert_string_equal(text_in(0, "container"), "a");
	assert_string_equal(text_in(0, "reason"), "Error");
	forget_lines();
	seen_close(s);
}

/* Beyond the bound Events are counted, and the count is told: with the first, at twice as many, and
 * when it is asked for. */
static void too_many_events(void **state)
{
	const size_t over = 100;
	size_t events = 0, tellings = 0;
	struct seen *s;
	struct ord_err err;
	char text[512];

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	for (size_t i = 0; i < SEEN_EVENTS_MAX + over; i++) {
		(void)snprintf(
			text, sizeof text,
			"{'metadata':{'name':'e','uid':'e%zu'},'type':'Warning','reason':'R',"
			"'count':1,'involvedObject':{'kind':'Pod','name':'p','uid':'u'}}",
			i);
		see(s, SEEN_EVENTS, "Event", SEEN_ADDED, false, text);
		for (size_t k = 0; k < n_lines; k++)
			*(strcmp(text_in(k, "what"), "event") ? &tellings : &events) += 1;
		if (i + 1 < SEEN_EVENTS_MAX + over)
			forget_lines();
	}
	assert_int_equal(events, SEEN_EVENTS_MAX);
	assert_int_equal(tellings, 7); /* 1, 2, 4, ... 64 */
	forget_lines();
	seen_dropped(s, 7);
	assert_string_equal(told(), "events-dropped");
	assert_int_equal(json_integer_value(json_object_get(lines[0], "n")), over);
	seen_dropped(s, 8); /* nothing new */
	assert_int_equal(n_lines, 1);
	forget_lines();
	seen_close(s);
}

static void slices_nodes_workloads(void **state)
{
	static const char slice[] =
		"{'metadata':{'name':'orders-1','uid':'s1','labels':{'kubernetes.io/service-name':"
		"'orders'},'managedFields':[{'time':'2026-11-21T10:00:04Z'},{'time':"
		"'2026-11-21T10:00:02Z'}]},'endpoints':[{'conditions':{'ready':%s},'targetRef':{'"
		"uid':'u1',"
		"'name':'a'}},{'conditions':{'ready':true},'targetRef':{'uid':'u2','name':'b'}}]}";
	static const char deployment[] =
		"{'metadata':{'name':'orders','uid':'d1'},'spec':{'replicas':3},'status':{"
		"'readyReplicas':%d,'availableReplicas':%d,'updatedReplicas':3,'conditions':[{'"
		"type':"
		"'Available','status':'%s','lastTransitionTime':'2026-11-21T10:00:04Z'}]}}";
	char text[1024];
	struct seen *s;
	struct ord_err err;

	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	(void)snprintf(text, sizeof text, slice, "false");
	see(s, SEEN_SLICES, "EndpointSlice", SEEN_ADDED, true, text);
	assert_int_equal(n_lines, 0);
	(void)snprintf(text, sizeof text, slice, "true");
	see(s, SEEN_SLICES, "EndpointSlice", SEEN_CHANGED, false, text);
	assert_string_equal(told(), "endpoint-ready");
	assert_string_equal(text_in(0, "pod_uid"), "u1");
	assert_string_equal(text_in(0, "service"), "orders");
	assert_string_equal(text_in(0, "stamp"), "2026-11-21T10:00:04Z");
	see(s, SEEN_SLICES, "EndpointSlice", SEEN_GONE, false, text);
	assert_string_equal(told(), "endpoint-ready endpoint-gone endpoint-gone");
	forget_lines();

	(void)snprintf(text, sizeof text, deployment, 3, 3, "True");
	see(s, SEEN_WORKLOADS, "Deployment", SEEN_ADDED, true, text);
	assert_string_equal(told(), "replicas"); /* where a fall begins */
	assert_string_equal(text_in(0, "stamp"), "");
	(void)snprintf(text, sizeof text, deployment, 2, 2, "False");
	see(s, SEEN_WORKLOADS, "Deployment", SEEN_CHANGED, false, text);
	assert_string_equal(told(), "replicas condition replicas");
	assert_int_equal(json_integer_value(json_object_get(lines[2], "available")), 2);
	assert_int_equal(json_integer_value(json_object_get(lines[2], "desired")), 3);
	forget_lines();

	see(s, SEEN_NODES, "Node", SEEN_ADDED, true,
	    "{'metadata':{'name':'n1','uid':'n1'},'status':{'conditions':[" COND("Ready", "True",
										 "00") "]}}");
	see(s, SEEN_NODES, "Node", SEEN_CHANGED, false,
	    "{'metadata':{'name':'n1','uid':'n1'},'spec':{'unschedulable':true,'taints':[{'key':'k'"
	    ","
	    "'effect':'NoSchedule'}]},'status':{'conditions':[" COND("Ready", "Unknown",
								     "09") "]}}");
	assert_string_equal(told(), "condition taints");
	assert_string_equal(text_in(0, "status"), "Unknown");
	assert_string_equal(text_in(1, "taints"), "k:NoSchedule,cordoned");
	forget_lines();
	seen_close(s);
}

#define EVENT(n)                                                                             \
	"{'metadata':{'name':'e','namespace':'shop','uid':'e1'},'type':'Warning','reason':'" \
	"BackOff',"                                                                          \
	"'count':" #n ",'lastTimestamp':'2026-11-21T10:00:0" #n                              \
	"Z','message':'m','involvedObject':{'kind':'Pod','name':'a','uid':'u1'}}"

static void channels(void **state)
{
	struct ord_kube_channel event, condition;
	struct seen_channel want[] = {{"kubernetes:event/BackOff", &event},
				      {"kubernetes:pod/a*/Ready=False", &condition}};
	struct ord_that_mistake m;
	struct seen *s;
	struct ord_err err;

	assert_int_equal(ord_channel_parse(want[0].text, &event, &m), 0);
	assert_int_equal(ord_channel_parse(want[1].text, &condition, &m), 0);
	assert_int_equal(seen_open(want, 2, on_line, NULL, &s, &err), 0);
	see(s, SEEN_EVENTS, "Event", SEEN_ADDED, true, EVENT(1));
	see(s, SEEN_PODS, "Pod", SEEN_ADDED, true,
	    "{'metadata':{'name':'a1','uid':'u1'},'status':{'conditions':[" COND("Ready", "True",
										 "00") "]}}");
	assert_int_equal(n_lines, 0);
	seen_states(s, 7);
	assert_string_equal(told(), "channel"); /* that of the condition: Events have no state */
	assert_true(json_is_false(json_object_get(lines[0], "on")));
	forget_lines();
	/* An occurrence more, and the same state told again. */
	see(s, SEEN_EVENTS, "Event", SEEN_CHANGED, false, EVENT(2));
	see(s, SEEN_EVENTS, "Event", SEEN_CHANGED, false, EVENT(2));
	assert_string_equal(told(), "channel event");
	assert_string_equal(text_in(0, "channel"), want[0].text);
	assert_string_equal(text_in(0, "stamp"), "2026-11-21T10:00:02Z");
	forget_lines();
	/* On with the first pod that is not ready, off with the last; a pod that goes is not
	 * unready. */
	for (int i = 0; i < 2; i++) {
		see(s, SEEN_PODS, "Pod", SEEN_CHANGED, false,
		    i ? "{'metadata':{'name':'a2','uid':'u2'},'status':{'conditions':[" COND(
				"Ready", "False", "05") "]}}"
		      : "{'metadata':{'name':'a1','uid':'u1'},'status':{'conditions':[" COND(
				"Ready", "False", "04") "]}}");
	}
	see(s, SEEN_PODS, "Pod", SEEN_GONE, false, "{'metadata':{'name':'a1','uid':'u1'}}");
	see(s, SEEN_PODS, "Pod", SEEN_GONE, false, "{'metadata':{'name':'a2','uid':'u2'}}");
	/* Of the channel: on once, off once. */
	{
		int on = 0, off = 0;

		for (size_t i = 0; i < n_lines; i++)
			if (!strcmp(text_in(i, "what"), "channel")) {
				on += json_is_true(json_object_get(lines[i], "on"));
				off += json_is_false(json_object_get(lines[i], "on"));
			}
		assert_int_equal(on, 1);
		assert_int_equal(off, 1);
	}
	forget_lines();
	seen_close(s);
}

/* Whatever order of whatever states: each instant once a pod, none after it was deleted, no leak
 * (ASan). */
static void random_lives(void **state)
{
	static const char *const once[] = {"created", "scheduled", "started", "deleting",
					   "deleted"};
	struct ord_rng rng;
	struct seen *s;
	struct ord_err err;

	ord_rng_init(&rng, 815);
	assert_int_equal(seen_open(NULL, 0, on_line, NULL, &s, &err), 0);
	for (unsigned life = 0; life < 60; life++) {
		bool gone = false;
		char text[2048];

		for (unsigned i = 0; i < 12; i++) {
			bool last = i == 11 || (gone = !ord_rng_below(&rng, 9));

			(void)snprintf(text, sizeof text,
				       "{'metadata':{'name':'p','uid':'l%u'%s},'spec':{%s'"
				       "containers':[{}]},'status':{"
				       "'containerStatuses':[{'restartCount':%u,'state':{%s}}],'"
				       "conditions':[{'type':"
				       "'Ready','status':'%s'}]}}",
				       life,
				       ord_rng_below(&rng, 4)
					       ? ""
					       : ",'deletionTimestamp':'2026-11-21T10:01:30Z'",
				       ord_rng_below(&rng, 2) ? "'nodeName':'n'," : "", i / 4,
				       ord_rng_below(&rng, 2) ? "'running':{}" : "",
				       ord_rng_below(&rng, 2) ? "True" : "False");
			see(s, SEEN_PODS, "Pod", last ? SEEN_GONE : SEEN_CHANGED,
			    i == 0 && life % 2, text);
			if (last)
				break;
		}
		for (size_t k = 0; k < ORD_COUNT(once); k++) {
			unsigned n = 0;

			for (size_t i = 0; i < n_lines; i++)
				n += !strcmp(text_in(i, "what"), once[k]);
			assert_true(n <= 1);
		}
		if (n_lines && !(life % 2))
			assert_string_equal(text_in(0, "what"), "created");
		if (n_lines > 1)
			assert_string_equal(text_in(n_lines - 1, "what"), "deleted");
		forget_lines();
	}
	seen_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod),	   cmocka_unit_test(what_goes_wrong),
		cmocka_unit_test(channels),	   cmocka_unit_test(slices_nodes_workloads),
		cmocka_unit_test(random_lives),	   cmocka_unit_test(events_of_pods),
		cmocka_unit_test(too_many_events), cmocka_unit_test(containers_of_a_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
