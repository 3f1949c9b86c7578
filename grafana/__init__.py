"""The Grafana dashboards: what is in them (`load_run`, `server`, `chaos`, `endurance`), and how that becomes JSON."""
