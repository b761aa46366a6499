"""Disaster recovery for Amazon MWAA: what runs inside the environments. Files here come from mwaa-dr-action."""
