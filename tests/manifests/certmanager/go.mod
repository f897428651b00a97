// Where the tests take cert-manager's own resource definitions from. Nothing is compiled, and no
// package is imported, so `go mod tidy` would empty this file: to renew, change the version and run
// `go mod download github.com/cert-manager/cert-manager`.
module manifests/certmanager

go 1.26.0

require github.com/cert-manager/cert-manager v1.21.2
