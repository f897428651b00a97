"""The HTML pages, piece by piece; `webhook.report.html` puts them together."""
