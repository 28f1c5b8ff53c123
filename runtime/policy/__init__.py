"""What is asked of the policy and what is answered; knows no database."""
