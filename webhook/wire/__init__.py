"""AdmissionReview bytes in, AdmissionReview bytes out; the only place that knows admission.k8s.io."""
