// Command pods creates pods at a kube-apiserver, as dry runs, and tells how long it took.
//
// It asks as a controller does: one HTTP/2 connection for all clients, each of which asks again as
// soon as it is answered (a closed loop). Slices of requests to a namespace that no hook matches
// take turns with slices to one that is matched, so that both meet the same machine. Every answer
// is read, and must show the mark of an injection or must not. The result is one line of JSON.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type options struct {
	url, ca, certificate, key, body, plain, hooked, mark, pids string
	injects                                                    bool
	clients, slices                                            int
	seconds, warmup                                            float64
}

// figures of one of the two namespaces; times in microseconds.
type figures struct {
	Requests   int                `json:"requests"`
	Errors     int                `json:"errors"`
	FirstError string             `json:"firstError,omitempty"`
	Seconds    float64            `json:"seconds"`
	Latency    map[string]float64 `json:"latency"`
	CPU        map[string]float64 `json:"cpu"` // of each process, a request
}

func main() {
	o := flags()
	made, err := newAsker(o)
	if err != nil {
		log.Fatal(err)
	}
	processes, err := parse(o.pids)
	if err != nil {
		log.Fatal(err)
	}
	mark := []byte(o.mark)
	plain := &sample{asker: made, namespace: o.plain, mark: mark}
	hooked := &sample{asker: made, namespace: o.hooked, mark: mark, injects: o.injects}
	for _, each := range []*sample{plain, hooked} {
		each.slice(o.clients, seconds(o.warmup), nil)
		each.forget()
	}
	each := seconds(o.seconds / float64(o.slices))
	for n := range o.slices {
		first, second := plain, hooked
		if n%2 == 1 { // ABBA: a machine that grows slower hurts both alike
			first, second = hooked, plain
		}
		first.slice(o.clients, each, processes)
		second.slice(o.clients, each, processes)
	}
	result := map[string]figures{"plain": plain.figures(), "hooked": hooked.figures()}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func flags() options {
	var o options
	flag.StringVar(&o.url, "url", "", "of the API server")
	flag.StringVar(&o.ca, "ca", "", "its CA certificate, PEM")
	flag.StringVar(&o.certificate, "cert", "", "of the client, PEM")
	flag.StringVar(&o.key, "key", "", "of the client, PEM")
	flag.StringVar(&o.body, "body", "", "file with the pod")
	flag.StringVar(&o.plain, "plain", "", "namespace that no hook matches")
	flag.StringVar(&o.hooked, "hooked", "", "namespace that is matched")
	flag.StringVar(&o.mark, "mark", "", "what the answer holds if the pod was injected")
	flag.BoolVar(&o.injects, "injects", false, "the hook injects: each pod of the latter holds the mark")
	flag.StringVar(&o.pids, "pids", "", "whose CPU time is taken: name=pid,...")
	flag.IntVar(&o.clients, "clients", 1, "how many at once")
	flag.IntVar(&o.slices, "slices", 4, "of each namespace, taking turns")
	flag.Float64Var(&o.seconds, "seconds", 2, "of load on each namespace")
	flag.Float64Var(&o.warmup, "warmup", 0.5, "seconds before, on each namespace")
	flag.Parse()
	return o
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }

type asker struct {
	client *http.Client
	url    string
	body   []byte
}

func newAsker(o options) (*asker, error) {
	pem, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", o.ca)
	}
	own, err := tls.LoadX509KeyPair(o.certificate, o.key)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(o.body)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}},
		ForceAttemptHTTP2:  true,
		DisableCompression: true, // as client-go sets it for controllers on the same network
	}
	client := &http.Client{Timeout: time.Minute, Transport: transport}
	return &asker{client: client, url: o.url, body: body}, nil
}

// create asks once and returns the pod that would have been stored.
func (a *asker) create(namespace string) ([]byte, error) {
	url := a.url + "/api/v1/namespaces/" + namespace + "/pods?dryRun=All"
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusCreated || response.ProtoMajor != 2 {
		return nil, fmt.Errorf("%s %d: %.300s", response.Proto, response.StatusCode, answer)
	}
	return answer, nil
}

// sample is what was asked in one namespace.
type sample struct {
	*asker
	namespace string
	mark      []byte
	injects   bool
	took      []time.Duration
	failed    atomic.Int64
	first     atomic.Pointer[string]
	elapsed   time.Duration
	cpu       map[string]time.Duration
}

func (s *sample) forget() { s.took, s.elapsed = nil, 0 }

// slice asks with so many clients until the time is over.
func (s *sample) slice(clients int, limit time.Duration, processes map[string]int) {
	before := usage(processes)
	begin := time.Now()
	took := make([][]time.Duration, clients)
	var group sync.WaitGroup
	for n := range clients {
		group.Go(func() {
			for time.Since(begin) < limit {
				start := time.Now()
				answer, err := s.create(s.namespace)
				elapsed := time.Since(start)
				if found := bytes.Contains(answer, s.mark); err == nil && found != s.injects {
					err = fmt.Errorf("%s: injected is %t: %.300s", s.namespace, found, answer)
				}
				if err != nil {
					text := err.Error()
					s.first.CompareAndSwap(nil, &text)
					s.failed.Add(1)
					continue
				}
				took[n] = append(took[n], elapsed)
			}
		})
	}
	group.Wait()
	s.elapsed += time.Since(begin)
	s.took = append(s.took, slices.Concat(took...)...)
	if s.cpu == nil {
		s.cpu = map[string]time.Duration{}
	}
	for name, used := range usage(processes) {
		s.cpu[name] += used - before[name]
	}
}

func (s *sample) figures() figures {
	slices.Sort(s.took)
	made := figures{
		Requests: len(s.took),
		Errors:   int(s.failed.Load()),
		Seconds:  s.elapsed.Seconds(),
		Latency:  map[string]float64{},
		CPU:      map[string]float64{},
	}
	if text := s.first.Load(); text != nil {
		made.FirstError = *text
	}
	if len(s.took) == 0 {
		return made
	}
	for name, percent := range map[string]int{"p50": 50, "p99": 99} {
		rank := (len(s.took)*percent + 99) / 100 // the smallest that so many do not exceed
		made.Latency[name] = float64(s.took[rank-1].Nanoseconds()) / 1e3
	}
	for name, used := range s.cpu {
		made.CPU[name] = float64(used.Nanoseconds()) / 1e3 / float64(len(s.took))
	}
	return made
}
