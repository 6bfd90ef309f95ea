/* Faults through the Kubernetes API: what ordeal(1) says of them as a whole, and
 * ordeal-injector-kube(8). */
#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"

static const char which[] =
	"A run, an inject and a rescue name the cluster: --context, or limits.cluster in the file; "
	"where both are there they must agree. The kubeconfig's current context is never taken, "
	"and "
	"neither is a context's namespace (init alone takes that where none is given). In a pod "
	"the "
	"context in-cluster is its service account.\n"
	"\n"
	"A kubeconfig may hold client certificates, tokens, files of tokens (read again when they "
	"change) and exec plugins. An auth-provider and impersonation are refused with their "
	"place. "
	"insecure-skip-tls-verify is obeyed, with a warning, in the report too.";

static const char rights[] =
	"ordeal rbac prints the least role that a file needs; a run asks the cluster for each of "
	"these "
	"rights before it starts anything, and names what is missing. Those of each fault stand in "
	"ordeal-injector-kube(8).";

static const char chosen[] =
	"All that is said of a target must hold, and exclude takes away from it. Without count, "
	"percent "
	"or all exactly one object must match. A percentage is rounded up: 50% of three is two, 1% "
	"of "
	"three is one. The seed decides who is drawn; the same seed draws the same among the same "
	"objects. With follow, pods that come to match while the fault lasts are hit too, up to "
	"limits.targets. ordeal targets shows who would be hit, and the first reason against each "
	"other.\n"
	"\n"
	"Never hit, unless they are named: what is in namespace kube-system; what carries the "
	"label or "
	"annotation ordeal.dev/protect: \"true\", or is in a namespace that does; the pod that "
	"ordeal "
	"runs in; and the node that the API server runs on.";

static const char held[] =
	"While a fault is held a coordination.k8s.io Lease stands for each target (more than 32 in "
	"a "
	"namespace share one): a second run on the same target is refused, from whatever machine. "
	"It is "
	"renewed every 5 s, and runs out 15 s after its holder was killed. What was changed on an "
	"object "
	"is noted in its annotation ordeal.dev/undo, in the same write as the change, and goes in "
	"the "
	"same write as the revert.\n"
	"\n"
	"A revert compares first: a field that somebody changed meanwhile stays as it is, and is "
	"told. "
	"Where another (Argo CD, an autoscaler, a person) takes the fault back while it is held, "
	"the "
	"hold ends there and then, the report names who, and the run does not pass.\n"
	"\n"
	"Where the API server is away when the time is up, holder and guardian try until it is "
	"back; the "
	"report says how long the fault stood past its time. Where both were killed, ordeal rescue "
	"on the "
	"same machine replays the undo record, and ordeal rescue --kube --context NAME on any "
	"machine "
	"what the annotations say: it believes one only where managedFields say that ordeal wrote "
	"the field, or the run's Lease is there, and leaves alone what a live run holds.\n"
	"\n"
	"A deleted or evicted pod and a restart cannot be undone: class none, residue not "
	"applicable. "
	"net.policy and istio.fault change what a network plugin or a mesh is to carry out; "
	"whether one "
	"does cannot be read through the API. Where no probe feels such a fault the report says "
	"\"accepted, effect not observed\", and the run is inconclusive.";

void part_cluster(FILE *out)
{
	roff_section(out, "IN A CLUSTER");
	roff_subsection(out, "Which cluster, and as whom");
	roff_text(out, which);
	roff_subsection(out, "Rights");
	roff_text(out, rights);
	roff_subsection(out, "Who is hit");
	roff_text(out, chosen);
	roff_subsection(out, "While it is held, and after");
	roff_text(out, held);
}

static void put_rights(FILE *out)
{
	char text[900], targets[64];

	roff_section(out, "FAULTS");
	roff_text(out,
		  "RIGHTS are GROUP/RESOURCE:VERBS; TARGET is the resource of the target. Every "
		  "lease needs besides: to read its targets, and get, create, patch and delete of "
		  "coordination.k8s.io/leases in their namespace (of nodes in kube-node-lease, of "
		  "what else is in no namespace in default).");
	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];

		if (f->program != ORD_PROGRAM_KUBE)
			continue;
		roff_subsection(out, f->name);
		(void)snprintf(text, sizeof text,
			       "It %s. Class %s; targets: %s. It makes: %s. Rights: %s.",
			       f->summary, ord_guarantee_name(f->guarantee),
			       cli_targets_text(f->targets, sizeof targets, targets), f->objects,
			       f->caps);
		roff_text(out, text);
	}
}

void page_injector_kube(FILE *out)
{
	roff_title(out, "ORDEAL-INJECTOR-KUBE", "8", "hold a fault in a cluster, and take it away");
	(void)fputs(".SH SYNOPSIS\n.B ordeal\\-injector\\-kube\n", out);
	roff_section(out, "DESCRIPTION");
	roff_text(
		out,
		"The half of ordeal(1) that changes objects of a cluster. It speaks as "
		"ordeal-injector(8) does, and keeps the same promises: one process holds one "
		"lease, "
		"the undo record is written and synced before the change, a guardian reverts when "
		"this process dies, and the end of its input ends the fault.\n"
		"\n"
		"It needs no privilege and keeps its uid: the credentials are the caller's, and "
		"are "
		"read again when a token is rotated. It drops every capability, cannot gain one, "
		"leaves no core file with secrets, and loads a system call filter that lets it "
		"start "
		"no program. Where the kubeconfig has an exec plugin the filter forbids a list of "
		"calls instead, and a note says so.\n"
		"\n"
		"An add carries the context, the URL of the API server that was asked (another is "
		"refused) and the objects with their UIDs. One request is its own: sweep, which is "
		"ordeal rescue --kube. No request carries a credential.");
	put_rights(out);
	roff_section(out, "EXIT STATUS");
	roff_item(out, "0", NULL, "reverted as asked");
	roff_item(out, "1", NULL, "failed");
	roff_item(out, "2", NULL, "the request was wrong");
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1),\n.BR ordeal\\-injector (8)\n", out);
}
