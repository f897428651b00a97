// The definitions of the resources of External Secrets Operator, as its current release has them.
module eso/definitions

go 1.26.0

require github.com/external-secrets/external-secrets v1.3.2
