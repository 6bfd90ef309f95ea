package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// The label that changes come and go with: what selects by it sees pods appear and disappear.
const churnLabel, churnIn = "ordeal.test/churn", "in"

// member is a pod that is changed, by one worker at a time.
type member struct {
	namespace, name string
	pod             *corev1.Pod // as the server gave it out last; nil: it is not there
}

// churn changes pods at a steady rate: annotations, the label, the condition Ready of pods that
// `load` made; and pods of its own, which nothing else schedules or plays, are made and deleted.
// Every write carries the revision that it starts from, so that no other's goes unnoticed between
// two of them, and every revision that the server gave out for one is printed:
//
//	MARK UID REVISION SENT ANSWERED WAS IS
//
// MARK is A (made), M (changed), D (deleted), or F (found: another's write); SENT and ANSWERED are
// nanoseconds of CLOCK_MONOTONIC; WAS and IS say whether the pod had the label before, and has it.
type churn struct {
	rate, pods, workers int
	length              time.Duration
	name                string // of this run: what an earlier one wrote again would have no new revision
	ready               bool   // the condition alone
	set                 *kubernetes.Clientset
	played, own         chan *member

	mutex   sync.Mutex
	out     *bufio.Writer
	written int

	failed, foreign atomic.Int64
	latest          atomic.Int64 // by how much the latest write was behind its time
}

func monotonic() int64 {
	var now unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
	return now.Nano()
}

func labelled(pod *corev1.Pod) int {
	if pod != nil && pod.Labels[churnLabel] == churnIn {
		return 1
	}
	return 0
}

// tell prints a write; got is the pod with its new revision.
func (c *churn) tell(mark byte, was, got *corev1.Pod, is int, sent int64) {
	answered := monotonic()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	fmt.Fprintf(c.out, "%c %s %s %d %d %d %d\n", mark, got.UID, got.ResourceVersion, sent, answered, labelled(was), is)
	if mark != 'F' {
		c.written++
	}
}

func (c *churn) make(ctx context.Context, m *member, number int) error {
	none := int64(0)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: m.name, Namespace: m.namespace},
		Spec: corev1.PodSpec{
			SchedulerName:                 "nobody",
			TerminationGracePeriodSeconds: &none,
			Containers:                    []corev1.Container{{Name: "main", Image: "fake:1"}},
		},
	}
	if number/10%2 == 0 {
		pod.Labels = map[string]string{churnLabel: churnIn}
	}
	sent := monotonic()
	got, err := c.set.CoreV1().Pods(m.namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err == nil {
		c.tell('A', nil, got, labelled(got), sent)
		m.pod = got
	}
	return err
}

// remove deletes a pod of our own; the answer carries the revision of the deletion.
func (c *churn) remove(ctx context.Context, m *member) error {
	none, got, sent := int64(0), new(corev1.Pod), monotonic()
	err := c.set.CoreV1().RESTClient().Delete().Namespace(m.namespace).Resource("pods").Name(m.name).
		Body(&metav1.DeleteOptions{GracePeriodSeconds: &none, Preconditions: &metav1.Preconditions{UID: &m.pod.UID}}).
		Do(ctx).Into(got)
	if err == nil {
		c.tell('D', m.pod, got, 0, sent)
		m.pod = nil
	}
	return err
}

// setReady turns the condition, for a reason that is this change's alone.
func setReady(pod *corev1.Pod, reason string) {
	for i := range pod.Status.Conditions {
		condition := &pod.Status.Conditions[i]
		if condition.Type != corev1.PodReady {
			continue
		}
		if condition.Status == corev1.ConditionTrue {
			condition.Status = corev1.ConditionFalse
		} else {
			condition.Status = corev1.ConditionTrue
		}
		condition.Reason = reason
		condition.LastTransitionTime = metav1.Now()
	}
}

func (c *churn) update(ctx context.Context, m *member, number int) error {
	var got *corev1.Pod
	var err error
	pods, next, value := c.set.CoreV1().Pods(m.namespace), m.pod.DeepCopy(), fmt.Sprintf("%s.%d", c.name, number)
	sent := monotonic()
	if c.ready || number%3 == 0 {
		setReady(next, value)
		got, err = pods.UpdateStatus(ctx, next, metav1.UpdateOptions{})
	} else {
		next.Annotations["ordeal.test/churn"] = value
		if number%3 == 1 && labelled(next) == 1 {
			delete(next.Labels, churnLabel)
		} else if number%3 == 1 {
			next.Labels[churnLabel] = churnIn
		}
		got, err = pods.Update(ctx, next, metav1.UpdateOptions{})
	}
	if err == nil {
		if got.ResourceVersion == m.pod.ResourceVersion {
			must(errors.New("a change that changed nothing"))
		}
		c.tell('M', m.pod, got, labelled(got), sent)
		m.pod = got
	}
	return err
}

// learn asks what became of a pod whose change failed: an answer that was lost is no write that was.
func (c *churn) learn(ctx context.Context, m *member, failure error, sent int64) {
	mark := byte('M')
	if apierrors.IsConflict(failure) {
		mark = 'F'
		c.foreign.Add(1)
	} else {
		c.failed.Add(1)
	}
	for ctx.Err() == nil {
		got, err := c.set.CoreV1().Pods(m.namespace).Get(ctx, m.name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err) && m.pod != nil: // deleted, at a revision that we cannot know
			c.tell('D', m.pod, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: m.pod.UID, ResourceVersion: "0"}}, 0, sent)
			m.pod = nil
			return
		case apierrors.IsNotFound(err):
			return
		case err == nil && m.pod == nil:
			if !apierrors.IsAlreadyExists(failure) { // else an earlier run left it
				c.tell('A', nil, got, labelled(got), sent)
			}
			m.pod = got
			return
		case err == nil:
			if got.ResourceVersion != m.pod.ResourceVersion {
				c.tell(mark, m.pod, got, labelled(got), sent)
			}
			m.pod = got
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// change is the write of that number: of ten, one makes or deletes a pod.
func (c *churn) change(ctx context.Context, number int) {
	crowd := c.played
	if number%10 == 9 && !c.ready {
		crowd = c.own
	}
	var m *member
	select {
	case m = <-crowd:
	case <-ctx.Done():
		return
	}
	sent := monotonic()
	one, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var err error
	switch {
	case crowd == c.played && m.pod == nil: // somebody deleted it
		return
	case crowd == c.played:
		err = c.update(one, m, number)
	case m.pod == nil:
		err = c.make(one, m, number)
	default:
		err = c.remove(one, m)
	}
	if err != nil {
		c.learn(ctx, m, err, sent)
	}
	crowd <- m
}

// gather finds pods that `load` made, over its namespaces, and names our own.
func (c *churn) gather(ctx context.Context) {
	var found []*member
	for i := range loadNamespaces {
		list, err := c.set.CoreV1().Pods(namespaceName(i)).List(ctx, metav1.ListOptions{
			LabelSelector: "shard", Limit: int64(c.pods/loadNamespaces + 1)})
		must(err)
		for j := range list.Items {
			pod := &list.Items[j]
			found = append(found, &member{namespace: pod.Namespace, name: pod.Name, pod: pod})
		}
	}
	if len(found) < c.workers {
		must(errors.New("there are fewer pods than workers: `kubelab load` makes them"))
	}
	c.played = make(chan *member, len(found))
	c.own = make(chan *member, 2*c.workers)
	for _, m := range found {
		c.played <- m
	}
	for i := range cap(c.own) {
		c.own <- &member{namespace: namespaceName(i), name: fmt.Sprintf("churn-%04d", i)}
	}
}

// run writes on an absolute schedule; what the server does not keep up with is written later.
func (c *churn) run(ctx context.Context) time.Duration {
	var next atomic.Int64
	var all sync.WaitGroup
	begun, total := time.Now(), int64(c.length.Seconds()*float64(c.rate))
	for range c.workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < total && ctx.Err() == nil; i = next.Add(1) - 1 {
				due := time.Duration(i) * time.Second / time.Duration(c.rate)
				time.Sleep(time.Until(begun.Add(due)))
				behind := int64(time.Since(begun) - due)
				for latest := c.latest.Load(); behind > latest && !c.latest.CompareAndSwap(latest, behind); {
					latest = c.latest.Load()
				}
				c.change(ctx, int(i))
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

// clear deletes what is left of our own.
func (c *churn) clear(ctx context.Context) {
	for range cap(c.own) {
		select {
		case m := <-c.own:
			if m.pod != nil {
				if sent, err := monotonic(), c.remove(ctx, m); err != nil {
					c.learn(ctx, m, err, sent)
				}
			}
		default:
		}
	}
}

// churnMain ends with 1 where the changes could not all be made in time.
func churnMain() {
	c := churn{out: bufio.NewWriter(os.Stdout), name: fmt.Sprintf("churn-%x", time.Now().UnixNano())}
	flags := flag.NewFlagSet("churn", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file")
	flags.IntVar(&c.rate, "rate", 500, "changes a second")
	flags.DurationVar(&c.length, "for", 10*time.Second, "that long, if the server keeps up")
	flags.IntVar(&c.pods, "pods", 1000, "pods that are changed in turn")
	flags.IntVar(&c.workers, "workers", 32, "requests at a time")
	flags.BoolVar(&c.ready, "ready", false, "change the condition Ready, and nothing else")
	limit := flags.Duration("timeout", 0, "give up after this time (0: four times -for, and a minute)")
	must(flags.Parse(os.Args[1:]))
	if *limit == 0 {
		*limit = 4*c.length + time.Minute
	}
	c.set = connect(*kubeconfig)
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	c.gather(ctx)
	took, changes := c.run(ctx), c.written
	c.clear(ctx)
	must(c.out.Flush())
	fmt.Fprintf(os.Stderr, "kubelab: %d changes in %.1f s, %.1f a second; %d failed, %d met another's; %d ms behind at most\n",
		changes, took.Seconds(), float64(changes)/took.Seconds(), c.failed.Load(), c.foreign.Load(),
		c.latest.Load()/int64(time.Millisecond))
	must(ctx.Err())
}
