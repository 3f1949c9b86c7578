"""Two sides of results, compared run by run. It reads the JSON reports; `reports` shows what it finds."""
