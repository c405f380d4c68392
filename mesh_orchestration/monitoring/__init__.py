"""What other monitoring reads: metrics, alert rules and dashboards, from the contracts."""
