/* Environment and files, for the manual. */
#include "cli/command.h"

const struct cli_named cli_environment[] = {
	{"XDG_STATE_HOME", "where runs are kept, in ordeal/runs below it; else /var/lib/ordeal for "
			   "root, ~/.local/state/ordeal for "
			   "others"},
	{"XDG_RUNTIME_DIR",
	 "where the undo records of who is not root are kept, in ordeal below it"},
	{"KUBECONFIG",
	 "the kubeconfigs, with colons between them, merged as kubectl merges them; else "
	 "~/.kube/config"},
	{"ORDEAL_POLICY",
	 "rule files, and URLs of Open Policy Agents, with blanks between them, that must allow "
	 "every run and every fault; see POLICIES"},
	{"ORDEAL_POLICY_TOKEN_FILE", "as --policy-token-file"},
	{"ORDEAL_POLICY_CA", "as --policy-ca"},
	{"ORDEAL_INJECTOR", "the absolute path of the injector, instead of the installed one"},
	{"ORDEAL_INJECTOR_KUBE", "the same of the injector for faults through the Kubernetes API"},
	{"ORDEAL_INJECTOR_STATIC", "the same of the one that --via-copy copies"},
	{"ORDEAL_INJECTOR_SOCKET",
	 "the socket through which who is not root asks for what needs root, instead of "
	 "/run/ordeal-injector.sock; empty: none, but sudo"},
	{"ORDEAL_MODULES", "the folder of the modules, instead of the installed one"},
	{"GITHUB_STEP_SUMMARY", "where it is set, as in a job of GitHub Actions, report.md is "
				"appended to the file that it "
				"names"},
	{"http_proxy, https_proxy, no_proxy",
	 "the proxy through which --send goes; probes never do"},
	{"NO_COLOR", "if it is set and not empty, no colours are used"},
	{0},
};

const struct cli_named cli_files[] = {
	{"/run/ordeal",
	 "undo records of effects that go with a restart, and the mark of halt; mode 0700"},
	{"/etc/ordeal/policy.yaml",
	 "who may ask for which faults through ordeal-injector.socket: root's alone to write"},
	{"/run/ordeal-injector.sock", "where systemd listens for them, for the group 'ordeal'"},
	{"/var/lib/ordeal",
	 "undo records of effects that outlive a restart, and root's runs; of who is "
	 "not root in the state directory"},
	{"/etc/ordeal/rules.yaml",
	 "the operator's rules, where it is there: ordeal-rules(5); no option leaves it out"},
	{"~/.kube/config", "clusters, and as whom they are asked, where KUBECONFIG is not set"},
	{"/var/run/secrets/kubernetes.io/serviceaccount",
	 "the same in a pod: its context is called in-cluster"},
	{"history.db",
	 "beside runs/: what every run came to; 'ordeal history rebuild' makes it anew"},
	{"run.jsonl", "in a run's folder: the timeline, which every report is made from"},
	{0},
};
