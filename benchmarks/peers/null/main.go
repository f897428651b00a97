// Command null is the least that an admission webhook can do: it reads the body, finds the uid, and
// allows. It decodes nothing, so it is what TLS, HTTP and the kernel cost by themselves: the limit.
// With -patch it answers every request with the same patch, right or wrong: what is left is what the
// API server does with a patch, whoever it comes from.
package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
)

var (
	key  = []byte(`"uid":"`)
	head = []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"`)
	tail = []byte(`","allowed":true}}`)
)

// patched replaces tail where there is a patch, in base64.
const patched = `","allowed":true,"patchType":"JSONPatch","patch":"%s"}}`

func main() {
	listen := flag.String("listen", "127.0.0.1:8443", "address")
	certificate := flag.String("tls-cert", "tls.crt", "certificate, PEM")
	private := flag.String("tls-key", "tls.key", "private key, PEM")
	patch := flag.String("patch", "", "JSON Patch, in base64, for every answer")
	flag.Parse()
	if *patch != "" {
		tail = fmt.Appendf(nil, patched, *patch)
	}
	server := &http.Server{
		Addr:    *listen,
		Handler: http.HandlerFunc(allow),
		// The API server's webhook client speaks HTTP/1.1 only.
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0), // probes that only connect
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *private))
}

// allow answers with the first uid of the body, which is the request's: the API server writes it
// before the objects.
func allow(w http.ResponseWriter, r *http.Request) {
	// One buffer of the right size: io.ReadAll would grow and copy.
	size := max(r.ContentLength, 0)
	body := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := body.ReadFrom(r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, after, found := bytes.Cut(body.Bytes(), key)
	uid, _, closed := bytes.Cut(after, []byte(`"`))
	if !found || !closed {
		http.Error(w, "no uid", http.StatusBadRequest)
		return
	}
	answer := make([]byte, 0, len(head)+len(uid)+len(tail))
	answer = append(append(append(answer, head...), uid...), tail...)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
}
