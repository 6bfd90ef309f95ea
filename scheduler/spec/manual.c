/* The tables of ordeal-spec(5), as man(7) source. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/manual.h"

enum { COLUMNS = 76 };

static void put_char(FILE *out, char c)
{
	if (c == '\\')
		(void)fputs("\\e", out);
	else if (c == '-')
		(void)fputs("\\-", out);
	else
		(void)fputc(c, out);
}

/* Text in lines that a person can read, none of which may look like a request. */
static void put(FILE *out, const char *text)
{
	size_t at = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (at && at + 1 + n > COLUMNS) {
			(void)fputc('\n', out);
			at = 0;
		} else if (at) {
			(void)fputc(' ', out);
			at++;
		}
		if (!at && (*text == '.' || *text == '\''))
			(void)fputs("\\&", out);
		for (size_t i = 0; i < n; i++)
			put_char(out, text[i]);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
}

static void line(FILE *out, const char *text)
{
	put(out, text);
	(void)fputc('\n', out);
}

static void literal_line(FILE *out, const char *text)
{
	for (; *text; text++)
		put_char(out, *text);
	(void)fputc('\n', out);
}

/* "LABEL text." */
static void labelled(FILE *out, const char *label, const char *text)
{
	char all[1024];

	(void)snprintf(all, sizeof all, "%s %s.", label, text);
	line(out, all);
}

/* Sentences begin with a capital and end with a point; the tables' clauses do neither. */
static void sentence(FILE *out, const char *clause)
{
	size_t n = strlen(clause);
	char all[1024];

	(void)snprintf(all, sizeof all, "%s%s", clause, n && clause[n - 1] == '.' ? "" : ".");
	*all = (char)toupper((unsigned char)*all);
	line(out, all);
}

static void item(FILE *out, const char *tag, const char *type)
{
	(void)fputs(".TP\n\\fB", out);
	put(out, tag);
	(void)fputs("\\fR (\\fI", out);
	put(out, type);
	(void)fputs("\\fR)\n", out);
}

/* "a | b" of "a|b" */
static void choices_text(const char *choices, char *out, size_t size)
{
	size_t n = 0;

	for (; *choices && n + 4 < size; choices++)
		n += (size_t)snprintf(out + n, size - n, *choices == '|' ? " | " : "%c", *choices);
}

/* The type without its example: "a duration, as in '200ms'" -> "a duration". */
static void type_words_of(const struct key *key, char *out, size_t size)
{
	const char *example = strstr(key->type->what, ", as in");
	size_t n = example ? (size_t)(example - key->type->what) : strlen(key->type->what);

	if (key->choices)
		choices_text(key->choices, out, size);
	else if (key->type == &type_list)
		(void)snprintf(out, size, "a list, at most %d", (int)key->max);
	else
		(void)snprintf(out, size, "%.*s", (int)n, key->type->what);
}

static void put_range(FILE *out, const struct key *key)
{
	char lo[32], hi[32];

	if (key->type == &type_duration)
		(void)fprintf(out, "From %s to %s.\n", ord_format_duration(key->min, lo),
			      ord_format_duration(key->max, hi));
	else if (key->type == &type_count || key->type == &type_seed)
		(void)fprintf(out, "From %lld to %lld.\n", (long long)key->min,
			      (long long)key->max);
}

static void put_key(FILE *out, const struct key *key)
{
	char type[200];

	type_words_of(key, type, sizeof type);
	item(out, key->name, type);
	sentence(out, key->help);
	put_range(out, key);
	if (key->def)
		labelled(out, "Default:", key->def);
	if (key->flags & KEY_REQUIRED)
		(void)fputs("Required.\n", out);
}

void manual_table(FILE *out, const struct table *table)
{
	char words[200];

	(void)fputs(".SS ", out);
	line(out, *table->path ? table->path : "the file");
	line(out, table->help);
	if (table->one_of) {
		choices_join(table->one_of, words, sizeof words);
		labelled(out, "Exactly one is needed of", words);
	}
	for (size_t i = 0; i < table->n; i++)
		if (!(table->keys[i].flags & KEY_LATER))
			put_key(out, &table->keys[i]);
}

static const char *param_type(const struct ord_param *p, char *out, size_t size)
{
	static const char *const names[] = {
		[ORD_PARAM_DURATION] = "duration",
		[ORD_PARAM_PERCENT] = "percentage",
		[ORD_PARAM_SIZE] = "size",
		[ORD_PARAM_RATE] = "size a second",
		[ORD_PARAM_COUNT] = "number",
		[ORD_PARAM_BOOL] = "true or false",
		[ORD_PARAM_CHOICE] = "",
		[ORD_PARAM_SIGNAL] = "signal",
		[ORD_PARAM_CPUS] = "CPUs",
		[ORD_PARAM_TEXT] = "text",
		[ORD_PARAM_ENDPOINTS] = "list of endpoints",
	};

	if (p->type == ORD_PARAM_CHOICE)
		choices_text(p->choices, out, size);
	else
		(void)snprintf(out, size, "%s", names[p->type]);
	return out;
}

static const char *amount(enum ord_param_type type, int64_t v, char out[static 32])
{
	if (type == ORD_PARAM_DURATION)
		return ord_format_duration(v, out);
	if (type == ORD_PARAM_PERCENT)
		return ord_format_percent(v, out);
	if (type == ORD_PARAM_SIZE || type == ORD_PARAM_RATE)
		return ord_format_size(v, out);
	(void)snprintf(out, 32, "%lld", (long long)v);
	return out;
}

static void put_param(FILE *out, const struct ord_param *p)
{
	const char *per = p->type == ORD_PARAM_RATE ? "/s" : "";
	char type[200], lo[32], hi[32];

	item(out, p->name, param_type(p, type, sizeof type));
	sentence(out, p->help);
	if (p->max)
		(void)fprintf(out, "From %s%s to %s%s.\n", amount(p->type, p->min, lo), per,
			      amount(p->type, p->max, hi), per);
	if (p->def)
		labelled(out, "Default:", p->def);
	if (p->required)
		(void)fputs("Required.\n", out);
}

/* "pod, workload and service", as the keys of a target are called. */
static void put_targets(FILE *out, unsigned targets)
{
	static const struct {
		unsigned bit;
		const char *name;
	} all[] = {{ORD_ON_NET, "netns"},	  {ORD_ON_PROCESS, "process"},
		   {ORD_ON_CGROUP, "cgroup"},	  {ORD_ON_HOST, "host"},
		   {ORD_ON_POD, "pod"},		  {ORD_ON_NODE, "node"},
		   {ORD_ON_WORKLOAD, "workload"}, {ORD_ON_SERVICE, "service"},
		   {ORD_ON_OBJECT, "object"}};
	char names[128] = "", words[160];
	size_t n = 0;

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		if (targets & all[i].bit && n < sizeof names)
			n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? "|" : "",
					      all[i].name);
	choices_join(names, words, sizeof words);
	labelled(out, "Targets:", words);
}

static void put_fault(FILE *out, const struct ord_fault *f)
{
	char engines[96];

	(void)fputs(".SS ", out);
	line(out, f->name);
	sentence(out, f->summary);
	(void)fprintf(out, "Guarantee class %s.\n", ord_guarantee_name(f->guarantee));
	put_targets(out, f->targets);
	labelled(out, "It is felt by", f->blast);
	if (*f->engines) {
		choices_join(f->engines, engines, sizeof engines);
		labelled(out, "Engines:", engines);
	}
	for (size_t i = 0; i < f->n_params; i++)
		put_param(out, &f->params[i]);
}

void manual_prose(FILE *out, const char *const *lines, size_t n)
{
	bool literal = false;

	for (size_t i = 0; i < n; i++) {
		bool now = !strncmp(lines[i], "  ", 2);

		if (now && !literal)
			(void)fputs(i ? ".PP\n.nf\n" : ".nf\n", out);
		if (!now && literal)
			(void)fputs(*lines[i] ? ".fi\n.PP\n" : ".fi\n", out);
		literal = now;
		if (now)
			literal_line(out, lines[i]);
		else if (*lines[i])
			line(out, lines[i]);
		else
			(void)fputs(".PP\n", out);
	}
	if (literal)
		(void)fputs(".fi\n", out);
}

static const char *const example[] = {
	"  apiVersion: ordeal.dev/v1",
	"  kind: Experiment",
	"  metadata:",
	"    name: orders-survive-slow-database",
	"  spec:",
	"    hypothesis: Orders answer within 300 ms when the database is slow.",
	"    probes:",
	"      - name: orders",
	"        http:",
	"          url: http://127.0.0.1:8080/orders",
	"          expect: {status: 200, within: 300ms}",
	"        every: 100ms",
	"      - name: breaker",
	"        role: signal",
	"        http:",
	"          url: http://127.0.0.1:8080/metrics",
	"          expect: {body: breaker_open 1}",
	"        every: 100ms",
	"    steadyState:",
	"      - orders.ok_ratio >= 0.99 over 5s",
	"    faults:",
	"      - name: slow-database",
	"        net.delay: {delay: 200ms, jitter: 20ms, to: [{port: 5432}]}",
	"        target: {process: {name: orders}}",
	"        for: 60s",
	"    abort:",
	"      - orders.ok_ratio < 0.2 over 5s",
	"    objectives:",
	"      - detect(breaker) within 2s",
	"      - recover(self) within 10s hold 3s",
	"      - recover(after_rollback) within 5s",
	"    repetitions: 5",
	"    limits: {targets: 1, duration: 60s}",
};

static const char *const sentences[] = {
	"A condition is a sentence about the samples of one probe:",
	"  PROBE.ok_ratio COMPARISON RATIO over WINDOW",
	"  PROBE.latency.p50|p90|p95|p99|max COMPARISON DURATION over WINDOW",
	"  PROBE.value COMPARISON NUMBER over WINDOW",
	"The comparison is one of <, <=, > and >=; the ratio 0.99 or 99%.",
	"value is of probes of kind prom: the last in the window; it may also be == and !=.",
	"A condition of abort that cannot be evaluated for its whole window aborts too.",
	"abort also takes an alert, which must be known to be otherwise as a condition must:",
	"  prometheus:ALERT firing|pending",
	"  alertmanager:ALERT firing",
	"",
	"An objective is one of:",
	"  detect(PROBE) within DURATION",
	"  detect(CHANNEL) within DURATION",
	"  recover(self) within DURATION [hold DURATION]",
	"  recover(after_rollback) within DURATION [hold DURATION]",
	"  recover(full) within DURATION [hold DURATION]",
	"  budget(SHARE, PERIOD) < SHARE",
	"  no_regression(FIGURE) margin SHARE against FILE|TAG",
	"detect counts from the impact to the first good sample of a probe whose role is signal,",
	"or to the instant at which the channel noticed (CHANNELS).",
	"recover(self) counts from the impact to the recovery while the fault is still in force;",
	"recover(after_rollback) from the moment at which the fault is gone;",
	"recover(full) from the impact to the first instant from which all conditions of",
	"spec.fullRecovery hold. A recovery must last for its hold, 1s where none is given.",
	"budget is about a promise such as 99.9% in 30d: a repetition may burn less than the share",
	"of its error budget.",
	"no_regression holds a figure of all repetitions against those of an earlier run: ttr,",
	"ttr_self, ttr_after, ttd, ttd:CHANNEL or impact. FILE is a run's folder, a report.json",
	"or what `ordeal baseline` wrote; TAG is one given by `ordeal tag`.",
};

static const char *const channels[] = {
	"What noticed, in detect() and in the figures of no_regression(), is one of:",
	"  PROBE",
	"  prometheus:ALERT[/pending|/firing]",
	"  alertmanager:ALERT[/received|/active|/notified]",
	"  kubernetes:...",
	"  log:NAME",
	"  mark[:ROLE]",
	"An alert is named with or without labels that must be equal, as in",
	"  prometheus:SlowOrders{severity=\"page\"}",
	"and with its name in quotes where it has blanks. Without a stage it is firing",
	"in Prometheus, active (received and not suppressed) in Alertmanager. notified is",
	"what ordeal's own webhook receives. What was so before the fault is no detection.",
	"A log is one of spec.detection.logs. A mark is what a person says, of any role or of one:",
	"  ordeal mark latest detected --by on-call",
	"The servers that are asked, and the logs:",
	"  detection:",
	"    prometheus: {url: \"http://127.0.0.1:9090\"}",
	"    alertmanager:",
	"      url: http://127.0.0.1:9093",
	"      webhook: {listen: \"127.0.0.1:9199\"}",
	"    logs:",
	"      - {name: orders, file: /var/log/orders.log, match: failing over}",
};

static const char *const kubernetes[] = {
	"Targets in a cluster, a probe of an object, and a detection channel:",
	"  limits: {targets: 1, duration: 30s, cluster: staging}",
	"  faults:",
	"    - name: kill",
	"      pod.delete: {grace: 5s, every: 10s, leave-ready: 2}",
	"      target: {pod: {owner: Deployment/orders}, namespace: shop, count: 1}",
	"      for: 30s",
	"  probes:",
	"    - name: orders",
	"      kube: {watch: deployment/orders, namespace: shop, that: available >= 2}",
	"  objectives:",
	"    - detect(kubernetes:deployment/orders/Available=False) within 10s",
	"ordeal(1), IN A CLUSTER, says how a cluster is named, who is protected,",
	"and how a fault is taken away again.",
	"",
	"What a kube probe asks of one object is one of these, or up to four joined by 'and':",
	"  exists",
	"  absent",
	"  CONDITION=True|False|Unknown",
	"  FIGURE COMPARISON NUMBER|FIGURE",
	"  PATH COMPARISON NUMBER|TEXT|PATH",
	"A figure is a count that the kind keeps: desired, replicas, ready, available, unavailable",
	"and updated of a workload; active, ready, succeeded and failed of a job; allowed, healthy",
	"and desired of a disruption budget; endpoints, those that are ready, of a slice.",
	"A path begins with a point, as in .status.phase or",
	".metadata.labels['app.kubernetes.io/name'].",
	"The comparison is one of =, !=, <, <=, > and >=; texts are equal or not.",
	"Of a set it is one of:",
	"  count COMPARISON NUMBER",
	"  count(TEST) COMPARISON NUMBER",
	"  sum(FIGURE|PATH) COMPARISON NUMBER",
	"  all(TEST)",
	"  any(TEST)",
	"  ready COMPARISON NUMBER",
	"where ready, of pods and nodes, counts those whose condition Ready is True",
	"and that are not being deleted.",
	"",
	"As a channel of detect,",
	"  kubernetes:[NAMESPACE/]event/REASON",
	"  kubernetes:[NAMESPACE/]KIND/NAME/CONDITION=STATUS",
	"is an Event of that reason, or an object that comes to have the condition.",
	"Reason, name and namespace may be globs; without a namespace it is where",
	"the targets are. What was told, or was so, before the fault is no detection.",
};

static const char *const yaml[] = {
	"A file holds one document of at most 1 MiB, 20000 values and 32 levels, in UTF-8.",
	"Anchors and aliases work, and so does the merge key <<: {<<: *base, name: b}.",
	"Tags are refused, and so are duplicate keys.",
	"A plain value that YAML 1.1 and 1.2 read differently must stand in quotes:",
	"yes, no, on, off, 0755, 1_000, 12:30, 2026-11-21.",
};

static const char *const overrides[] = {
	"--set PATH=VALUE of run, plan and validate changes a value before the file is checked.",
	"A path names keys with points between them. In brackets stand items of lists, by number",
	"or by name, and keys that hold a point themselves:",
	"  --set spec.repetitions=1",
	"  --set spec.faults[0].for=2s",
	"  --set spec.probes[orders].every=50ms",
	"  --set spec.faults[slow-database].net.delay.delay=50ms",
	"  --set metadata.labels[app.kubernetes.io/name]=orders",
	"The value is read as YAML. A key that is not there is made,",
	"an item that is not there is an error.",
};

void ord_spec_manual(FILE *out)
{
	(void)fputs(".SH EXAMPLE\n", out);
	manual_prose(out, example, ORD_COUNT(example));
	(void)fputs(".SH KEYS\n", out);
	for (size_t i = 0; i < n_tables; i++)
		manual_table(out, tables[i]);
	(void)fputs(".SH CONDITIONS AND OBJECTIVES\n", out);
	manual_prose(out, sentences, ORD_COUNT(sentences));
	(void)fputs(".SH CHANNELS\n", out);
	manual_prose(out, channels, ORD_COUNT(channels));
	(void)fputs(".SH KUBERNETES\n", out);
	manual_prose(out, kubernetes, ORD_COUNT(kubernetes));
	(void)fputs(".SH FAULTS\nEach is a key of an item of spec.faults, and takes these keys "
		    "itself.\n",
		    out);
	for (size_t i = 0; i < ord_n_faults; i++)
		put_fault(out, &ord_faults[i]);
	(void)fputs(".SH YAML\n", out);
	manual_prose(out, yaml, ORD_COUNT(yaml));
	(void)fputs(".SH OVERRIDES\n", out);
	manual_prose(out, overrides, ORD_COUNT(overrides));
}
