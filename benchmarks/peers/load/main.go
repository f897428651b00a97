// Command load asks a webhook as a kube-apiserver does and tells how long it took.
//
// HTTP/1.1 over TLS, as many kept-alive connections as askers, each asking again as soon as it is
// answered (a closed loop), no session cache. Every request has a uid of its own, and every answer
// must echo it and allow. The result is one JSON object on standard output.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What a warm-up may take of a slow server: it is warm by then.
const warmupLimit = 500 * time.Millisecond

type options struct {
	urls        string
	ca          string
	body        string
	vary        string
	cold        bool
	connections int
	requests    int64
	warmup      int64
	seconds     float64
}

func main() {
	var o options
	flag.StringVar(&o.urls, "url", "", "where to POST; several by comma: the connections take turns")
	flag.StringVar(&o.ca, "ca", "", "CA certificate, PEM")
	flag.StringVar(&o.body, "body", "", "file with the AdmissionReview")
	flag.StringVar(&o.vary, "vary", "", "JSON file: what differs from request to request; else the uid")
	flag.BoolVar(&o.cold, "cold", false, "connect anew when it counts: each first answer has a handshake in it")
	flag.IntVar(&o.connections, "connections", 8, "how many at once")
	flag.Int64Var(&o.requests, "requests", 10000, "stop after so many")
	flag.Float64Var(&o.seconds, "seconds", 2, "or after so long")
	flag.Int64Var(&o.warmup, "warmup", 0, "ask so many times before")
	flag.Parse()
	askers, err := newAskers(o)
	if err != nil {
		log.Fatal(err)
	}
	crowd := &crowd{askers: askers}
	// No number is used twice, also not by another run against the same server, which might remember:
	// a run asks less than once in a microsecond.
	crowd.asked.Store(time.Now().UnixMicro())
	crowd.run(max(o.warmup, int64(o.connections)), warmupLimit)
	// Whoever measures takes the server's CPU time here and at the end: only what is counted.
	handshake("ready")
	if o.cold {
		for _, each := range askers {
			each.close()
		}
	}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	go func() {
		<-interrupt // whoever measures has enough
		crowd.enough.Store(true)
	}()
	result := crowd.run(o.requests, time.Duration(o.seconds*float64(time.Second)))
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

// handshake says a word and waits for a line.
func handshake(word string) {
	fmt.Println(word)
	var line string
	_, _ = fmt.Scanln(&line)
}

func newAskers(o options) ([]*asker, error) {
	body, err := readBody(o.body, o.vary)
	if err != nil {
		return nil, err
	}
	config, err := tlsConfig(o.ca)
	if err != nil {
		return nil, err
	}
	urls := strings.Split(o.urls, ",")
	askers := make([]*asker, o.connections)
	for n := range askers {
		if askers[n], err = newAsker(urls[n%len(urls)], config, body); err != nil {
			return nil, err
		}
	}
	return askers, nil
}

// crowd is all askers together, and what they count.
type crowd struct {
	askers []*asker
	asked  atomic.Int64
	enough atomic.Bool
}

// run asks until the count or the time is reached.
func (c *crowd) run(requests int64, limit time.Duration) report {
	var left, failed atomic.Int64
	var first atomic.Pointer[string]
	left.Store(requests)
	used, begin := cpuSeconds(), time.Now()
	end := begin.Add(limit)
	took := make([][]time.Duration, len(c.askers))
	var group sync.WaitGroup
	for n, asker := range c.askers {
		group.Go(func() {
			for left.Add(-1) >= 0 && time.Now().Before(end) && !c.enough.Load() {
				asker.prepare(c.asked.Add(1))
				start := time.Now()
				if err := asker.ask(); err != nil {
					text := err.Error()
					first.CompareAndSwap(nil, &text)
					failed.Add(1)
					asker.close()
					continue
				}
				took[n] = append(took[n], time.Since(start))
			}
		})
	}
	group.Wait()
	made := newReport(took, time.Since(begin))
	made.CPUSeconds = cpuSeconds() - used
	made.Errors = failed.Load()
	if text := first.Load(); text != nil {
		made.FirstError = *text
	}
	return made
}
