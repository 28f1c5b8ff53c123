"""Suites: what attacks an agent behind the rails, each scored, gated, told and recorded alike."""
