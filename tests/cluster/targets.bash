# Who is chosen, by ordeal and by kubectl.
# shellcheck shell=bash

# experiment TARGET-YAML [LIMIT] [FAULT]: the file $T/e.yaml
experiment() {
	cat >"$T/e.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: targets}
spec:
  seed: 7
  probes: [{name: self, tcp: "127.0.0.1:1", every: 100ms}]
  steadyState: [self.ok_ratio >= 0.99 over 1s]
  faults: [{name: it, ${3:-pod.delete: {\}}, target: $1, for: 1s}]
  objectives: [recover(after_rollback) within 5s]
  limits: {targets: ${2:-1000}, duration: 1s, cluster: kubelab}
END
}

# chosen TARGET-YAML [LIMIT] [FAULT]: names of those that would be hit, sorted. Without an explanation (plan) and with one (targets)
# the same must be chosen: the first lets the server select, the second looks at everything.
chosen() {
	experiment "$@"
	"$ordeal" plan --json "$T/e.yaml" >"$T/plan.json" 2>"$T/plan.err"
	"$ordeal" targets --json "$T/e.yaml" >"$T/targets.json" 2>"$T/targets.err" || :
	jq -r '.resolved[0].place.cluster.objects // [] | .[][3]' "$T/plan.json" | sort >"$T/by-plan"
	jq -r '.[0].chosen[][3]' "$T/targets.json" | sort >"$T/by-targets"
	diff -u "$T/by-plan" "$T/by-targets" >&2 || return 1
	cat "$T/by-plan"
}

# same TARGET-YAML KUBECTL-ARGUMENT...: all that match are what kubectl lists.
same() {
	local target=$1
	shift
	k get "$@" -o name | sed 's,.*/,,' | sort >"$T/oracle"
	[ -s "$T/oracle" ]
	chosen "{$target, all: true}" >"$T/ours"
	diff -u "$T/oracle" "$T/ours" || { jq -r '.resolved[0].why' "$T/plan.json" && false; }
}

# part_of FAULT TARGET-YAML KUBECTL-ARGUMENT...: what kubectl lists is chosen; and since that is not all that $everything
# (its arguments without a filter) lists, the filter was heeded.
part_of() {
	local fault=$1 target=$2
	shift 2
	k get "$@" -o name | sed 's,.*/,,' | sort >"$T/oracle"
	[ -s "$T/oracle" ] || { echo "kubectl get $* lists nothing" && false; }
	k get $everything -o name | sed 's,.*/,,' | sort >"$T/all"
	! cmp -s "$T/oracle" "$T/all" || { echo "kubectl get $* lists everything" && false; }
	chosen "{$target, all: true}" 1000 "$fault" >"$T/ours"
	diff -u "$T/oracle" "$T/ours" || { echo "$target" && jq -r '.resolved[0].why' "$T/plan.json" && false; }
}

# nothing_of FAULT TARGET-YAML REASON: nobody is chosen, and that is why.
nothing_of() {
	experiment "{$2, all: true}" 1000 "$1"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ] && [[ $output == *"$3"* ]] || { echo "$2: $output" && false; }
}
