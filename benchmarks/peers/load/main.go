// Command load asks a webhook as a kube-apiserver does and tells how long it took.
//
// HTTP/1.1 over TLS, as many kept-alive connections as askers, each asking again as soon as it is
// answered (a closed loop), no session cache. Every request has a uid of its own, and every answer
// must echo it and allow. The result is one JSON object on standard output.
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
	url         string
	ca          string
	body        string
	connections int
	requests    int64
	warmup      int64
	seconds     float64
}

// report is what is printed; times in microseconds.
type report struct {
	Requests    int                `json:"requests"`
	Errors      int64              `json:"errors"`
	FirstError  string             `json:"firstError,omitempty"`
	Seconds     float64            `json:"seconds"`
	PerSecond   float64            `json:"perSecond"`
	Microsecond map[string]float64 `json:"latency"`
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "where to POST")
	flag.StringVar(&o.ca, "ca", "", "CA certificate, PEM")
	flag.StringVar(&o.body, "body", "", "file with the AdmissionReview")
	flag.IntVar(&o.connections, "connections", 8, "how many at once")
	flag.Int64Var(&o.requests, "requests", 10000, "stop after so many")
	flag.Float64Var(&o.seconds, "seconds", 2, "or after so long")
	flag.Int64Var(&o.warmup, "warmup", 0, "ask so many times before")
	flag.Parse()
	client, err := newClient(o)
	if err != nil {
		log.Fatal(err)
	}
	body, err := os.ReadFile(o.body)
	if err != nil {
		log.Fatal(err)
	}
	before, after, err := aroundUID(body)
	if err != nil {
		log.Fatal(err)
	}
	asking := &asker{client: client, url: o.url, before: before, after: after}
	asking.run(o.connections, max(o.warmup, int64(o.connections)), time.Minute)
	// Whoever measures takes the server's CPU time here and at the end: only what is counted.
	handshake("ready")
	result := asking.run(o.connections, o.requests, time.Duration(o.seconds*float64(time.Second)))
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

func newClient(o options) (*http.Client, error) {
	pem, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", o.ca)
	}
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxConnsPerHost:     o.connections,
			MaxIdleConnsPerHost: o.connections,
			DisableCompression:  true,
			TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		},
	}, nil
}

// aroundUID splits a body around the request's uid, which stands before the objects.
func aroundUID(body []byte) (before, after []byte, err error) {
	key := []byte(`"uid":"`)
	at := bytes.Index(body, key)
	if at < 0 {
		return nil, nil, fmt.Errorf("the body has no uid")
	}
	begin := at + len(key)
	size := bytes.IndexByte(body[begin:], '"')
	if size < 0 {
		return nil, nil, fmt.Errorf("the uid has no end")
	}
	return body[:begin], body[begin+size:], nil
}

type asker struct {
	client        *http.Client
	url           string
	before, after []byte
	asked, failed atomic.Int64
	first         atomic.Pointer[string]
}

// run asks until the count or the time is reached.
func (a *asker) run(connections int, requests int64, limit time.Duration) report {
	a.failed.Store(0)
	var left atomic.Int64
	left.Store(requests)
	begin := time.Now()
	end := begin.Add(limit)
	took := make([][]time.Duration, connections)
	var group sync.WaitGroup
	for n := range connections {
		group.Go(func() {
			for left.Add(-1) >= 0 && time.Now().Before(end) {
				start := time.Now()
				if err := a.ask(); err != nil {
					text := err.Error()
					a.first.CompareAndSwap(nil, &text)
					a.failed.Add(1)
					continue
				}
				took[n] = append(took[n], time.Since(start))
			}
		})
	}
	group.Wait()
	return a.report(slices.Concat(took...), time.Since(begin))
}

func (a *asker) report(took []time.Duration, elapsed time.Duration) report {
	slices.Sort(took)
	made := report{
		Requests:    len(took),
		Errors:      a.failed.Load(),
		Seconds:     elapsed.Seconds(),
		PerSecond:   float64(len(took)) / elapsed.Seconds(),
		Microsecond: map[string]float64{},
	}
	if text := a.first.Load(); text != nil {
		made.FirstError = *text
	}
	for name, permille := range map[string]int{"p50": 500, "p99": 990, "p999": 999, "max": 1000} {
		if len(took) > 0 {
			rank := (len(took)*permille + 999) / 1000 // the smallest that so many do not exceed
			made.Microsecond[name] = float64(took[rank-1].Nanoseconds()) / 1000
		}
	}
	return made
}

// ask sends one review and checks that its answer is for it, and allows.
func (a *asker) ask() error {
	uid := fmt.Sprintf("00000000-0000-4000-8000-%012x", a.asked.Add(1))
	body := make([]byte, 0, len(a.before)+len(uid)+len(a.after))
	body = append(append(append(body, a.before...), uid...), a.after...)
	request, err := http.NewRequest(http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json, */*")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "kube-apiserver-admission")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d: %.200s", response.StatusCode, answer)
	}
	var review struct {
		Response struct {
			UID     string `json:"uid"`
			Allowed bool   `json:"allowed"`
		} `json:"response"`
	}
	if err := json.Unmarshal(answer, &review); err != nil {
		return err
	}
	if review.Response.UID != uid || !review.Response.Allowed {
		return fmt.Errorf("asked as %s and was answered %.300s", uid, answer)
	}
	return nil
}
