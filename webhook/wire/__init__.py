"""AdmissionReview bytes in and out; the only place that knows admission.k8s.io."""
