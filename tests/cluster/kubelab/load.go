package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const loadNamespaces = 10

// load is a crowd of nodes and pods that exist in the API alone; kwok plays them.
type load struct {
	nodes, pods, apps, workers int
	bind                       bool // name each pod's node, instead of leaving that to the scheduler
	set                        *kubernetes.Clientset
}

func nodeName(i int) string      { return fmt.Sprintf("fake-%04d", i) }
func namespaceName(i int) string { return fmt.Sprintf("load-%d", i%loadNamespaces) }

func (l *load) node(i int) *corev1.Node {
	room := corev1.ResourceList{
		"cpu": resource.MustParse("256"), "memory": resource.MustParse("1Ti"), "pods": resource.MustParse("2000"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: nodeName(i),
			Labels: map[string]string{
				"type": "kwok", "kubernetes.io/hostname": nodeName(i),
				"topology.kubernetes.io/zone": fmt.Sprintf("zone-%d", i%3),
			},
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
		},
		Status: corev1.NodeStatus{Allocatable: room, Capacity: room},
	}
}

func (l *load) pod(i int) *corev1.Pod {
	no := false
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("p-%06d", i), Namespace: namespaceName(i),
			Labels: map[string]string{
				"app": fmt.Sprintf("app-%d", i%l.apps), "shard": fmt.Sprintf("s%d", i%100),
			},
			Annotations: map[string]string{"ordeal.dev/lane": fmt.Sprintf("lane-%d", i%l.apps)},
		},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no,
			Containers:                   []corev1.Container{{Name: "main", Image: "fake:1"}},
		},
	}
	if l.bind {
		pod.Spec.NodeName = nodeName(i % l.nodes)
	}
	return pod
}

// each calls f for 0 to n-1, several at a time. What exists already is fine.
func (l *load) each(n int, f func(i int) error) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range l.workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := f(i); !apierrors.IsAlreadyExists(err) {
					must(err)
				}
			}
		})
	}
	all.Wait()
}

// namespace makes one, and waits for its service account: until then pods are refused.
func (l *load) namespace(ctx context.Context, i int) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceName(i)}}
	_, err := l.set.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	for {
		_, err = l.set.CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// running watches all pods, and closes the channel when as many as were asked for run. Of each it
// keeps the name alone.
func (l *load) running(ctx context.Context) (<-chan struct{}, *atomic.Int64) {
	done, count, seen := make(chan struct{}), new(atomic.Int64), map[podName]bool{}
	look := func(o any) {
		pod := o.(*corev1.Pod)
		key := podName{pod.Namespace, pod.Name}
		if pod.Status.Phase != corev1.PodRunning || seen[key] {
			return
		}
		seen[key] = true
		if count.Add(1) == int64(l.pods) {
			close(done)
		}
	}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(l.set.CoreV1().RESTClient(), "pods", metav1.NamespaceAll,
			fields.Everything()),
		ObjectType: &corev1.Pod{},
		Handler:    cache.ResourceEventHandlerFuncs{AddFunc: look, UpdateFunc: func(_, o any) { look(o) }},
		Transform: func(o any) (any, error) {
			pod, ok := o.(*corev1.Pod)
			if !ok {
				return o, nil
			}
			return &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace,
					ResourceVersion: pod.ResourceVersion},
				Status: corev1.PodStatus{Phase: pod.Status.Phase},
			}, nil
		},
	})
	go informer.RunWithContext(ctx)
	return done, count
}

type podName struct{ namespace, name string }

// loadMain makes the crowd, and waits until all of its pods run.
func loadMain() {
	var l load
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file")
	flags.IntVar(&l.nodes, "nodes", 100, "nodes, over three zones")
	flags.IntVar(&l.pods, "pods", 1000, "pods, over ten namespaces")
	flags.IntVar(&l.apps, "apps", 50, "different labels app")
	flags.IntVar(&l.workers, "workers", 32, "requests at a time")
	flags.BoolVar(&l.bind, "bind", true, "name each pod's node; false: the scheduler finds it")
	limit := flags.Duration("timeout", 10*time.Minute, "give up after this time")
	must(flags.Parse(os.Args[1:]))
	if l.pods > 0 && l.nodes < 1 {
		must(errors.New("pods need nodes"))
	}
	l.set = connect(*kubeconfig)
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	begun := time.Now()
	say := func(format string, args ...any) {
		fmt.Printf("%7.2f s  %s\n", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
	}

	l.each(l.nodes, func(i int) error {
		_, err := l.set.CoreV1().Nodes().Create(ctx, l.node(i), metav1.CreateOptions{})
		return err
	})
	say("%d nodes made", l.nodes)
	if l.pods == 0 {
		return
	}
	l.each(loadNamespaces, func(i int) error { return l.namespace(ctx, i) })
	done, count := l.running(ctx)
	l.each(l.pods, func(i int) error {
		_, err := l.set.CoreV1().Pods(namespaceName(i)).Create(ctx, l.pod(i), metav1.CreateOptions{})
		return err
	})
	say("%d pods made", l.pods)
	select {
	case <-done:
	case <-ctx.Done():
		must(fmt.Errorf("%d of %d pods run after %v", count.Load(), l.pods, *limit))
	}
	say("%d pods run", l.pods)
}
