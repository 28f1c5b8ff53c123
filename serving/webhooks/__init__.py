"""Webhooks: other systems are told what happens here, by signed messages through the door."""
