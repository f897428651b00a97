package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// What a server may take for one answer, the largest body included.
const patience = 30 * time.Second

// net/http's Transport writes through a buffer of this size, so a request arrives in pieces of it, a
// TLS record each. It is kept as it is, for servers see it.
const writeBuffer = 4096

func tlsConfig(ca string) (*tls.Config, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// asker is one kept-alive connection.
//
// It writes the bytes that net/http's client writes, without the two goroutines and the channels of
// that client: they cost more than a fast server does, and then the client would be what is measured.
type asker struct {
	address string
	config  *tls.Config
	head    []byte
	body    *body
	copied  []byte
	answer  bytes.Buffer
	conn    *tls.Conn
	reader  *bufio.Reader
	writer  *bufio.Writer
}

func newAsker(address string, config *tls.Config, body *body) (*asker, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName = parsed.Hostname()
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\n"+
		"Content-Length: %d\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n\r\n",
		parsed.RequestURI(), parsed.Host, len(body.content))
	copied := bytes.Clone(body.content)
	return &asker{address: parsed.Host, config: config, head: head, body: body, copied: copied}, nil
}

// prepare makes the next request, which is no part of what it takes.
func (a *asker) prepare(number int64) {
	a.body.write(a.copied, number)
}

// ask sends the review and checks that its answer is for it, and allows.
func (a *asker) ask() error {
	if err := a.connect(); err != nil {
		return err
	}
	if err := a.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := a.writer.Write(a.head); err != nil {
		return err
	}
	// Hidden behind the interface, or the buffer would be passed over and the pieces be others.
	if _, err := a.writer.ReadFrom(struct{ io.Reader }{bytes.NewReader(a.copied)}); err != nil {
		return err
	}
	if err := a.writer.Flush(); err != nil {
		return err
	}
	response, err := http.ReadResponse(a.reader, nil)
	if err != nil {
		return err
	}
	a.answer.Reset()
	_, err = a.answer.ReadFrom(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return err
	}
	if response.Close {
		a.close()
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d: %.200s", response.StatusCode, a.answer.Bytes())
	}
	return a.check()
}

// check looks for two texts instead of decoding: what a whole answer says is compared once, before
// anything is measured.
func (a *asker) check() error {
	answer, uid := a.answer.Bytes(), a.copied[a.body.uid[0]:a.body.uid[1]]
	allowed := bytes.Contains(answer, []byte(`"allowed":true`)) ||
		bytes.Contains(answer, []byte(`"allowed": true`))
	if !allowed || !bytes.Contains(answer, uid) {
		return fmt.Errorf("asked as %s and was answered %.300s", uid, answer)
	}
	return nil
}

func (a *asker) connect() error {
	if a.conn != nil {
		return nil
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", a.address, a.config)
	if err != nil {
		return err
	}
	a.conn, a.reader, a.writer = conn, bufio.NewReader(conn), bufio.NewWriterSize(conn, writeBuffer)
	return nil
}

func (a *asker) close() {
	if a.conn != nil {
		_ = a.conn.Close()
		a.conn = nil
	}
}
