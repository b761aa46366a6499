"""The data path and the canary; nothing in this folder is parsed by the scheduler (see .airflowignore)."""
