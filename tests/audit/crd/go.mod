// Nothing of it is built: it carries the definition of PolicyReport, as the policy working group
// published it.
module audit/crd

go 1.25.0

require github.com/kyverno/kyverno v1.18.2
