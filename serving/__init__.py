"""Who can reach the agents: settings, people, operations, the command line, the policy workshop."""
