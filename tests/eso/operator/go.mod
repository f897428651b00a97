// External Secrets Operator, in the last release that is one module: later ones are split into
// modules of which most were never published with a version. Its go.sum pins all else.
module eso/operator

go 1.26.0

require github.com/external-secrets/external-secrets v0.16.2
