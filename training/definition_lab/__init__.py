"""The definition lab: what "churn" should mean for a company, asked of its own purchases."""
