package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	nodefast "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podfast "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

// Pods get addresses out of TEST-NET-1, so that no packet for one can reach a real host. As a
// library kwok has no defaults for what runs in parallel, and refuses zero.
const kwokOptions = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  cidr: 192.0.2.0/24
  nodeIP: 127.0.0.1
  manageNodesWithAnnotationSelector: kwok.x-k8s.io/node=fake
  enablePodsOnNodeSyncStreamWatch: true
  nodeLeaseDurationSeconds: 200
  nodeLeaseParallelism: 4
  nodePlayStageParallelism: 8
  podPlayStageParallelism: 16
  podsOnNodeSyncParallelism: 8
`

// kwokConfigMain prints the options with the stages that kwok calls fast: a pod runs and goes at
// once, a Job's pod completes, a node keeps its lease.
func kwokConfigMain() {
	stages := []string{
		nodefast.DefaultNodeInit, heartbeat.DefaultNodeHeartbeatWithLease,
		podfast.DefaultPodReady, podfast.DefaultPodComplete, podfast.DefaultPodDelete,
	}
	fmt.Print(kwokOptions)
	for _, stage := range stages {
		fmt.Print("---\n", stage)
	}
}

// kwokMain reads the log level and the configuration before it makes the command: the command's
// defaults come from them.
func kwokMain() {
	early := pflag.NewFlagSet("early", pflag.ContinueOnError)
	early.ParseErrorsAllowlist.UnknownFlags = true
	early.Usage = func() {}
	ctx, _ := log.InitFlags(signals.SetupSignalContext(), early)
	ctx, err := config.InitFlags(ctx, early)
	must(err)
	command := cmd.NewCommand(ctx)
	command.Version = "" // Kubernetes has a --version of its own on the global flags
	command.PersistentFlags().AddFlagSet(early)
	if err = command.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
}
