/* ordeal-rules(5), and what ordeal(1) says of policies. */
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"
#include "ordeal/policy.h"

void part_policies(FILE *out)
{
	roff_section(out, "POLICIES");
	roff_text(
		out,
		"A policy is asked when the plan and its targets are known, before anything is "
		"made, and must allow it: a rule file (ordeal-rules(5)), or an Open Policy Agent "
		"by "
		"URL. Those that are asked are\n"
		"  /etc/ordeal/rules.yaml, where it is there,\n"
		"  those in $ORDEAL_POLICY, with blanks between them,\n"
		"  each --policy of run, inject, plan and validate, and\n"
		"  policy of the experiment,\n"
		"all of them, and each must allow it. Nothing takes one away, and one that cannot "
		"be read refuses. They guard against mistakes of those who may use ordeal as it is "
		"installed; who runs another program as root is not held by them.\n"
		"\n"
		"The exit status is 2 where one refused, and 6 where one did not answer and none "
		"refused; nothing was done in either case. Every reason is told, with the rule, "
		"its "
		"line, and what would be right. Who allowed a run stands in its timeline and in "
		"its "
		"reports, with the SHA-256 of the rule file or the decision's id. The plan's hash "
		"does not change.\n"
		"\n"
		"ordeal validate --policy P FILE explains what would be said, and fails as a run "
		"would; ordeal plan --policy P shows it. A fault by hand has no labels and one "
		"repetition, and its length is its --for.\n"
		"\n"
		"Before each repetition the hours of rule files are looked at again, for a machine "
		"that slept or whose clock was set: where it would not end within them the run is "
		"aborted (exit status 3). A server is asked once, for the whole run at its "
		"longest.\n"
		"\n"
		"A server gets a POST of {\"input\": QUESTION}: the plan, the targets as found, "
		"the "
		"cluster, host, user and time (docs/formats/policy.md). Leave is an answer with "
		"status 200 and {\"result\": true}, or {\"result\": {\"allow\": true}} with an "
		"empty "
		"or no \"deny\". It has 5 s. No redirect is followed and no proxy used. The token "
		"and the CA are for the operator's URLs and the command line's; one that an "
		"experiment names is given neither.\n"
		"\n"
		"  ordeal validate --policy experiments/policies/rules.yaml slow.yaml\n"
		"  ordeal run slow.yaml --policy http://127.0.0.1:8181/v1/data/ordeal");
}

static void put_rules(FILE *out)
{
	roff_section(out, "HOW RULES ARE READ");
	roff_text(
		out,
		"Each fault of the plan is judged by itself, and in each namespace that its target "
		"may be in. A rule speaks of it where all of its 'where' holds. All rules that "
		"speak of it must hold, in whatever order; where none does, 'default' decides. So "
		"a "
		"rule without conditions is leave, and more rules only take away.\n"
		"\n"
		"Environments are found, not claimed: by the API server's URL, the names of the "
		"cluster and the context, or the machine's name. Names in a kubeconfig are its "
		"owner's to choose; 'servers' is what cannot be renamed. A target on this machine "
		"is "
		"in an environment by 'hosts' alone, one in a cluster by the others.\n"
		"\n"
		"A pattern is a name with * for any characters and ? for one. A target may be a "
		"pattern itself, or choose namespaces by their labels: what it may come to mean "
		"counts, so what allows must cover all of it, and what denies any of it. Names in "
		"the experiment settle it. 'exclude' of a target is not looked at.\n"
		"\n"
		"The longest time of a run is the sum over its repetitions, the placebo's too: the "
		"wait for the steady state before and after (twice its longest window, the longest "
		"timeout and 5 s, each), the drawn wait, the faults, 5 s, the recovery, and the "
		"cooldown between. Most runs take much less.\n"
		"\n"
		"What takes CPU and memory is bounded by its parameters, as in\n"
		"  atMost: {cpu.burn.load: 50%, mem.fill.size: 1GiB}\n"
		"A parameter that is bounded and neither given nor has a default is refused: "
		"another may say the same.\n"
		"\n"
		"Labels are what the experiment says of itself. They are good for knowing whom to "
		"call; they are no leave.");
}

void page_rules(FILE *out)
{
	roff_title(out, "ORDEAL-RULES", "5", "the language of rule files");
	roff_section(out, "DESCRIPTION");
	roff_text(out,
		  "A rule file says what ordeal may do, where and when: POLICIES of ordeal(1) "
		  "tells who names it. It is one YAML document, read as strictly as an "
		  "experiment is; ordeal schema Rules prints it as a JSON Schema for editors.");
	roff_section(out, "EXAMPLE");
	roff_text(out, "What may be done in one environment, at what time, and what never:\n"
		       "  apiVersion: ordeal.dev/v1\n"
		       "  kind: Rules\n"
		       "  metadata: {name: office}\n"
		       "  default: deny\n"
		       "  environments:\n"
		       "    staging: {servers: [\"https://10.20.*\"], hosts: [\"stage-*\"]}\n"
		       "  rules:\n"
		       "    - name: staging\n"
		       "      where: {environments: staging}\n"
		       "      limits: {duration: 10m, targets: 5, percent: 50%}\n"
		       "      atMost: {cpu.burn.load: 50%}\n"
		       "    - name: never-nodes\n"
		       "      where: {targets: node}\n"
		       "      deny: nodes are the platform team's\n"
		       "    - name: office-hours\n"
		       "      hours:\n"
		       "        timezone: Europe/Berlin\n"
		       "        windows: [{days: mon-fri, from: \"09:00\", to: \"17:00\"}]\n"
		       "        except: [\"12-20..01-06\"]");
	roff_section(out, "KEYS");
	roff_tables(out, ord_policy_manual);
	put_rules(out);
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1),\n.BR ordeal\\-spec (5)\n", out);
}
