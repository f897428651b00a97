// Command controllerruntime injects with controller-runtime as its guide shows: decode the Pod into
// its Go type, change it, marshal it whole, and let PatchResponseFromRaw find the difference.
//
// It knows roles and pools and nothing else: no entitlement, no references, no order of what is
// there already, no log line. What it leaves out is work that the webhook under test does.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// config is what the benchmark derives from the policy, so that all peers inject the same.
type config struct {
	RoleLabel string              `json:"roleLabel"`
	PoolLabel string              `json:"poolLabel"`
	Roles     map[string][]source `json:"roles"` // role -> sources in order
	Pools     map[string]string   `json:"pools"` // pool -> its Secret
}

type source struct {
	Scope  string `json:"scope"`
	Secret string `json:"secret"`
	Prefix string `json:"prefix"`
}

const annotation = "secrets.noxus.ai/injected"

type injector struct {
	decoder admission.Decoder
	config  config
}

// Handle is what a Go engineer writes into the scaffold.
func (i *injector) Handle(_ context.Context, req admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := i.decoder.Decode(req, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	i.inject(pod)
	marshaled, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(req.Object.Raw, marshaled)
}

func (i *injector) inject(pod *corev1.Pod) {
	var scopes []string
	var sources []corev1.EnvFromSource
	for _, each := range i.config.Roles[pod.Labels[i.config.RoleLabel]] {
		sources = append(sources, secretSource(each.Secret, each.Prefix))
		scopes = append(scopes, each.Scope)
	}
	pool := pod.Labels[i.config.PoolLabel]
	if secret := i.config.Pools[pool]; secret != "" {
		sources = append(sources, secretSource(secret, ""))
		scopes = append(scopes, "pool/"+pool)
	}
	if len(sources) == 0 {
		return
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for n := range containers {
			containers[n].EnvFrom = append(containers[n].EnvFrom, sources...)
		}
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[annotation] = strings.Join(scopes, ",")
}

func secretSource(name, prefix string) corev1.EnvFromSource {
	reference := corev1.LocalObjectReference{Name: name}
	return corev1.EnvFromSource{
		Prefix:    prefix,
		SecretRef: &corev1.SecretEnvSource{LocalObjectReference: reference},
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8443", "address")
	certificate := flag.String("tls-cert", "tls.crt", "certificate, PEM")
	private := flag.String("tls-key", "tls.key", "private key, PEM, in the same folder")
	file := flag.String("config", "config.json", "roles and pools")
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseDevMode(false))) // as in production: quiet unless it fails

	content, err := os.ReadFile(*file)
	must(err)
	var read config
	must(json.Unmarshal(content, &read))
	host, text, err := net.SplitHostPort(*listen)
	must(err)
	port, err := strconv.Atoi(text)
	must(err)

	scheme := runtime.NewScheme()
	must(corev1.AddToScheme(scheme))
	server := webhook.NewServer(webhook.Options{
		Host:     host,
		Port:     port,
		CertDir:  filepath.Dir(*certificate),
		CertName: filepath.Base(*certificate),
		KeyName:  filepath.Base(*private),
	})
	handler := &injector{decoder: admission.NewDecoder(scheme), config: read}
	server.Register("/mutate/enabled", &webhook.Admission{Handler: handler})
	must(server.Start(ctrl.SetupSignalHandler()))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
