"""Which of several models answers under one name: chosen before the policy judges the choice."""
