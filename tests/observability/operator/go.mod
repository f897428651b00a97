// Nothing of it is built: it carries the definitions of ServiceMonitor and PrometheusRule.
module observability/operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
