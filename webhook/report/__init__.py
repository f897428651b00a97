"""Reports as people and machines read them: tables, web pages, PolicyReports."""
