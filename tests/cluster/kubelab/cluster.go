package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// connect has no limit of its own on the rate: an admin is exempt from the server's too.
func connect(kubeconfig string) *kubernetes.Clientset {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	set, err := kubernetes.NewForConfig(config)
	must(err)
	return set
}

// nodeReady fails while the node is missing or not Ready.
func nodeReady(ctx context.Context, set *kubernetes.Clientset, name string) error {
	node, err := set.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("node %s is not Ready", name)
}

// readyMain waits until the API server answers that it is ready; and until what is asked for
// besides is there.
func readyMain() {
	flags := flag.NewFlagSet("ready", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file")
	limit := flags.Duration("timeout", time.Minute, "give up after this time")
	account := flags.Bool("account", false, "the controllers have made the default service account too")
	node := flags.String("node", "", "this node is Ready too")
	must(flags.Parse(os.Args[1:]))
	set, begun := connect(*kubeconfig), time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	look := func() error {
		_, err := set.Discovery().RESTClient().Get().AbsPath("/readyz").Timeout(2 * time.Second).DoRaw(ctx)
		if err == nil && *account {
			_, err = set.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		}
		if err == nil && *node != "" {
			err = nodeReady(ctx, set, *node)
		}
		return err
	}
	for err := look(); err != nil; err = look() {
		select {
		case <-ctx.Done():
			must(fmt.Errorf("not ready after %v: %w", *limit, err))
		case <-time.After(50 * time.Millisecond):
		}
	}
	fmt.Printf("ready after %.2f s\n", time.Since(begun).Seconds())
}
