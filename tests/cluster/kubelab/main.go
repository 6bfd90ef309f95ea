// Kubelab is a whole Kubernetes in one program, for tests: the first argument,
// or the name that it is called by, says which part it is.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// part makes a part of one that Kubernetes itself has as a command.
func part(command func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(command())) }
}

var parts = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          part(apiserver.NewAPIServerCommand),
	"kube-controller-manager": part(controllers.NewControllerManagerCommand),
	"kube-scheduler":          part(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kube-proxy":              part(proxy.NewProxyCommand),
	"kubelet": part(func() *cobra.Command {
		return kubelet.NewKubeletCommand(context.Background())
	}),
	"kubectl": func() {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
	},
	"kwok":        kwokMain,
	"kwok-config": kwokConfigMain,
	"certs":       certsMain,
	"churn":       churnMain,
	"load":        loadMain,
	"ready":       readyMain,
}

// must ends the program with the error, if there is one: nothing here is worth going on after it.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubelab:", err)
		os.Exit(1)
	}
}

func main() {
	run, ok := parts[filepath.Base(os.Args[0])]
	if !ok && len(os.Args) > 1 {
		if run, ok = parts[os.Args[1]]; ok {
			os.Args = os.Args[1:]
		}
	}
	if !ok {
		names := slices.Sorted(maps.Keys(parts))
		fmt.Fprintln(os.Stderr, "usage: kubelab PART [ARGUMENT]..., where PART is one of", strings.Join(names, ", "))
		os.Exit(2)
	}
	run()
}
