"""OpenID AuthZEN: applications outside ask this policy, and have denials approved by people."""
