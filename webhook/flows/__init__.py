"""What flows read by `{{secret.NAME}}`, and where each name comes from on which worker."""
