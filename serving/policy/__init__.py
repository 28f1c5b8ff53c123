"""The policy workshop: find OPA, build the bundle from `policies/`, and check that nothing is out of step."""
