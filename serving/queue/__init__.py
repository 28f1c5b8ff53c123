"""The reviewer queue: pages for people, rendered here, that read without JavaScript."""
